/** Calls of the C library for what the JDK has no class for: sockets, devices held exclusively, and files made for somebody else. The only native calls of the command but those of {@code fuse}. */
package io.blkspc.cli.socket;

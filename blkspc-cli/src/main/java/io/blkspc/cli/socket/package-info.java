/** Calls of the C library for what the JDK has no class for: sockets, and devices held exclusively. The only native calls of the command but those of {@code fuse}. */
package io.blkspc.cli.socket;

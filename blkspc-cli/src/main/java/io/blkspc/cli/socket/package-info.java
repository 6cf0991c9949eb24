/** Socket calls of the C library for what the JDK has no class for. The only native calls of the command. */
package io.blkspc.cli.socket;

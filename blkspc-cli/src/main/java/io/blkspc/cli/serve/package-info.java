/**
 * The server of a pool: NBD for volumes, the control socket for commands, and a clean end.
 */
package io.blkspc.cli.serve;

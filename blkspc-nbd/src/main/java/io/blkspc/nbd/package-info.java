/**
 * Serves any block space of {@code io.blkspc.api} to NBD clients over unix and TCP sockets.
 * The protocol is written here from its specification; no other module opens a socket except the command.
 */
package io.blkspc.nbd;

/**
 * Serves any block space of {@code io.blkspc.api} to NBD clients over unix sockets and TCP on loopback. {@link
 * io.blkspc.nbd.NbdServer} is the entry point; the protocol is written here from its specification.
 */
package io.blkspc.nbd;

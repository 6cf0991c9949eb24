/**
 * Sockets and memory under a connection: blocking IO with deadlines, one buffer to receive into, and the threads that wait
 * for the medium. Nothing here knows the protocol.
 */
package io.blkspc.nbd.transport;

/**
 * Transmission: many requests from one receive, served on the connection's own thread, answered with one send. What
 * waits for the medium leaves that thread, but for reads of a device that queues them.
 */
package io.blkspc.nbd.transmission;

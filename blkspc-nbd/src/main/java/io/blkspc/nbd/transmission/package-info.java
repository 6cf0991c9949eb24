/**
 * Transmission: many requests from one receive, served on the connection's own thread, answered with one send. Only what
 * waits for the medium leaves that thread.
 */
package io.blkspc.nbd.transmission;

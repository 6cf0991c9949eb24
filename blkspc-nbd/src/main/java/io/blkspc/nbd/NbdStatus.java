package io.blkspc.nbd;

/**
 * Facts of a server at one moment.
 *
 * @param connections clients in transmission
 * @param negotiating clients in the handshake
 * @param accepted clients accepted since the start
 * @param requests requests of connections that have ended
 * @param bufferBytes memory of replies that wait for the medium or the client
 * @param faults times that something happened that nobody foresaw: 0 in a server without mistakes
 */
public record NbdStatus(
        int connections, int negotiating, long accepted, long requests, long bufferBytes, long faults) {}

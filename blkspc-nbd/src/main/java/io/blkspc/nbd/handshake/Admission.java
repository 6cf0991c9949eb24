package io.blkspc.nbd.handshake;

/** Whether there is room for one more client in transmission. */
public enum Admission {
    /** There is, and the client has it. */
    ADMITTED,
    /** All places are taken. */
    FULL,
    /** The server is closing, or the client was made to leave. */
    CLOSING
}

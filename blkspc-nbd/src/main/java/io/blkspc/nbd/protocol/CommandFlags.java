package io.blkspc.nbd.protocol;

/** Flags of a request, as bits. */
public final class CommandFlags {

    /** Durable before the reply; legal on every command. */
    public static final int FUA = 1;

    /** WRITE_ZEROES: keep or make the range allocated. */
    public static final int NO_HOLE = 1 << 1;

    /** READ: answer with one chunk. */
    public static final int DF = 1 << 2;

    /** BLOCK_STATUS: answer with one extent. */
    public static final int REQ_ONE = 1 << 3;

    /** WRITE_ZEROES: fail rather than be slow. */
    public static final int FAST_ZERO = 1 << 4;

    /** The length of the header is that of a payload; only with extended headers. */
    public static final int PAYLOAD_LEN = 1 << 5;

    private CommandFlags() {}
}

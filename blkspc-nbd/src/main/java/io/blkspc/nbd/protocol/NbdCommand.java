package io.blkspc.nbd.protocol;

/** Commands of transmission, by number. */
public final class NbdCommand {

    /** Read bytes. */
    public static final int READ = 0;

    /** Write the bytes that follow the request. */
    public static final int WRITE = 1;

    /** End the connection once everything before is answered. */
    public static final int DISC = 2;

    /** Make every write answered before durable. */
    public static final int FLUSH = 3;

    /** Give blocks back. */
    public static final int TRIM = 4;

    /** A hint: a range will be read soon. */
    public static final int CACHE = 5;

    /** Make a range read as zeros. */
    public static final int WRITE_ZEROES = 6;

    /** Tell the extents of a range. */
    public static final int BLOCK_STATUS = 7;

    private NbdCommand() {}
}

package io.blkspc.nbd.protocol;

/** What an export can do, as bits. */
public final class TransmissionFlags {

    /** Always set. */
    public static final int HAS_FLAGS = 1;

    /** Writes are refused. */
    public static final int READ_ONLY = 1 << 1;

    /** FLUSH is supported. */
    public static final int SEND_FLUSH = 1 << 2;

    /** {@link CommandFlags#FUA} is supported. */
    public static final int SEND_FUA = 1 << 3;

    /** TRIM is supported. */
    public static final int SEND_TRIM = 1 << 5;

    /** WRITE_ZEROES is supported. */
    public static final int SEND_WRITE_ZEROES = 1 << 6;

    /** {@link CommandFlags#DF} is supported; only with structured replies. */
    public static final int SEND_DF = 1 << 7;

    /** Several connections see one coherent export, and FLUSH on one covers all. */
    public static final int CAN_MULTI_CONN = 1 << 8;

    /** CACHE is supported. */
    public static final int SEND_CACHE = 1 << 10;

    /** {@link CommandFlags#FAST_ZERO} is supported. */
    public static final int SEND_FAST_ZERO = 1 << 11;

    /** BLOCK_STATUS takes a payload that names contexts; only with extended headers. */
    public static final int BLOCK_STATUS_PAYLOAD = 1 << 12;

    private TransmissionFlags() {}
}

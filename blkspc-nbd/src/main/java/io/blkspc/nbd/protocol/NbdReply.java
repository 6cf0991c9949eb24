package io.blkspc.nbd.protocol;

/** Types of replies to options, by number. Errors have the top bit set and carry text. */
public final class NbdReply {

    /** Done. */
    public static final int ACK = 1;

    /** One export of a list. */
    public static final int SERVER = 2;

    /** One piece of information about an export. */
    public static final int INFO = 3;

    /** One metadata context. */
    public static final int META_CONTEXT = 4;

    /** Option not known. */
    public static final int ERR_UNSUP = 0x80000001;

    /** Option not allowed here. */
    public static final int ERR_POLICY = 0x80000002;

    /** Option malformed or out of place. */
    public static final int ERR_INVALID = 0x80000003;

    /** Only with TLS. */
    public static final int ERR_TLS_REQD = 0x80000005;

    /** No such export. */
    public static final int ERR_UNKNOWN = 0x80000006;

    /** The server is going down. */
    public static final int ERR_SHUTDOWN = 0x80000007;

    /** More was asked for than is allowed. */
    public static final int ERR_TOO_BIG = 0x80000009;

    /** Extended headers were agreed, or are needed. */
    public static final int ERR_EXT_HEADER_REQD = 0x8000000a;

    private NbdReply() {}

    /** {@code true} for replies that report an error. */
    public static boolean isError(int type) {
        return type < 0;
    }
}

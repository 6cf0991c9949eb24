package io.blkspc.nbd.protocol;

/** Options of the handshake, by number. */
public final class NbdOption {

    /** Choose an export and begin transmission; cannot report an error. */
    public static final int EXPORT_NAME = 1;

    /** End the connection. */
    public static final int ABORT = 2;

    /** Tell the exports. */
    public static final int LIST = 3;

    /** Begin TLS. */
    public static final int STARTTLS = 5;

    /** Tell about an export. */
    public static final int INFO = 6;

    /** Choose an export, tell about it, and begin transmission. */
    public static final int GO = 7;

    /** Answer reads with structured replies. */
    public static final int STRUCTURED_REPLY = 8;

    /** Tell the metadata contexts of an export. */
    public static final int LIST_META_CONTEXT = 9;

    /** Choose the metadata contexts of an export. */
    public static final int SET_META_CONTEXT = 10;

    /** Use the 32-byte headers of requests and replies, with 64-bit lengths. */
    public static final int EXTENDED_HEADERS = 11;

    private NbdOption() {}
}

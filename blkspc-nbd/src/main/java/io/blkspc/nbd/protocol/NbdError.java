package io.blkspc.nbd.protocol;

import io.blkspc.api.BlockSpaceException.Code;

/** Errors of transmission, by number, and the one table from the codes of the API to them. */
public final class NbdError {

    /** Success. */
    public static final int NONE = 0;

    /** The export is read-only. */
    public static final int EPERM = 1;

    /** The medium failed, or anything that has no better number. */
    public static final int EIO = 5;

    /** The request is malformed or out of range. */
    public static final int EINVAL = 22;

    /** No space, or a write beyond the end. */
    public static final int ENOSPC = 28;

    /** The reply would be too long. */
    public static final int EOVERFLOW = 75;

    /** Not supported. */
    public static final int ENOTSUP = 95;

    /** The export went away. */
    public static final int ESHUTDOWN = 108;

    private NbdError() {}

    /** The number a client gets for a failure of the block space. */
    public static int of(Code code) {
        return switch (code) {
            case OUT_OF_SPACE, OUT_OF_BACKING -> ENOSPC;
            case READ_ONLY -> EPERM;
            case OUT_OF_RANGE -> EINVAL;
            case CLOSED -> ESHUTDOWN;
            case NO_CREDIT,
                    CANCELLED,
                    STALE_MAPPING,
                    BUSY,
                    NOT_FOUND,
                    EXISTS,
                    LIMIT,
                    CORRUPT,
                    NEEDS_CHECK,
                    FAILED,
                    TOO_OLD,
                    TOO_NEW,
                    IO -> EIO;
        };
    }
}

package io.blkspc.xfsish.file;

import io.blkspc.api.BlockSpaceException;

/** What POSIX tells apart and the codes of a space do not. */
public final class FileSystemException extends BlockSpaceException {

    private static final long serialVersionUID = 1L;

    /** Why an operation on names was refused. */
    public enum Reason {
        /** ENOTDIR. */
        NOT_A_DIRECTORY(Code.NOT_FOUND),
        /** EISDIR. */
        IS_A_DIRECTORY(Code.EXISTS),
        /** ENOTEMPTY. */
        NOT_EMPTY(Code.EXISTS),
        /** ENAMETOOLONG. */
        NAME_TOO_LONG(Code.LIMIT),
        /** EINVAL. */
        INVALID(Code.OUT_OF_RANGE),
        /** EFBIG: too large, or too fragmented. */
        TOO_LARGE(Code.LIMIT),
        /** ELOOP. */
        TOO_MANY_LINKS(Code.LIMIT),
        /** ENODATA. */
        NO_ATTRIBUTE(Code.NOT_FOUND);

        private final Code code;

        Reason(Code code) {
            this.code = code;
        }
    }

    private final Reason reason;

    FileSystemException(Reason reason, String message) {
        super(reason.code, message);
        this.reason = reason;
    }

    /** Why. */
    public Reason reason() {
        return reason;
    }
}

package io.blkspc.api;

/**
 * Every failure this API reports. The {@link Code} is stable and is what callers branch on; the message is one line of
 * plain words followed by {@code name=value} facts.
 */
public class BlockSpaceException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** Stable reasons. */
    public enum Code {
        /** The pool has no room for this request. Only reserve, create, snapshot, clone and zero report it. */
        OUT_OF_SPACE,
        /** The cookie's credit is used up. */
        NO_CREDIT,
        /** The cookie was cancelled. */
        CANCELLED,
        /** A borrowed mapping is out of date: map again. */
        STALE_MAPPING,
        /** Something holds what is needed and did not let go in time; nothing changed. */
        BUSY,
        /** An offset or length is outside the space, volume or device. */
        OUT_OF_RANGE,
        /** The space is a snapshot or was opened read-only. */
        READ_ONLY,
        /** No volume, snapshot or pool of that name. */
        NOT_FOUND,
        /** The name is taken. */
        EXISTS,
        /** A documented limit was reached. */
        LIMIT,
        /** Bytes on the medium are not what was written. */
        CORRUPT,
        /** The pool has damage that an operator must look at before it is opened for writing. */
        NEEDS_CHECK,
        /** An earlier write or force failed; the pool takes no more writes until it is reopened. */
        FAILED,
        /** The backing store broke its promise of space. */
        OUT_OF_BACKING,
        /** The format is older than this version reads. */
        TOO_OLD,
        /** The format, or a feature of it, is newer than this version reads. */
        TOO_NEW,
        /** The medium reported an error. */
        IO,
        /** The space or pool was closed, or its volume destroyed. */
        CLOSED
    }

    private final Code code;

    /** A failure with its facts. */
    public BlockSpaceException(Code code, String message) {
        super(message);
        this.code = code;
    }

    /** A failure with its facts and what caused it. */
    public BlockSpaceException(Code code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** The stable reason. */
    public final Code code() {
        return code;
    }

    /** Out of space, with the text scripts rely on. */
    public static BlockSpaceException outOfSpace(String facts) {
        return new BlockSpaceException(Code.OUT_OF_SPACE, "No space left in pool: " + facts);
    }
}

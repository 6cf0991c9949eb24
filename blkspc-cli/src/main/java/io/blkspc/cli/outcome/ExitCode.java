package io.blkspc.cli.outcome;

import io.blkspc.api.BlockSpaceException;

/** The exit codes of the command; scripts rely on them. */
public final class ExitCode {

    /** Done. */
    public static final int DONE = 0;

    /** It failed, and none of the codes below says why. */
    public static final int FAILED = 1;

    /** The command line is wrong; nothing was tried. */
    public static final int USAGE = 2;

    /** No volume, snapshot or pool of that name; or the name is taken. */
    public static final int NOT_FOUND_OR_EXISTS = 3;

    /** The pool has damage that an operator must look at. */
    public static final int NEEDS_CHECK = 4;

    /** Something else holds what is needed. */
    public static final int BUSY = 5;

    /** The answer was lost: it may have happened or not. Run it again, unless it is told as a difference. */
    public static final int UNKNOWN = 6;

    /** No space left in the pool. */
    public static final int NO_SPACE = 28;

    private ExitCode() {}

    /**
     * The exit code for a failure of the pool.
     *
     * @param changes {@code true} when the command changes the pool: an error of the medium then leaves the outcome unknown
     */
    public static int of(BlockSpaceException.Code code, boolean changes) {
        return switch (code) {
            case OUT_OF_SPACE, NO_CREDIT, OUT_OF_BACKING -> NO_SPACE;
            case NOT_FOUND, EXISTS -> NOT_FOUND_OR_EXISTS;
            case CORRUPT, NEEDS_CHECK -> NEEDS_CHECK;
            case BUSY -> BUSY;
            case IO, FAILED -> changes ? UNKNOWN : FAILED;
            case CANCELLED, STALE_MAPPING, OUT_OF_RANGE, READ_ONLY, LIMIT, TOO_OLD, TOO_NEW, CLOSED -> FAILED;
        };
    }
}

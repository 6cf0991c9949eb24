package io.blkspc.cli.fuse;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.xfsish.file.FileSystemException;

/** Error numbers of Linux, and which one tells a failure to a program. */
final class Errno {

    static final int EPERM = 1;
    static final int ENOENT = 2;
    static final int EINTR = 4;
    static final int EIO = 5;
    static final int ENXIO = 6;
    static final int EAGAIN = 11;
    static final int ENOMEM = 12;
    static final int EBUSY = 16;
    static final int EEXIST = 17;
    static final int ENOTDIR = 20;
    static final int EISDIR = 21;
    static final int EINVAL = 22;
    static final int EFBIG = 27;
    static final int ENOSPC = 28;
    static final int EROFS = 30;
    static final int ERANGE = 34;
    static final int ENAMETOOLONG = 36;
    static final int ENOTEMPTY = 39;
    static final int ELOOP = 40;
    static final int ENODATA = 61;
    static final int EOPNOTSUPP = 95;
    static final int EUCLEAN = 117;

    private Errno() {}

    static int of(Throwable failure) {
        return switch (failure) {
            case FileSystemException names ->
                switch (names.reason()) {
                    case NOT_A_DIRECTORY -> ENOTDIR;
                    case IS_A_DIRECTORY -> EISDIR;
                    case NOT_EMPTY -> ENOTEMPTY;
                    case NAME_TOO_LONG -> ENAMETOOLONG;
                    case INVALID -> EINVAL;
                    case TOO_LARGE -> EFBIG;
                    case TOO_MANY_LINKS -> ELOOP;
                    case NO_ATTRIBUTE -> ENODATA;
                };
            case BlockSpaceException space ->
                switch (space.code()) {
                    case NOT_FOUND -> ENOENT;
                    case EXISTS -> EEXIST;
                    case OUT_OF_SPACE, OUT_OF_BACKING, LIMIT -> ENOSPC;
                    case READ_ONLY -> EROFS;
                    case BUSY -> EBUSY;
                    case CORRUPT -> EUCLEAN;
                    default -> EIO;
                };
            case IllegalArgumentException _ -> EINVAL;
            case OutOfMemoryError _ -> ENOMEM;
            default -> EIO;
        };
    }

    /** {@code true} when programs cause it every day: nothing for a log. */
    static boolean isOrdinary(int errno) {
        return errno != EIO && errno != EUCLEAN && errno != ENOMEM;
    }
}

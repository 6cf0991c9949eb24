package io.blkspc.host.device;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;

/** Numbers and names of the errors Linux reports; the same on every architecture this project runs on. */
final class Errno {

    static final int ENOENT = 2;
    static final int EINTR = 4;
    static final int EIO = 5;
    static final int EAGAIN = 11;
    static final int ENOMEM = 12;
    static final int EACCES = 13;
    static final int EBUSY = 16;
    static final int EEXIST = 17;
    static final int ENOTDIR = 20;
    static final int EINVAL = 22;
    static final int EFBIG = 27;
    static final int ENOSPC = 28;
    static final int ENOSYS = 38;
    static final int EOPNOTSUPP = 95;
    static final int EDQUOT = 122;
    static final int ECANCELED = 125;

    private Errno() {}

    static String name(int errno) {
        return switch (errno) {
            case 1 -> "EPERM";
            case ENOENT -> "ENOENT";
            case EINTR -> "EINTR";
            case EIO -> "EIO";
            case 6 -> "ENXIO";
            case 9 -> "EBADF";
            case EAGAIN -> "EAGAIN";
            case ENOMEM -> "ENOMEM";
            case EACCES -> "EACCES";
            case 14 -> "EFAULT";
            case EBUSY -> "EBUSY";
            case EEXIST -> "EEXIST";
            case 19 -> "ENODEV";
            case ENOTDIR -> "ENOTDIR";
            case 21 -> "EISDIR";
            case EINVAL -> "EINVAL";
            case 23 -> "ENFILE";
            case 24 -> "EMFILE";
            case 25 -> "ENOTTY";
            case 26 -> "ETXTBSY";
            case EFBIG -> "EFBIG";
            case ENOSPC -> "ENOSPC";
            case 30 -> "EROFS";
            case 36 -> "ENAMETOOLONG";
            case ENOSYS -> "ENOSYS";
            case 40 -> "ELOOP";
            case 61 -> "ENODATA";
            case 84 -> "EILSEQ";
            case EOPNOTSUPP -> "EOPNOTSUPP";
            case 110 -> "ETIMEDOUT";
            case 116 -> "ESTALE";
            case 117 -> "EUCLEAN";
            case 121 -> "EREMOTEIO";
            case EDQUOT -> "EDQUOT";
            case 123 -> "ENOMEDIUM";
            case ECANCELED -> "ECANCELED";
            default -> "errno " + errno;
        };
    }

    /** {@code true} when the backing store had no room, which says nothing about the health of the medium. */
    static boolean isOutOfBacking(int errno) {
        return errno == ENOSPC || errno == EDQUOT;
    }

    /** The failure of one call, as callers of the API see it. */
    static BlockSpaceException failure(String what, int errno, String facts) {
        Code code = switch (errno) {
            case ENOSPC, EDQUOT -> Code.OUT_OF_BACKING;
            case ENOENT, ENOTDIR -> Code.NOT_FOUND;
            case EEXIST -> Code.EXISTS;
            case EBUSY -> Code.BUSY;
            default -> Code.IO;
        };
        return new BlockSpaceException(code, what + ": error=" + name(errno) + ", " + facts);
    }
}

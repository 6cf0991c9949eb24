package io.blkspc.cli.fuse;

import io.blkspc.xfsish.file.InodeAccess;
import java.lang.foreign.MemorySegment;

/** Requests on the bytes of files. Any thread. */
final class DataRequests {

    private static final int TRUNCATE = 01000;
    private static final int KEEP_SIZE = 1;
    private static final int PUNCH_HOLE = 2;
    private static final int ZERO_RANGE = 0x10;
    private static final int SEEK_DATA = 3;
    private static final int SEEK_HOLE = 4;

    private final Answers answers;
    private final InodeAccess inodes;

    DataRequests(Answers answers) {
        this.answers = answers;
        this.inodes = answers.inodes;
    }

    /** Only root may change a program and leave its set-ID bits. */
    private static boolean dropsPrivileges(long request) {
        return RequestContext.uid(request) != 0;
    }

    void open(long request, long node, long fileInfo) {
        int errno = answers.attempt(() -> {
            if ((FileInfo.flags(fileInfo) & TRUNCATE) != 0) {
                inodes.truncate(answers.inode(node), 0, dropsPrivileges(request));
            }
        });
        if (errno != 0) {
            LibFuse.replyError(request, errno);
            return;
        }
        FileInfo.keepCache(fileInfo);
        LibFuse.replyOpen(request, fileInfo);
    }

    void read(long request, long node, long size, long offset, long fileInfo) {
        MemorySegment buffer = answers.scratch().buffer(size);
        long[] count = new long[1];
        int errno = answers.attempt(() -> count[0] = inodes.read(answers.inode(node), offset, buffer, 0, size));
        if (errno != 0) {
            LibFuse.replyError(request, errno);
        } else {
            LibFuse.replyBytes(request, buffer.address(), count[0]);
        }
    }

    @SuppressWarnings("checkstyle:ParameterNumber") // those of the library
    void write(long request, long node, long source, long size, long offset, long fileInfo) {
        long[] count = new long[1];
        int errno = answers.attempt(() -> count[0] =
                inodes.write(answers.inode(node), offset, Memory.ALL, source, size, dropsPrivileges(request)));
        if (errno != 0) {
            LibFuse.replyError(request, errno);
        } else {
            LibFuse.replyWritten(request, count[0]);
        }
    }

    /** A close: nothing is to be done, what was written was answered. */
    void flush(long request, long node, long fileInfo) {
        LibFuse.replyError(request, 0);
    }

    void release(long request, long node, long fileInfo) {
        LibFuse.replyError(request, 0);
    }

    /** fsync, fdatasync, and that of a directory: all are one record for everything. */
    void sync(long request, long node, int dataOnly, long fileInfo) {
        answers.done(request, answers.files::sync);
    }

    @SuppressWarnings("checkstyle:ParameterNumber") // those of the library
    void allocate(long request, long node, int mode, long offset, long length, long fileInfo) {
        long inode = answers.inode(node);
        boolean keepSize = (mode & KEEP_SIZE) != 0;
        switch (mode & ~KEEP_SIZE) {
            case 0 -> answers.done(request, () -> inodes.allocate(inode, offset, length, keepSize));
            case PUNCH_HOLE -> answers.done(request, () -> inodes.punch(inode, offset, length));
            case ZERO_RANGE ->
                answers.done(request, () -> {
                    inodes.punch(inode, offset, length);
                    inodes.allocate(inode, offset, length, keepSize);
                });
            default -> LibFuse.replyError(request, Errno.EOPNOTSUPP);
        }
    }

    void seek(long request, long node, long offset, int whence, long fileInfo) {
        if (whence != SEEK_DATA && whence != SEEK_HOLE) {
            LibFuse.replyError(request, Errno.EINVAL);
            return;
        }
        long[] found = new long[1];
        int errno = answers.attempt(() -> found[0] = inodes.seek(answers.inode(node), offset, whence == SEEK_HOLE));
        if (errno != 0 || found[0] < 0) {
            LibFuse.replyError(request, errno != 0 ? errno : Errno.ENXIO);
        } else {
            LibFuse.replyOffset(request, found[0]);
        }
    }
}

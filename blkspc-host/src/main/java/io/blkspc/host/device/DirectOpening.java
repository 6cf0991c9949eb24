package io.blkspc.host.device;

import java.lang.foreign.MemorySegment;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns O_DIRECT on for an open file. The same descriptor goes on being used, with its locks, so that there is never one
 * that writes around the cache beside one that writes through it.
 */
final class DirectOpening {

    private static final Logger log = LoggerFactory.getLogger(DirectOpening.class);

    private DirectOpening() {}

    /** The same file around the page cache, or {@code null}, with a line in the log, where that cannot be had. */
    static RawFile tryDirect(PosixFile file) {
        FileFacts facts = file.facts();
        String obstacle = obstacle(file, facts);
        if (obstacle != null) {
            log.warn(
                    "no direct IO here, the page cache is used: file={}, fileSystem={}, reason={}",
                    file.path(),
                    FileSystemType.name(facts.fileSystemType()),
                    obstacle);
            return null;
        }
        // What an earlier run left in the cache would stay there for nothing. Only clean pages go; advice may be
        // ignored.
        Posix.posixFadvise(file.fd(), 0, 0, Posix.FADV_DONTNEED);
        int align = facts.directAlignBytes() > 0 ? facts.directAlignBytes() : DirectFile.BLOCK_BYTES;
        return new DirectFile(file, align);
    }

    /** Why not, or {@code null} once O_DIRECT is on and was tried. */
    private static String obstacle(PosixFile file, FileFacts facts) {
        // tmpfs takes the flag, and means nothing by it. (Nodes of devices lie on one, too.)
        boolean isTmpfs = !facts.isBlockDevice() && FileSystemType.of(facts.fileSystemType()) == FileSystemType.TMPFS;
        if (facts.directAlignBytes() == 0 || isTmpfs) {
            return "not supported";
        }
        if (facts.directAlignBytes() > DirectFile.BLOCK_BYTES) {
            return "needs blocks of " + facts.directAlignBytes();
        }
        int set = setFlags(file, Posix.O_RDWR | Posix.O_DIRECT);
        if (set < 0) {
            return Errno.name(-set);
        }
        long read = probe(file);
        if (read < 0) {
            setFlags(file, Posix.O_RDWR);
            return Errno.name((int) -read);
        }
        return null;
    }

    private static int setFlags(PosixFile file, int flags) {
        return Posix.fcntl(file.fd(), Posix.F_SETFL, MemorySegment.ofAddress(flags));
    }

    private static long probe(PosixFile file) {
        BounceBuffers.Buffer buffer = new BounceBuffers.Buffer();
        long read;
        do {
            read = file.read(buffer.vectorOf(0, DirectFile.BLOCK_BYTES), 1, 0, 0);
        } while (read == -Errno.EINTR);
        return read == -Errno.EINVAL || read == -Errno.EOPNOTSUPP ? read : 0; // others are for later reads to report
    }
}

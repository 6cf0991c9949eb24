package io.blkspc.host.device;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file descriptor that cannot be used after it was closed. The kernel hands the number of a closed descriptor to the
 * next file that is opened, so a late write could land in a stranger's file: calls are counted, and the last one out
 * closes.
 */
final class PosixFile implements RawFile {

    private static final Logger log = LoggerFactory.getLogger(PosixFile.class);
    private static final long CLOSED = 1L << 62;

    private final Path path;
    private final int fd;
    private final boolean isWritable;
    // Number of calls inside, plus CLOSED once closing was asked for.
    private final AtomicLong users = new AtomicLong();

    private PosixFile(Path path, int fd, boolean isWritable) {
        this.path = path;
        this.fd = fd;
        this.isWritable = isWritable;
    }

    /** Opens a file with the flags of open(2). */
    static PosixFile open(Path path, int flags, int mode) {
        int fd;
        do {
            fd = Posix.open(path, flags, mode);
        } while (fd == -Errno.EINTR);
        if (fd < 0) {
            throw Errno.failure("cannot open file", -fd, "file=" + path);
        }
        return new PosixFile(path, fd, (flags & Posix.O_RDWR) != 0);
    }

    /** The descriptor, for calls made before anyone else can close this. */
    int fd() {
        return fd;
    }

    Path path() {
        return path;
    }

    FileFacts facts() {
        return FileFacts.of(fd, path);
    }

    @Override
    public long read(long vectors, int count, long offsetBytes, int flags) {
        enter();
        try {
            return Posix.preadv2(fd, vectors, count, offsetBytes, flags);
        } finally {
            leave();
        }
    }

    @Override
    public long write(long vectors, int count, long offsetBytes) {
        enter();
        try {
            return Posix.pwritev2(fd, vectors, count, offsetBytes, 0);
        } finally {
            leave();
        }
    }

    @Override
    public boolean isCached(long offsetBytes) {
        return isCached(offsetBytes, 1);
    }

    /** Whether every page of a range is in the page cache; {@code false} where nobody can tell. */
    boolean isCached(long offsetBytes, long lengthBytes) {
        enter();
        try {
            return CacheStat.ofThread().holds(fd, offsetBytes, lengthBytes);
        } finally {
            leave();
        }
    }

    @Override
    public int sync() {
        enter();
        try {
            return Posix.fdatasync(fd);
        } finally {
            leave();
        }
    }

    /** By its descriptor: what is open, whatever has its name by now. It locks nothing, and the lock of this one stays. */
    @Override
    public RawFile openForRanges() {
        return openForRanges(RangeSync.isPossible());
    }

    RawFile openForRanges(boolean mayMap) {
        if (!isWritable || !mayMap) {
            return null;
        }
        enter();
        try {
            return open(Path.of("/proc/self/fd/" + fd), Posix.O_RDWR, 0);
        } catch (BlockSpaceException e) {
            log.info("ranges are forced with the rest: file={}, reason=[{}]", path, e.getMessage());
            return null;
        } finally {
            leave();
        }
    }

    @Override
    public int sync(long startBytes, long endBytes) {
        enter();
        try {
            return RangeSync.sync(fd, startBytes, endBytes);
        } finally {
            leave();
        }
    }

    @Override
    public void close() {
        long before;
        do {
            before = users.get();
            if ((before & CLOSED) != 0) {
                return;
            }
        } while (!users.compareAndSet(before, before | CLOSED));
        if (before == 0) {
            Posix.close(fd);
        }
    }

    /**
     * Keeps the descriptor open, also after {@link #close}, until as many calls of {@link #release}.
     *
     * @throws BlockSpaceException {@code CLOSED}
     */
    void hold() {
        enter();
    }

    void release() {
        leave();
    }

    boolean isClosed() {
        return (users.get() & CLOSED) != 0;
    }

    private void enter() {
        long before;
        do {
            before = users.get();
            if ((before & CLOSED) != 0) {
                throw new BlockSpaceException(Code.CLOSED, "device is closed: file=" + path);
            }
        } while (!users.compareAndSet(before, before + 1));
    }

    private void leave() {
        if (users.decrementAndGet() == CLOSED) {
            Posix.close(fd);
        }
    }
}

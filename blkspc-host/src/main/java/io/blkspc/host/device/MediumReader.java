package io.blkspc.host.device;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads a file or device around the page cache, with O_DIRECT and an aligned bounce buffer. Where there is no O_DIRECT
 * (some file systems, an encrypted file) it drops the clean pages of a range before reading it and says so once in the
 * log: weaker, because the kernel may keep a page that someone else is using.
 *
 * <p>Any thread may call; calls take turns, as there is one buffer.
 */
final class MediumReader implements BlockDevice {

    private static final Logger log = LoggerFactory.getLogger(MediumReader.class);
    private static final int BUFFER_BYTES = 1 << 20;
    private static final int ALIGN_BYTES = 4096;

    private final ReentrantLock turn = new ReentrantLock();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment buffer = arena.allocate(BUFFER_BYTES, ALIGN_BYTES);
    private final PosixFile cached;
    private final PosixFile direct;
    private final long sizeBytes;
    // Guarded by turn: direct reads are given up at the first EINVAL.
    private boolean isDirect;
    private boolean isClosed;

    private MediumReader(PosixFile cached, PosixFile direct, long sizeBytes) {
        this.cached = cached;
        this.direct = direct;
        this.sizeBytes = sizeBytes;
        this.isDirect = direct != null;
    }

    static MediumReader open(Path path) {
        PosixFile cached = PosixFile.open(path, Posix.O_RDONLY, 0);
        try {
            FileFacts facts = cached.facts();
            MediumReader reader = new MediumReader(cached, openDirect(path, facts), facts.sizeBytes());
            if (!reader.isDirect) {
                warnNotDirect(path, facts);
            }
            return reader;
        } catch (BlockSpaceException e) {
            cached.close();
            throw e;
        }
    }

    private static PosixFile openDirect(Path path, FileFacts facts) {
        if (facts.directAlignBytes() == 0 || facts.directAlignBytes() > ALIGN_BYTES) {
            return null;
        }
        try {
            return PosixFile.open(path, Posix.O_RDONLY | Posix.O_DIRECT, 0);
        } catch (BlockSpaceException e) {
            log.debug("no direct reads: {}", e.getMessage());
            return null;
        }
    }

    private static void warnNotDirect(Path path, FileFacts facts) {
        log.warn(
                "cannot read around the page cache, dropping cached pages instead: file={}, fileSystem={}",
                path,
                FileSystemType.name(facts.fileSystemType()));
    }

    /** {@code true} while reads really go around the cache. */
    boolean isDirect() {
        return isDirect;
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public void read(Transfer transfer, IoRole role) {
        long offset = transfer.deviceOffsetBytes();
        if (offset < 0 || offset > sizeBytes || transfer.totalBytes() > sizeBytes - offset) {
            throw new BlockSpaceException(
                    Code.OUT_OF_RANGE,
                    "beyond the end of the device: file=" + cached.path() + ", offset=" + offset + ", length="
                            + transfer.totalBytes() + ", size=" + sizeBytes);
        }
        turn.lock();
        try {
            if (isClosed) {
                throw new BlockSpaceException(Code.CLOSED, "device is closed: file=" + cached.path());
            }
            while (transfer.progressBytes() < transfer.totalBytes()) {
                readPiece(transfer, role);
            }
        } finally {
            turn.unlock();
        }
    }

    /** Reads the aligned window around the next missing byte, and hands out what of it was asked for. */
    private void readPiece(Transfer transfer, IoRole role) {
        long position = transfer.deviceOffsetBytes() + transfer.progressBytes();
        long left = transfer.totalBytes() - transfer.progressBytes();
        long windowStart = position & -ALIGN_BYTES;
        long wanted = Math.min(BUFFER_BYTES, (position + left - windowStart + ALIGN_BYTES - 1) & -ALIGN_BYTES);
        long read = readWindow(windowStart, wanted);
        long usable = Math.min(left, read - (position - windowStart));
        if (read < 0 || usable <= 0) {
            String facts = "file=" + cached.path() + ", offset=" + position + ", length=" + left + ", role=" + role;
            if (read < 0) {
                throw new BlockSpaceException(
                        Code.IO, "read of the medium failed: error=" + Errno.name((int) -read) + ", " + facts);
            }
            throw new BlockSpaceException(Code.IO, "read of the medium ended early, file was cut short: " + facts);
        }
        scatter(transfer, position - windowStart, usable);
    }

    private long readWindow(long startBytes, long lengthBytes) {
        long read = isDirect ? readVia(direct, startBytes, lengthBytes) : -Errno.EINVAL;
        if (read != -Errno.EINVAL) {
            return read;
        }
        if (isDirect) {
            isDirect = false;
            warnNotDirect(cached.path(), cached.facts());
        }
        Posix.posixFadvise(cached.fd(), startBytes, lengthBytes, Posix.FADV_DONTNEED);
        return readVia(cached, startBytes, lengthBytes);
    }

    private long readVia(PosixFile file, long startBytes, long lengthBytes) {
        IoVectors vectors = IoVectors.ofThread();
        vectors.fill(buffer.address(), lengthBytes);
        long read;
        do {
            read = file.read(vectors.address(), 1, startBytes, 0);
        } while (read == -Errno.EINTR);
        return read;
    }

    private void scatter(Transfer transfer, long from, long length) {
        long skip = transfer.progressBytes();
        long done = 0;
        for (int i = 0; i < transfer.count() && done < length; i++) {
            long partLength = transfer.length(i);
            if (skip >= partLength) {
                skip -= partLength;
                continue;
            }
            long n = Math.min(partLength - skip, length - done);
            MemorySegment.copy(
                    buffer, JAVA_BYTE, from + done, transfer.segment(i), JAVA_BYTE, transfer.start(i) + skip, n);
            skip = 0;
            done += n;
        }
        transfer.advance(length);
    }

    @Override
    public void write(Transfer transfer, IoRole role) {
        throw new BlockSpaceException(Code.READ_ONLY, "this view only reads the medium: file=" + cached.path());
    }

    @Override
    public void force(IoRole role) {
        throw new BlockSpaceException(Code.READ_ONLY, "this view only reads the medium: file=" + cached.path());
    }

    @Override
    public void close() {
        turn.lock();
        try {
            if (isClosed) {
                return;
            }
            isClosed = true;
            cached.close();
            if (direct != null) {
                direct.close();
            }
            arena.close();
        } finally {
            turn.unlock();
        }
    }
}

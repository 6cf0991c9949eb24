package io.blkspc.host.device;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.api.QueuedDevice;
import io.blkspc.api.ReadQueue;
import io.blkspc.api.SendingDevice;
import io.blkspc.api.Transfer;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file or a raw block device, through the page cache or around it ({@link CacheMode}). The size is what it was when
 * opened, or grown to, in whole blocks where it goes around the cache.
 *
 * <p>A device is <em>failed</em> from the first force or write the medium refused, for whatever role: from then on every
 * write and force reports {@code FAILED}, while reads go on. A write that found no room ({@code OUT_OF_BACKING}) does not
 * fail the device. Any thread may call anything; interrupts have no effect; nothing is allocated per call after a thread's
 * first.
 */
public final class FileBlockDevice implements BackingDevice, QueuedDevice, SendingDevice {

    private static final Logger log = LoggerFactory.getLogger(FileBlockDevice.class);

    private final RawFile file;
    private final Path path;
    private volatile long sizeBytes;
    // How long a write may be, or null where none goes through the page cache.
    private final CachedWriteSize writeSize;
    private final boolean keepsSpace;
    // How reads are queued, or null where they are not.
    private final QueuedReading queued;
    // What of the page cache is mapped, or null where nothing goes through it.
    private final CacheWindows cacheWindows;
    private final SharedForce sharedForce = new SharedForce();
    // One object for all forces, so that a force allocates nothing.
    private final SharedForce.Action sync = this::sync;
    // What ranges are forced through, or null where they cannot be forced alone.
    private final RawFile rangeFile;
    private final ReentrantLock rangeTurn = new ReentrantLock();
    // Why the device takes no more writes, or null.
    private volatile String failure;
    private volatile boolean canTellCached = true;

    FileBlockDevice(RawFile file, Path path, long sizeBytes) {
        this(file, file.openForRanges(), path, sizeBytes, true, null);
    }

    FileBlockDevice(
            RawFile file, RawFile rangeFile, Path path, long sizeBytes, boolean keepsSpace, QueuedReading queued) {
        this.file = file;
        this.rangeFile = rangeFile;
        this.path = path;
        this.sizeBytes = sizeBytes;
        this.keepsSpace = keepsSpace;
        this.queued = queued;
        this.writeSize = file instanceof DirectFile ? null : new CachedWriteSize(file);
        this.cacheWindows = file instanceof PosixFile cached ? new CacheWindows(cached) : null;
    }

    /** To write through a file that its caller closes: it opens nothing of its own, and is not closed. */
    static FileBlockDevice borrowing(PosixFile file, long sizeBytes) {
        return new FileBlockDevice(file, null, file.path(), sizeBytes, true, null);
    }

    /**
     * Opens for reading and writing, without a lock, and once: whoever forces ranges of it forces everything.
     *
     * @throws BlockSpaceException {@code NOT_FOUND}; {@code IO}
     */
    public static FileBlockDevice open(Path path) {
        return of(PosixFile.open(path, Posix.O_RDWR, 0), false);
    }

    /** Opens for reading only: every write and force reports {@code READ_ONLY}. */
    public static BackingDevice openReadOnly(Path path) {
        return new ReadOnlyDevice(of(PosixFile.open(path, Posix.O_RDONLY, 0), false));
    }

    /**
     * Opens for reading only, and holds the file against everyone who opens it with {@link #openExclusive}.
     *
     * @throws BlockSpaceException {@code BUSY} when another pool or a mount holds it
     */
    public static BackingDevice openShared(Path path, CacheMode mode) {
        return new ReadOnlyDevice(of(FileLock.openShared(path), mode, false));
    }

    /**
     * Opens for reading and writing, and holds the file against everyone else who opens it this way, whatever name they
     * use, until it is closed. A raw device is also held against being mounted. Its ranges can be forced alone, where the kernel
     * lets them: then it is open twice.
     *
     * @throws BlockSpaceException {@code BUSY} when another pool or a mount holds it
     */
    public static FileBlockDevice openExclusive(Path path) {
        return openExclusive(path, CacheMode.WRITEBACK);
    }

    /**
     * As {@link #openExclusive(Path)}. Where {@link CacheMode#DIRECT} cannot be had the device uses the cache and says so
     * once in the log; {@link #cacheMode} tells which it is.
     */
    public static FileBlockDevice openExclusive(Path path, CacheMode mode) {
        return of(FileLock.openExclusive(path), mode, true);
    }

    /** Opens as {@link #open}, in a mode. */
    static FileBlockDevice open(Path path, CacheMode mode) {
        return of(PosixFile.open(path, Posix.O_RDWR, 0), mode, false);
    }

    private static FileBlockDevice of(PosixFile file, CacheMode mode, boolean forcesRanges) {
        if (mode == CacheMode.WRITEBACK) {
            return of(file, forcesRanges);
        }
        try {
            FileFacts facts = file.facts();
            RawFile direct = DirectOpening.tryDirect(file);
            if (direct == null) {
                return of(file, forcesRanges);
            }
            long sizeBytes = facts.sizeBytes() & -DirectFile.BLOCK_BYTES;
            QueuedReading queued = QueuedReading.tryFor(file, Uring::open);
            return new FileBlockDevice(direct, null, file.path(), sizeBytes, facts.keepsSpace(), queued);
        } catch (BlockSpaceException e) {
            file.close();
            throw e;
        }
    }

    private static FileBlockDevice of(PosixFile file, boolean forcesRanges) {
        try {
            FileFacts facts = file.facts();
            RawFile rangeFile = forcesRanges ? file.openForRanges() : null;
            return new FileBlockDevice(file, rangeFile, file.path(), facts.sizeBytes(), facts.keepsSpace(), null);
        } catch (BlockSpaceException e) {
            file.close();
            throw e;
        }
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public void read(Transfer transfer, IoRole role) {
        checkRange(transfer);
        try {
            readAll(transfer, role);
        } finally {
            // The kernel was given bare addresses.
            Reference.reachabilityFence(transfer);
        }
    }

    private void readAll(Transfer transfer, IoRole role) {
        IoVectors vectors = IoVectors.ofThread();
        while (transfer.progressBytes() < transfer.totalBytes()) {
            long moved = file.read(vectors.address(), vectors.fill(transfer), position(transfer), 0);
            if (moved > 0) {
                transfer.advance(moved);
            } else if (moved != -Errno.EINTR) {
                throw failedIo("read", (int) -moved, transfer, role);
            }
        }
    }

    @Override
    public boolean readCached(Transfer transfer, IoRole role) {
        checkRange(transfer);
        if (!canTellCached || transfer.count() > IoVectors.MAX_VECTORS) {
            return false;
        }
        long total = transfer.totalBytes();
        if (total == 0) {
            return true;
        }
        IoVectors vectors = IoVectors.ofThread();
        int count = vectors.fill(transfer);
        long moved;
        try {
            moved = file.read(vectors.address(), count, transfer.deviceOffsetBytes(), Posix.RWF_NOWAIT);
        } finally {
            Reference.reachabilityFence(transfer);
        }
        if (moved == total) {
            transfer.advance(total);
            return true;
        }
        if (moved == -Errno.EOPNOTSUPP || moved == -Errno.EINVAL || moved == -Errno.ENOSYS) {
            canTellCached = false;
        }
        // Everything else, a real error too, is for read to find and report.
        return false;
    }

    /** Around the page cache only: what is not in it may be read as fast there, but what is would be read twice as slowly. */
    @Override
    public ReadQueue openReadQueue(int depth) {
        return queued == null ? null : queued.open(this, depth);
    }

    /** Through the page cache only: around it there is nothing in memory. */
    @Override
    public boolean sends() {
        return cacheWindows != null;
    }

    @Override
    public boolean canSend(long deviceOffsetBytes, long lengthBytes) {
        return cacheWindows != null
                && isInside(deviceOffsetBytes, lengthBytes)
                && cacheWindows.canSend(deviceOffsetBytes, lengthBytes);
    }

    @Override
    public long send(int descriptor, long headAddress, long headBytes, long deviceOffsetBytes, long lengthBytes) {
        return cacheWindows == null || !isInside(deviceOffsetBytes, lengthBytes)
                ? REFUSED
                : cacheWindows.send(descriptor, headAddress, headBytes, deviceOffsetBytes, lengthBytes);
    }

    @Override
    public void write(Transfer transfer, IoRole role) {
        checkRange(transfer);
        checkNotFailed("write");
        try {
            writeAll(transfer, role);
        } finally {
            Reference.reachabilityFence(transfer);
        }
    }

    private void writeAll(Transfer transfer, IoRole role) {
        IoVectors vectors = IoVectors.ofThread();
        while (transfer.progressBytes() < transfer.totalBytes()) {
            long position = position(transfer);
            long left = transfer.totalBytes() - transfer.progressBytes();
            long most = writeSize == null ? left : writeSize.mostBytes(position, left);
            long moved = file.write(vectors.address(), vectors.fill(transfer, most), position);
            if (moved > 0) {
                transfer.advance(moved);
            } else if (moved != -Errno.EINTR) {
                BlockSpaceException e = failedIo("write", (int) -moved, transfer, role);
                if (!Errno.isOutOfBacking((int) -moved)) {
                    fail(e);
                }
                throw e;
            }
        }
    }

    @Override
    public void force(IoRole role) {
        checkNotFailed("force");
        if (!sharedForce.force(sync)) {
            throw new BlockSpaceException(Code.IO, failure + ", role=" + role);
        }
        // A write may have failed meanwhile: then this was no persist point either.
        checkNotFailed("force");
    }

    /** Beside a force of everything, which may be long; one at a time, so that who lost a page is who is told. */
    @Override
    public void forceRanges(UnforcedRanges ranges, IoRole role) {
        if (rangeFile == null) {
            force(role);
            return;
        }
        rangeTurn.lock();
        try {
            checkNotFailed("force");
            for (int i = 0; i < ranges.count(); i++) {
                if (!isForced(rangeFile.sync(ranges.startBytes(i), ranges.endBytes(i)))) {
                    throw new BlockSpaceException(Code.IO, failure + ", role=" + role);
                }
            }
        } finally {
            rangeTurn.unlock();
        }
        checkNotFailed("force");
    }

    /** The mode it really works in. */
    public CacheMode cacheMode() {
        return file instanceof DirectFile ? CacheMode.DIRECT : CacheMode.WRITEBACK;
    }

    /** {@code true} once a write or force failed. */
    public boolean isFailed() {
        return failure != null;
    }

    @Override
    public BlockDevice openMedium() {
        return MediumReader.open(path);
    }

    /** Clean pages of a file that nobody maps are what the kernel does drop. Where it does not, reads are as they were. */
    @Override
    public void dropCache() {
        PosixFile again = PosixFile.open(path, Posix.O_RDONLY, 0);
        try {
            int result = Posix.posixFadvise(again.fd(), 0, 0, Posix.FADV_DONTNEED);
            if (result < 0) {
                log.warn("page cache was not dropped: file={}, error={}", path, Errno.name(-result));
            }
        } finally {
            again.close();
        }
    }

    @Override
    public boolean keepsSpace() {
        return keepsSpace;
    }

    @Override
    public void grow(long newSizeBytes) {
        checkNotFailed("grow");
        if (newSizeBytes > sizeBytes) {
            Preallocation.extend(path, newSizeBytes);
            sizeBytes = newSizeBytes;
        }
    }

    @Override
    public void ungrow(long oldSizeBytes) {
        if (sizeBytes > oldSizeBytes) {
            sizeBytes = oldSizeBytes;
            Preallocation.cutBack(path, oldSizeBytes);
        }
    }

    @Override
    public void close() {
        if (cacheWindows != null) {
            cacheWindows.close(); // first: a mapping keeps the file open, and what locks it
        }
        if (rangeFile != null) {
            rangeFile.close();
        }
        file.close();
    }

    @Override
    public String toString() {
        return "device " + path;
    }

    // Never repeated, whatever the error: pages the kernel gave up on are clean by now, and a second call would
    // succeed.
    private boolean sync() {
        return isForced(file.sync());
    }

    private boolean isForced(int result) {
        if (result < 0) {
            fail(new BlockSpaceException(Code.IO, "force failed: error=" + Errno.name(-result) + ", file=" + path));
        }
        return result >= 0;
    }

    private void fail(BlockSpaceException cause) {
        // A race of two failures keeps either; both are true.
        if (failure == null) {
            failure = cause.getMessage();
        }
    }

    private void checkNotFailed(String what) {
        String cause = failure;
        if (cause != null) {
            throw new BlockSpaceException(Code.FAILED, what + " refused, device has failed: cause=[" + cause + "]");
        }
    }

    private void checkRange(Transfer transfer) {
        long offset = transfer.deviceOffsetBytes();
        if (!isInside(offset, transfer.totalBytes())) {
            throw new BlockSpaceException(
                    Code.OUT_OF_RANGE,
                    "beyond the end of the device: file=" + path + ", offset=" + offset + ", length="
                            + transfer.totalBytes() + ", size=" + sizeBytes);
        }
    }

    private boolean isInside(long offset, long length) {
        return offset >= 0 && offset <= sizeBytes && length <= sizeBytes - offset;
    }

    private static long position(Transfer transfer) {
        return transfer.deviceOffsetBytes() + transfer.progressBytes();
    }

    private BlockSpaceException failedIo(String what, int errno, Transfer transfer, IoRole role) {
        String facts = "file=" + path + ", offset=" + transfer.deviceOffsetBytes() + ", length=" + transfer.totalBytes()
                + ", done=" + transfer.progressBytes() + ", role=" + role;
        if (errno == 0) {
            return new BlockSpaceException(Code.IO, what + " ended early, file was cut short: " + facts);
        }
        Code code = Errno.isOutOfBacking(errno) ? Code.OUT_OF_BACKING : Code.IO;
        return new BlockSpaceException(code, what + " failed: error=" + Errno.name(errno) + ", " + facts);
    }
}

package io.blkspc.nbd.transport;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Native buffers for replies that wait for the medium, shared by all connections and bounded in total. Sizes up to 1 MiB are
 * powers of two and kept for reuse. Any thread may call anything; it never waits.
 */
public final class BufferPool implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger("blkspc.data");
    private static final int SMALLEST_SHIFT = 13;
    private static final int LARGEST_KEPT_SHIFT = 20;
    private static final int LARGEST_KEPT_BYTES = 1 << LARGEST_KEPT_SHIFT;
    private static final int PAGE_BYTES = 4096;
    private static final int KEPT_PER_SIZE = 64;

    private final long maxBytes;
    private final LongFunction<ReplyMemory> memory;
    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<ReplyMemory>[] kept;
    private long heldBytes;
    private long keptBytes;
    private boolean closed;

    /** At most {@code maxBytes} in total. */
    public BufferPool(long maxBytes) {
        this(maxBytes, ReplyMemory::allocate);
    }

    /** Of another kind of memory; it may throw {@link OutOfMemoryError}. */
    @SuppressWarnings({"unchecked", "rawtypes"})
    public BufferPool(long maxBytes, LongFunction<ReplyMemory> memory) {
        this.maxBytes = maxBytes;
        this.memory = memory;
        this.kept = new Deque[LARGEST_KEPT_SHIFT + 1];
        for (int shift = SMALLEST_SHIFT; shift <= LARGEST_KEPT_SHIFT; shift++) {
            kept[shift] = new ArrayDeque<>(KEPT_PER_SIZE);
        }
    }

    /** What a buffer of at least {@code bytes} takes. */
    public static long sizeOf(long bytes) {
        if (bytes > LARGEST_KEPT_BYTES) {
            return (bytes + PAGE_BYTES - 1) & -PAGE_BYTES;
        }
        return 1L << Math.max(SMALLEST_SHIFT, Long.SIZE - Long.numberOfLeadingZeros(bytes - 1));
    }

    /** A buffer of at least {@code bytes}, or {@code null} when the bound is reached or the system has no more. */
    public ReplyMemory tryAcquire(int bytes) {
        long size = sizeOf(bytes);
        lock.lock();
        try {
            ReplyMemory buffer = size <= LARGEST_KEPT_BYTES ? keptOf(size).pollFirst() : null;
            if (buffer != null) {
                keptBytes -= size;
                return buffer;
            }
            if (closed || (heldBytes + size > maxBytes && !dropKept(size))) {
                return null;
            }
            heldBytes += size;
        } finally {
            lock.unlock();
        }
        return allocate(size);
    }

    private ReplyMemory allocate(long size) {
        ReplyMemory buffer = null;
        try {
            buffer = memory.apply(size);
        } catch (OutOfMemoryError none) {
            log.debug("no native memory for replies: bytes={}", size, none);
        } finally {
            if (buffer == null) {
                forget(size);
            }
        }
        return buffer;
    }

    private void forget(long size) {
        lock.lock();
        try {
            heldBytes -= size;
        } finally {
            lock.unlock();
        }
    }

    /** Gives a buffer back. */
    public void release(ReplyMemory buffer) {
        long size = buffer.segment().byteSize();
        lock.lock();
        try {
            if (!closed && size <= LARGEST_KEPT_BYTES && keptOf(size).size() < KEPT_PER_SIZE) {
                keptOf(size).addFirst(buffer);
                keptBytes += size;
                return;
            }
            heldBytes -= size;
        } finally {
            lock.unlock();
        }
        buffer.free();
    }

    private Deque<ReplyMemory> keptOf(long size) {
        return kept[Long.numberOfTrailingZeros(size)];
    }

    /** Memory in use now, in bytes; with what is kept for reuse it is never more than the bound. */
    public long usedBytes() {
        lock.lock();
        try {
            return heldBytes - keptBytes;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            dropKept(Long.MAX_VALUE);
        } finally {
            lock.unlock();
        }
    }

    /** Frees kept buffers until {@code bytes} more fit. */
    private boolean dropKept(long bytes) {
        for (int shift = LARGEST_KEPT_SHIFT; shift >= SMALLEST_SHIFT; shift--) {
            while (bytes > maxBytes - heldBytes && !kept[shift].isEmpty()) {
                ReplyMemory buffer = kept[shift].removeFirst();
                heldBytes -= buffer.segment().byteSize();
                keptBytes -= buffer.segment().byteSize();
                buffer.free();
            }
        }
        return bytes <= maxBytes - heldBytes;
    }
}

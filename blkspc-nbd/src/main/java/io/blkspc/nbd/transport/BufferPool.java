package io.blkspc.nbd.transport;

import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Native buffers for replies that wait for the medium, shared by all connections and bounded in total. Sizes are powers of
 * two; small ones are kept for reuse. Any thread may call anything; it never waits.
 */
public final class BufferPool implements AutoCloseable {

    private static final int SMALLEST_SHIFT = 13;
    private static final int LARGEST_KEPT_SHIFT = 20;
    private static final int KEPT_PER_SIZE = 64;

    private final long maxBytes;
    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<ReplyMemory>[] kept;
    private long heldBytes;
    private boolean closed;

    /** At most {@code maxBytes} in total. */
    @SuppressWarnings({"unchecked", "rawtypes"})
    public BufferPool(long maxBytes) {
        this.maxBytes = maxBytes;
        this.kept = new Deque[LARGEST_KEPT_SHIFT + 1];
        for (int shift = SMALLEST_SHIFT; shift <= LARGEST_KEPT_SHIFT; shift++) {
            kept[shift] = new ArrayDeque<>(KEPT_PER_SIZE);
        }
    }

    /** A buffer of at least {@code bytes}, or {@code null} when the bound is reached. */
    public ReplyMemory tryAcquire(int bytes) {
        int shift = Math.max(SMALLEST_SHIFT, Integer.SIZE - Integer.numberOfLeadingZeros(bytes - 1));
        long size = 1L << shift;
        lock.lock();
        try {
            ReplyMemory buffer = shift <= LARGEST_KEPT_SHIFT ? kept[shift].pollFirst() : null;
            if (buffer != null) {
                return buffer;
            }
            if (closed || (heldBytes + size > maxBytes && !dropKept(size))) {
                return null;
            }
            heldBytes += size;
        } finally {
            lock.unlock();
        }
        return new ReplyMemory(Arena.ofShared(), size);
    }

    /** Gives a buffer back. */
    public void release(ReplyMemory buffer) {
        int shift = Long.numberOfTrailingZeros(buffer.segment().byteSize());
        lock.lock();
        try {
            if (!closed && shift <= LARGEST_KEPT_SHIFT && kept[shift].size() < KEPT_PER_SIZE) {
                kept[shift].addFirst(buffer);
                return;
            }
            heldBytes -= buffer.segment().byteSize();
        } finally {
            lock.unlock();
        }
        buffer.free();
    }

    /** Memory held now, in use or kept, in bytes. */
    public long heldBytes() {
        lock.lock();
        try {
            return heldBytes;
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
                buffer.free();
            }
        }
        return bytes <= maxBytes - heldBytes;
    }
}

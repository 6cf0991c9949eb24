package io.blkspc.host.device;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A bounded number of aligned buffers for IO whose own memory or offsets are not. They are made when first needed and kept;
 * who finds none waits for one to come back, which takes no longer than an IO. Any thread may call.
 */
final class BounceBuffers {

    /** Bytes of one buffer: longer IO goes in pieces. */
    static final int BUFFER_BYTES = 256 << 10;

    /** More IO than this at one time takes turns; 16 MiB in all. */
    static final int MAX_BUFFERS = 64;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition returned = lock.newCondition();
    private final Buffer[] idle = new Buffer[MAX_BUFFERS];
    private int idleCount;
    private int made;

    /** One aligned buffer, and the {@code struct iovec} that describes a part of it. */
    static final class Buffer {
        final MemorySegment memory = Arena.ofAuto().allocate(BUFFER_BYTES, DirectFile.BLOCK_BYTES);
        private final MemorySegment vector = Arena.ofAuto().allocate(2L * Long.BYTES, Long.BYTES);

        /** Address of an iovec of {@code length} bytes from {@code start}. */
        long vectorOf(long start, long length) {
            vector.set(JAVA_LONG, 0, memory.address() + start);
            vector.set(JAVA_LONG, Long.BYTES, length);
            return vector.address();
        }
    }

    Buffer take() {
        lock.lock();
        try {
            while (idleCount == 0) {
                if (made < MAX_BUFFERS) {
                    made++;
                    return new Buffer();
                }
                returned.awaitUninterruptibly();
            }
            return idle[--idleCount];
        } finally {
            lock.unlock();
        }
    }

    void give(Buffer buffer) {
        lock.lock();
        try {
            idle[idleCount++] = buffer;
            returned.signal();
        } finally {
            lock.unlock();
        }
    }
}

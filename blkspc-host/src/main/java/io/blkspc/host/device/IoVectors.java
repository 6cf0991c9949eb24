package io.blkspc.host.device;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.blkspc.api.Transfer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A thread's array of {@code struct iovec} (address, length), filled from what is left of a transfer. */
final class IoVectors {

    /** More parts than this take several calls. */
    static final int MAX_VECTORS = 64;

    private static final int VECTOR_BYTES = 2 * Long.BYTES;
    private static final ThreadLocal<IoVectors> OF_THREAD = ThreadLocal.withInitial(IoVectors::new);

    private final MemorySegment vectors = Arena.ofAuto().allocate((long) MAX_VECTORS * VECTOR_BYTES, Long.BYTES);

    private IoVectors() {}

    /** The current thread's own. */
    static IoVectors ofThread() {
        return OF_THREAD.get();
    }

    long address() {
        return vectors.address();
    }

    /**
     * Describes what the transfer still has to move.
     *
     * @return number of vectors filled, at least 1 when something is left
     */
    int fill(Transfer transfer) {
        return fill(transfer, Long.MAX_VALUE);
    }

    /** Describes the same, but at most {@code maxBytes} of it, more than 0. */
    int fill(Transfer transfer, long maxBytes) {
        long skip = transfer.progressBytes();
        long room = maxBytes;
        int filled = 0;
        for (int i = 0; i < transfer.count() && filled < MAX_VECTORS && room > 0; i++) {
            long length = transfer.length(i);
            if (skip >= length) {
                skip -= length;
                continue;
            }
            long at = (long) filled * VECTOR_BYTES;
            vectors.set(JAVA_LONG, at, transfer.segment(i).address() + transfer.start(i) + skip);
            long count = Math.min(length - skip, room);
            vectors.set(JAVA_LONG, at + Long.BYTES, count);
            room -= count;
            skip = 0;
            filled++;
        }
        return filled;
    }

    /** Describes one buffer. */
    void fill(long address, long lengthBytes) {
        vectors.set(JAVA_LONG, 0, address);
        vectors.set(JAVA_LONG, Long.BYTES, lengthBytes);
    }
}

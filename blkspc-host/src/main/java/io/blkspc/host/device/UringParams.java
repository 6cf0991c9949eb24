package io.blkspc.host.device;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;

/**
 * {@code struct io_uring_params} (linux/io_uring.h): what is asked of io_uring_setup(2), and where the rings lie in what it
 * maps.
 *
 * <pre>
 * offset size
 *      0    4  sq_entries        entries of the submission queue
 *      4    4  cq_entries        entries of the completion queue
 *      8    4  flags             IORING_SETUP_...
 *     12    8  for a polling thread of the kernel, 0
 *     20    4  features          IORING_FEAT_...
 *     24   16  0
 *     40   40  sq_off: offsets of head, tail, ring_mask, ring_entries, flags, dropped, array (4 each); 12 more
 *     80   40  cq_off: offsets of head, tail, ring_mask, ring_entries, overflow, cqes, flags (4 each); 12 more
 * </pre>
 */
record UringParams(MemorySegment segment) {

    static final int BYTES = 120;

    /** An unknown number of entries is lowered, not refused. */
    static final int SETUP_CLAMP = 1 << 4;

    /** One thread submits; linux 6.0. */
    static final int SETUP_SINGLE_ISSUER = 1 << 12;

    /** Completions are worked on when that thread waits for them, instead of interrupting it; linux 6.1. */
    static final int SETUP_DEFER_TASKRUN = 1 << 13;

    /** Both rings are one mapping; linux 5.4. */
    static final int FEATURE_SINGLE_MMAP = 1;

    /** A completion is never lost; linux 5.5. */
    static final int FEATURE_NODROP = 1 << 1;

    int sqEntries() {
        return segment.get(JAVA_INT, 0);
    }

    int cqEntries() {
        return segment.get(JAVA_INT, 4);
    }

    UringParams flags(int flags) {
        segment.fill((byte) 0);
        segment.set(JAVA_INT, 8, flags);
        return this;
    }

    boolean has(int features) {
        return (segment.get(JAVA_INT, 20) & features) == features;
    }

    int sqHead() {
        return segment.get(JAVA_INT, 40);
    }

    int sqTail() {
        return segment.get(JAVA_INT, 44);
    }

    int sqMask() {
        return segment.get(JAVA_INT, 48);
    }

    int sqArray() {
        return segment.get(JAVA_INT, 64);
    }

    int cqHead() {
        return segment.get(JAVA_INT, 80);
    }

    int cqTail() {
        return segment.get(JAVA_INT, 84);
    }

    int cqMask() {
        return segment.get(JAVA_INT, 88);
    }

    int cqes() {
        return segment.get(JAVA_INT, 100);
    }

    /** Bytes of the mapping that holds both rings. */
    long ringBytes() {
        return Math.max(
                sqArray() + (long) sqEntries() * Integer.BYTES, cqes() + (long) cqEntries() * UringCompletion.BYTES);
    }
}

package io.blkspc.api.client;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Geometry;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;

/**
 * Borrowed read mappings: the extent that was used last in each MiB, for a bounded number of MiB. A miss maps to the end of its
 * MiB, so one call brings in what sequential and nearby reads will ask for; nothing is mapped at attach.
 *
 * <p>An entry is used only while {@link BlockSpace#generation} is what it was when it was mapped, compared inside the read
 * lease that the IO runs under (SEMANTICS S9). Whatever changes a mapping (commit, discard, zero, destroy) changes the
 * generation after it is published and before it is reported, and what an old mapping names is not reused while a lease
 * lasts that began before: so a cached extent never shows a byte that a fresh one would not have shown at the comparison.
 *
 * <p>Owned by one thread; allocates nothing after construction.
 */
final class ExtentCache {

    /** Enough for 1 GiB; 32 KiB of memory. */
    static final int MANY = 1024;

    /** Only the MiB that is being read. */
    static final int ONE = 1;

    private static final int WINDOW_SHIFT = Long.numberOfTrailingZeros(Geometry.MAX_WINDOW_BYTES);

    private final BlockSpace space;
    private final int mask;
    private final long[] starts;
    private final long[] ends; // equal to the start in an empty slot
    private final long[] devices;
    private final long[] generations;
    private final Mapping mapping = new Mapping();
    private long deviceOffset;

    /** With a power of two of slots. */
    ExtentCache(BlockSpace space, int slots) {
        this.space = space;
        this.mask = slots - 1;
        this.starts = new long[slots];
        this.ends = new long[slots];
        this.devices = new long[slots];
        this.generations = new long[slots];
    }

    /**
     * Finds what is mapped at {@code offset}. Call inside a read lease; the answer may be used until that lease ends.
     *
     * @return how many bytes, at most {@code count}; {@link #deviceOffset} tells where
     */
    long find(long offset, long count) {
        int slot = (int) (offset >>> WINDOW_SHIFT) & mask;
        if (offset < starts[slot] || offset >= ends[slot] || generations[slot] != space.generation()) {
            load(slot, offset);
        }
        long device = devices[slot];
        deviceOffset = device == Mapping.NO_DEVICE_OFFSET ? device : device + (offset - starts[slot]);
        return Math.min(count, ends[slot] - offset);
    }

    /** Where the bytes found last lie, or {@link Mapping#NO_DEVICE_OFFSET} when they read as zeros. */
    long deviceOffset() {
        return deviceOffset;
    }

    /** A hint: maps a range now, as far as there is room for it. */
    void prefetch(long offset, long length) {
        long end = offset + Math.min(length, (long) (mask + 1) << WINDOW_SHIFT);
        try (Lease _ = space.readLease()) {
            for (long at = offset; at < end; at = (at | (Geometry.MAX_WINDOW_BYTES - 1)) + 1) {
                find(at, 1);
            }
        }
    }

    /** A hint: forgets a range. */
    void drop(long offset, long length) {
        for (int slot = 0; slot <= mask; slot++) {
            if (starts[slot] < offset + length && offset < ends[slot]) {
                ends[slot] = starts[slot];
            }
        }
    }

    private void load(int slot, long offset) {
        ends[slot] = starts[slot]; // should the host refuse
        space.map(offset, Geometry.MAX_WINDOW_BYTES - (offset & (Geometry.MAX_WINDOW_BYTES - 1)), mapping);
        starts[slot] = offset;
        devices[slot] = mapping.state().readsZeros() ? Mapping.NO_DEVICE_OFFSET : mapping.deviceOffsetBytes();
        generations[slot] = mapping.generation();
        ends[slot] = mapping.endOffsetBytes();
    }
}

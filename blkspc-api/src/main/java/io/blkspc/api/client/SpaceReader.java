package io.blkspc.api.client;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.IoRole;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.Transfer;
import java.lang.foreign.MemorySegment;

/** Reads through cached extents inside one lease; bytes that are contiguous on the device are one device read. */
final class SpaceReader {

    private final BlockSpace space;
    private final ExtentCache extents;
    private final Transfer pending = new Transfer();

    SpaceReader(BlockSpace space, int cachedExtents) {
        this.space = space;
        this.extents = new ExtentCache(space, cachedExtents);
    }

    /** The extents it has looked up. */
    ExtentCache extents() {
        return extents;
    }

    /** Reads all of it, zeros included; with {@code cachedOnly} answers {@code false} instead of waiting. */
    boolean read(long offset, long length, MemorySegment target, long start, boolean cachedOnly) {
        try (Lease _ = space.readLease()) {
            long done = 0;
            while (done < length) {
                long count = extents.find(offset + done, length - done);
                if (readsZeros()) {
                    Zeros.copyTo(target, start + done, count);
                } else if (!add(target, start + done, count, cachedOnly)) {
                    return false;
                }
                done += count;
            }
            return drain(cachedOnly);
        } finally {
            pending.reset(0);
        }
    }

    /**
     * Reads the run at {@code offset} that is all data or all zeros.
     *
     * @return its length; negative for zeros, which are not stored; 0 when it would have waited
     */
    long readRun(long offset, long length, MemorySegment target, long start, boolean cachedOnly) {
        try (Lease _ = space.readLease()) {
            long done = 0;
            boolean zeros = false;
            while (done < length) {
                long count = extents.find(offset + done, length - done);
                boolean readsZeros = readsZeros();
                if (done == 0) {
                    zeros = readsZeros;
                } else if (zeros != readsZeros) {
                    break;
                }
                if (!readsZeros && !add(target, start + done, count, cachedOnly)) {
                    return 0;
                }
                done += count;
            }
            if (!drain(cachedOnly)) {
                return 0;
            }
            return zeros ? -done : done;
        } finally {
            pending.reset(0);
        }
    }

    /** {@code true} when every byte of the range reads as zero without looking at the device. */
    boolean readsZeros(long offset, long length) {
        try (Lease _ = space.readLease()) {
            long done = 0;
            while (done < length) {
                long count = extents.find(offset + done, length - done);
                if (!readsZeros()) {
                    return false;
                }
                done += count;
            }
            return true;
        }
    }

    private boolean readsZeros() {
        return extents.deviceOffset() == Mapping.NO_DEVICE_OFFSET;
    }

    private boolean add(MemorySegment target, long start, long count, boolean cachedOnly) {
        long from = extents.deviceOffset();
        boolean follows = pending.count() > 0 && pending.deviceOffsetBytes() + pending.totalBytes() == from;
        if (!follows) {
            if (!drain(cachedOnly)) {
                return false;
            }
            pending.reset(from);
        }
        pending.add(target, start, count);
        return true;
    }

    private boolean drain(boolean cachedOnly) {
        if (pending.count() == 0) {
            return true;
        }
        if (cachedOnly) {
            if (!space.device().readCached(pending, IoRole.DATA)) {
                return false;
            }
        } else {
            space.device().read(pending, IoRole.DATA);
        }
        pending.reset(0);
        return true;
    }
}

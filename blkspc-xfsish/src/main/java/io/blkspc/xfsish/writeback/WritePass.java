package io.blkspc.xfsish.writeback;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.Transfer;
import io.blkspc.xfsish.buffer.Buffer;
import io.blkspc.xfsish.buffer.BufferCache;
import io.blkspc.xfsish.buffer.DirtyBatch;
import io.blkspc.xfsish.buffer.DirtyBatch.Outcome;

/**
 * Takes one batch to the device: one write lease in which runs are allocated in ascending order and written, neighbours on
 * the device as one write of many buffers; then, without the lease, the commits. Waits for nobody: at the first block that
 * is BUSY it stops, so what it staged below is committed before anybody waits.
 *
 * <p>A write that fails takes its own buffers with it and no others; its {@link Transfer#progressBytes progress} says which
 * blocks are down all the same. Owned by the thread that runs write-back.
 */
final class WritePass {

    /** How often a freeze may make a lease wait for the host's 5 seconds. */
    private static final int LEASE_ATTEMPTS = 6;

    private final BlockSpace space;
    private final BufferCache cache;
    private final StagedRanges ranges;
    private final Mapping mapping = new Mapping();
    private final Transfer pending = new Transfer();
    private int pendingFirst;
    private DirtyBatch batch;
    private BlockSpaceException failure;
    private boolean isFatal;

    WritePass(BlockSpace space, BufferCache cache) {
        this.space = space;
        this.cache = cache;
        this.ranges = new StagedRanges(space);
    }

    /** The first error of the last pass, or null. */
    BlockSpaceException failure() {
        return failure;
    }

    /** {@code true} when the last pass failed in a way that no other block can escape. */
    boolean isFatal() {
        return isFatal;
    }

    /**
     * Writes the batch and notes how far each buffer got.
     *
     * @return the index of the first buffer that was BUSY, or the size of the batch
     */
    int write(DirtyBatch all) {
        batch = all;
        failure = null;
        isFatal = false;
        ranges.begin(all);
        try {
            int stop = writeData();
            note(ranges.commit());
            return stop;
        } finally {
            pending.reset(0);
            batch = null;
        }
    }

    private int writeData() {
        int at = 0;
        try (Lease _ = writeLease()) {
            try {
                while (at < batch.size()) {
                    int count = allocate(at);
                    if (count == 0) {
                        break;
                    }
                    at += count;
                }
            } finally {
                drain(); // also after a cancel: what is allocated may be finished
            }
            return at;
        } catch (BlockSpaceException e) {
            note(e);
            isFatal = true;
            return batch.size();
        }
    }

    /** Allocates a run from {@code at} on; 0 when it is BUSY. */
    private int allocate(int at) {
        Buffer first = batch.buffer(at);
        long wanted = (long) batch.runLength(at) * Geometry.BLOCK_BYTES;
        Allocation kind = space.allocate(first.cookie(), first.offsetBytes(), wanted, mapping);
        if (kind == Allocation.BUSY) {
            return 0;
        }
        if (kind == Allocation.NO_CREDIT) {
            throw new IllegalStateException("a dirty buffer has no credit: " + first + ", cookie="
                    + first.cookie().id());
        }
        int count = (int) (mapping.lengthBytes() / Geometry.BLOCK_BYTES);
        startIo(at, mapping.deviceOffsetBytes());
        for (int i = at; i < at + count; i++) {
            pending.add(cache.memory(), cache.memoryOffset(batch.buffer(i)), Geometry.BLOCK_BYTES);
        }
        if (kind == Allocation.IN_PLACE) {
            batch.outcome(at, count, Outcome.IN_PLACE);
        } else {
            batch.outcome(at, count, Outcome.STAGED);
            ranges.add(at, count, kind.commitType());
        }
        return count;
    }

    private void startIo(int at, long deviceOffset) {
        boolean follows = pending.count() > 0 && pending.deviceOffsetBytes() + pending.totalBytes() == deviceOffset;
        if (!follows) {
            drain();
            pending.reset(deviceOffset);
            pendingFirst = at;
        }
    }

    private void drain() {
        int count = pending.count();
        if (count == 0) {
            return;
        }
        int down = count;
        try {
            space.device().write(pending, IoRole.DATA);
        } catch (BlockSpaceException e) {
            note(e);
            down = (int) (pending.progressBytes() / Geometry.BLOCK_BYTES);
        }
        for (int i = pendingFirst; i < pendingFirst + down; i++) {
            batch.outcome(i, 1, batch.outcome(i) == Outcome.IN_PLACE ? Outcome.DONE : Outcome.DOWN);
        }
        pending.reset(0);
    }

    private void note(BlockSpaceException e) {
        if (e == null) {
            return;
        }
        isFatal |= e.code() == Code.FAILED || e.code() == Code.CLOSED;
        if (failure == null) {
            failure = e;
        } else if (!failure.equals(e)) {
            failure.addSuppressed(e);
        }
    }

    private Lease writeLease() {
        for (int attempt = 1; ; attempt++) {
            try {
                return space.writeLease();
            } catch (BlockSpaceException e) {
                if (e.code() != Code.BUSY || attempt == LEASE_ATTEMPTS) {
                    throw e;
                }
            }
        }
    }
}

package io.blkspc.host.core;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.DataChecksum;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.Pool;
import io.blkspc.api.Transfer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Maps single blocks that touch no other, so that each is an extent of its own, in an order that goes to another leaf with
 * each block. Without data it writes nothing to the blocks: good for extents that a checkpoint or a mark will cover.
 */
final class ScatteredExtents {

    /** Every other block. */
    static final int STRIDE = 2;

    /** Blocks of one commit, and so of one journal record. */
    static final int BATCH = 64;

    /** Coprime to the counts used here; the step from one block to the next, in extents. */
    private static final long STEP = 7_919;

    private final Pool pool;
    private final MemorySegment block = Arena.ofAuto().allocate(Geometry.BLOCK_BYTES, Geometry.BLOCK_BYTES);
    private final Transfer transfer = new Transfer();
    private final Mapping mapping = new Mapping();
    private final DataChecksum checksum = new DataChecksum();

    ScatteredExtents(Pool pool) {
        this.pool = pool;
    }

    /** Size of a volume that has room for so many. */
    static long volumeBytes(int extents) {
        return (long) extents * STRIDE * Geometry.BLOCK_BYTES;
    }

    /** Where the extent that is written {@code index}-th of {@code count} lies. */
    static long offsetBytes(int index, int count) {
        return Math.floorMod(index * STEP, (long) count) * STRIDE * Geometry.BLOCK_BYTES;
    }

    /** Writes extents {@code from} to {@code to} of a volume that has room for {@code count}. */
    void write(String volume, int from, int to, int count, boolean withData) {
        try (BlockSpace space = pool.open(volume)) {
            for (int at = from; at < to; at += BATCH) {
                Cookie cookie = space.reserve(BATCH, Geometry.BLOCK_BYTES);
                try {
                    batch(space, cookie, at, Math.min(to, at + BATCH), count, withData);
                } finally {
                    cookie.put();
                }
            }
        }
    }

    private void batch(BlockSpace space, Cookie cookie, int from, int to, int count, boolean withData) {
        CommitBatch unwritten = new CommitBatch();
        CommitBatch cow = new CommitBatch();
        for (int index = from; index < to; index++) {
            long offset = offsetBytes(index, count);
            try (Lease _ = space.writeLease()) {
                Allocation kind = space.allocate(cookie, offset, Geometry.BLOCK_BYTES, mapping);
                int sum = withData ? writeData(space, index) : 0;
                (kind == Allocation.COW ? cow : unwritten).add(offset, Geometry.BLOCK_BYTES, sum);
            }
        }
        commit(space, cookie, Allocation.UNWRITTEN.commitType(), unwritten);
        commit(space, cookie, Allocation.COW.commitType(), cow);
    }

    private static void commit(BlockSpace space, Cookie cookie, CommitType type, CommitBatch batch) {
        if (batch.size() > 0) {
            space.commit(cookie, type, batch);
        }
    }

    private int writeData(BlockSpace space, int index) {
        for (long at = 0; at < Geometry.BLOCK_BYTES; at += 512) {
            block.set(JAVA_BYTE, at, (byte) (index + at));
        }
        transfer.reset(mapping.deviceOffsetBytes()).add(block, 0, Geometry.BLOCK_BYTES);
        space.device().write(transfer, IoRole.DATA);
        return checksum.reset().update(block.asByteBuffer()).value();
    }
}

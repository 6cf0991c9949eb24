package io.blkspc.xfsish.writeback;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.DataChecksum;
import io.blkspc.api.Geometry;
import io.blkspc.xfsish.buffer.DirtyBatch;
import io.blkspc.xfsish.buffer.DirtyBatch.Outcome;

/**
 * What one pass staged, and its commits: as many ranges in one call as share a cookie and a type. A range is one answer of
 * allocate; of a range that is only partly down, the part from its start is committed. Owned by the thread that runs
 * write-back.
 */
final class StagedRanges {

    private final BlockSpace space;
    private final DataChecksum data = new DataChecksum();
    private final CommitBatch commit = new CommitBatch();
    private final int[] firsts = new int[DirtyBatch.MAX_BUFFERS];
    private final int[] counts = new int[DirtyBatch.MAX_BUFFERS];
    private final CommitType[] types = new CommitType[DirtyBatch.MAX_BUFFERS];
    /** Ranges of the commit that is being put together. */
    private final int[] members = new int[DirtyBatch.MAX_BUFFERS];

    private DirtyBatch batch;
    private int size;

    StagedRanges(BlockSpace space) {
        this.space = space;
    }

    void begin(DirtyBatch all) {
        batch = all;
        size = 0;
    }

    void add(int first, int count, CommitType type) {
        firsts[size] = first;
        counts[size] = count;
        types[size] = type;
        size++;
    }

    /** Commits all that is down; returns the first error, or null. What could not be committed stays staged. */
    BlockSpaceException commit() {
        BlockSpaceException failure = null;
        for (int r = 0; r < size; r++) {
            counts[r] = countDown(firsts[r], counts[r]);
        }
        for (int r = 0; r < size; r++) {
            if (counts[r] > 0) {
                BlockSpaceException e = commitLike(r);
                failure = failure == null ? e : failure;
            }
        }
        return failure;
    }

    private int countDown(int first, int count) {
        int down = 0;
        while (down < count && batch.outcome(first + down) == Outcome.DOWN) {
            down++;
        }
        return down;
    }

    private BlockSpaceException commitLike(int first) {
        Cookie cookie = batch.buffer(firsts[first]).cookie();
        int count = 0;
        commit.clear();
        for (int r = first; r < size; r++) {
            if (counts[r] > 0
                    && types[r] == types[first]
                    && batch.buffer(firsts[r]).isPaidBy(cookie)) {
                commit.add(
                        batch.buffer(firsts[r]).offsetBytes(),
                        counts[r] * Geometry.BLOCK_BYTES,
                        checksum(firsts[r], counts[r]));
                members[count++] = r;
            }
        }
        BlockSpaceException failure = null;
        try {
            space.commit(cookie, types[first], commit);
        } catch (BlockSpaceException e) {
            failure = e;
        }
        for (int i = 0; i < count; i++) {
            int r = members[i];
            if (failure == null) {
                batch.outcome(firsts[r], counts[r], Outcome.DONE);
            }
            counts[r] = 0;
        }
        return failure;
    }

    private int checksum(int first, int count) {
        data.reset();
        for (int i = first; i < first + count; i++) {
            data.update(batch.buffer(i).view());
        }
        return data.value();
    }
}

package io.blkspc.api.model;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.DataChecksum;
import io.blkspc.api.Geometry;
import io.blkspc.api.model.ModelVersion.Pointer;
import io.blkspc.api.model.ModelVersion.Stage;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Changes of one head's map: commit, discard, zero, preallocate. Under the pool's monitor. */
final class ModelEdit {

    private static final int BLOCK = Geometry.BLOCK_BYTES;

    private final ModelPool pool;
    private final ModelVersion head;

    ModelEdit(ModelPool pool, ModelVersion head) {
        this.pool = pool;
        this.head = head;
    }

    void commit(ModelCookie cookie, CommitType type, CommitBatch ranges) {
        Set<Long> seen = new HashSet<>();
        for (int i = 0; i < ranges.size(); i++) {
            DataChecksum checksum = new DataChecksum();
            for (long block = firstOf(ranges, i); block < endOf(ranges, i); block++) {
                Stage stage = head.stages.get(block);
                boolean isMine = stage != null && stage.cookie() == cookie && seen.add(block);
                long first = firstOf(ranges, i);
                if (!isMine
                        || stage.isCow() != (type == CommitType.COW)
                        || stage.physical() - head.stages.get(first).physical() != block - first) {
                    throw new BlockSpaceException(
                            Code.OUT_OF_RANGE,
                            "block is not staged by this cookie as this type: offset=" + block * BLOCK + ", type="
                                    + type);
                }
                pool.device.checksum(stage.physical(), checksum);
            }
            if (pool.options.strict() && checksum.value() != ranges.checksum(i)) {
                throw new IllegalArgumentException("checksum is not of what was written: offset="
                        + ranges.offsetBytes(i) + ", length=" + ranges.lengthBytes(i));
            }
        }
        if (ranges.size() == 0) {
            return;
        }
        pool.blocks.sequence++;
        for (int i = 0; i < ranges.size(); i++) {
            for (long block = firstOf(ranges, i); block < endOf(ranges, i); block++) {
                publish(block, head.stages.remove(block));
            }
        }
        changed();
    }

    private void publish(long block, Stage stage) {
        Pointer old = head.map.put(block, new Pointer(stage.physical(), pool.epoch(), true));
        pool.blocks.hold(stage.physical());
        pool.blocks.releaseStaged(stage.physical());
        if (old != null) {
            pool.blocks.release(old.physical());
        }
        pool.blocks.name(stage.physical());
    }

    void zero(long start, long end, boolean keep, Runnable check) {
        boolean keeps = keep || head.isGuaranteed();
        quiesce(start, end, keeps, check);
        pool.blocks.sequence++;
        for (Long block : List.copyOf(head.map.subMap(start, end).keySet())) {
            Pointer old = head.map.get(block);
            if (keeps && head.owns(old)) {
                head.map.put(block, new Pointer(old.physical(), pool.epoch(), false));
            } else {
                head.map.remove(block);
                pool.blocks.release(old.physical());
            }
        }
        changed();
    }

    void preallocate(ModelCookie cookie, long start, long end, Runnable check) {
        for (long block = start; block < end; ) {
            long from = block;
            pool.await("range is staged", () -> !head.hasStageIn(from, end) || !head.isVisible());
            check.run();
            if (head.map.containsKey(block)) {
                block++;
                continue;
            }
            if (!cookie.canTake(block)) {
                throw new BlockSpaceException(Code.NO_CREDIT, "credit is used up: cookie=" + cookie.id());
            }
            long target = pool.takeFresh();
            if (target < 0) {
                pool.await("freed blocks are held by leases", pool.blocks::hasFree);
                continue; // the monitor was left: look again
            }
            pool.blocks.hold(target);
            cookie.take(block, true);
            pool.blocks.sequence++;
            head.map.put(block, new Pointer(target, pool.epoch(), false));
            changed();
            block++;
        }
    }

    /**
     * Waits until nothing is staged in the range and, where blocks stay, nobody writes in place; then it stays so because the
     * monitor is not left.
     */
    private void quiesce(long start, long end, boolean keep, Runnable check) {
        while (true) {
            pool.await("range is staged", () -> !head.hasStageIn(start, end) || !head.isVisible());
            check.run();
            if (!keep) {
                return; // a block under a write in place rests until the lease ends
            }
            head.gates++;
            try {
                pool.await("volume is being written", () -> head.writeLeases == 0 || !head.isVisible());
            } finally {
                head.gates--;
                pool.monitor.notifyAll();
            }
            check.run();
            if (!head.hasStageIn(start, end)) {
                return;
            }
        }
    }

    private void changed() {
        head.generation++;
        pool.monitor.notifyAll();
    }

    private static long firstOf(CommitBatch ranges, int index) {
        return ranges.offsetBytes(index) / BLOCK;
    }

    private static long endOf(CommitBatch ranges, int index) {
        return firstOf(ranges, index) + ranges.lengthBytes(index) / BLOCK;
    }
}

package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.host.core.crash.AllocationPoints;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;

/** One run of {@code HalfForgottenTest}, in a world where memory ends at one place. */
final class ForgettingRun {

    /** Cells of several chunks. */
    private static final int BLOCKS = 300;
    /** Drops of a step: more than one, so that it can be half done. */
    private static final int STEP = 7;

    private final Reaping reaping = new Catalogue().reaping;
    private final Version branchPoint = version(1);
    private final Version leaving = child(2);
    private final Version all = child(3);
    private final Version half = child(4);

    private String doing;
    private String ended;
    private long chunkIds;

    private ForgettingRun() {}

    /**
     * Called across loaders.
     *
     * @param ordinal place to throw at, from 1 on
     * @return what was done and where it threw, or {@code null} when there are fewer places
     */
    static String run(int ordinal) {
        return new ForgettingRun().failOnce(ordinal);
    }

    private static Version version(long id) {
        return new Version(id, new UUID(1, id));
    }

    private Version child(long id) {
        Version child = version(id);
        child.parent = branchPoint;
        branchPoint.children.add(child);
        return child;
    }

    /** What was dropped block by block lies in one interval, which each drop that is forgotten cuts: that takes memory. */
    private void drop() {
        IntStream.range(0, BLOCKS).filter(block -> block % 2 == 1).forEach(block -> drop(leaving, block, 1));
        IntStream.range(0, BLOCKS).filter(block -> block % 2 == 0).forEach(block -> drop(leaving, block, 1));
        drop(all, 0, BLOCKS);
        drop(half, 0, BLOCKS / 2);
    }

    private void drop(Version child, long block, long count) {
        child.dead.addBlocks(() -> ++chunkIds, block, count, 1);
    }

    private String failOnce(int ordinal) {
        drop();
        reaping.branchAppeared(branchPoint);
        AllocationPoints.arm(ordinal, false);
        for (boolean isDone = false; !isDone; ) {
            try {
                isDone = step();
            } catch (OutOfMemoryError e) {
                AllocationPoints.relieve();
                ended = doing + AllocationPoints.fired();
            }
        }
        AllocationPoints.relieve();
        assertThat(reaping.isForgetting()).isFalse();
        branchPoint.counts.remove(leaving);
        requireExact();
        return ended;
    }

    /** In the reaper's order. */
    private boolean step() {
        Version uncounted = reaping.uncounted();
        doing = uncounted == null ? "forget " : "count ";
        if (uncounted == null) {
            return reaping.forget(leaving, STEP);
        }
        reaping.count(uncounted, STEP);
        return false;
    }

    private void requireExact() {
        List<Long> complete = new ArrayList<>();
        List<Long> neededByOne = new ArrayList<>();
        branchPoint.counts.forEachComplete((start, end, _) -> collect(start, end, complete));
        branchPoint.counts.forEachSole(half, (start, end, _) -> collect(start, end, neededByOne));
        branchPoint.counts.forEachSole(all, (start, _, _) -> assertThat(start).isNegative());
        for (long block = 0; block < BLOCKS; block++) {
            assertThat(complete.contains(block)).as("complete: block=%d", block).isEqualTo(block < BLOCKS / 2);
            assertThat(neededByOne.contains(block))
                    .as("needed: block=%d", block)
                    .isEqualTo(block >= BLOCKS / 2);
        }
    }

    private static void collect(long start, long end, List<Long> blocks) {
        for (long block = start; block < end; block++) {
            blocks.add(block);
        }
    }
}

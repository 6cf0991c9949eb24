package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.Changes;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.Comparison;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.MappingState;
import io.blkspc.api.client.SpaceIo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What operations cost, counted and not timed: IOs, bytes, nodes. */
class CostCountsTest {

    private static final int BLOCK = Geometry.BLOCK_BYTES;

    /** Maps {@code extents} single blocks with holes between them, so that no two are one extent. */
    static void fill(BlockSpace space, int extents, int strideBlocks) {
        int batchSize = 1000;
        Mapping mapping = new Mapping();
        CommitBatch batch = new CommitBatch();
        for (int done = 0; done < extents; done += batchSize) {
            int count = Math.min(batchSize, extents - done);
            Cookie cookie = space.reserve(count, BLOCK);
            batch.clear();
            CommitType type = CommitType.UNWRITTEN;
            try (Lease _ = space.writeLease()) {
                for (int i = 0; i < count; i++) {
                    long offset = (long) (done + i) * strideBlocks * BLOCK;
                    Allocation kind = space.allocate(cookie, offset, BLOCK, mapping);
                    assertThat(kind.isWritable()).isTrue();
                    type = kind.commitType(); // the same for all of a call
                    batch.add(offset, BLOCK, 0);
                }
            }
            space.commit(cookie, type, batch);
            cookie.put();
        }
    }

    @Test
    void cloneOfAMillionExtentsCostsWhatACloneOfNothingCosts() {
        try (CountingPool at = new CountingPool(8L << 30)) {
            at.pool.create("many", 16L << 30);
            at.pool.create("none", 16L << 30);
            try (BlockSpace many = at.pool.open("many")) {
                fill(many, 1_000_000, 2);
            }
            assertThat(at.pool.info("many").mappedBytes()).isEqualTo(1_000_000L * BLOCK);
            at.quiet();
            Map<String, Long> none = at.countsOf(() -> at.pool.clone("none", List.of("none1")));
            at.quiet();
            Map<String, Long> many = at.countsOf(() -> at.pool.clone("many", List.of("many1")));
            assertThat(many).isEqualTo(none);
            assertThat(many).doesNotContainKeys("nodes read", "nodes stored", "node slots used", "data allocated");
            assertThat(many.get("JOURNAL bytes written")).isBetween(512L, 4096L);
            at.quiet();
            Map<String, Long> noneSnap = at.countsOf(() -> at.pool.snapshot(List.of("none@s")));
            at.quiet();
            Map<String, Long> manySnap = at.countsOf(() -> at.pool.snapshot(List.of("many@s")));
            assertThat(manySnap).isEqualTo(noneSnap);
        }
    }

    @Test
    void readingThroughAThousandClonesLooksUpAsManyNodesAsThroughNone() {
        try (CountingPool at = new CountingPool(1L << 30)) {
            at.pool.create("c0", 4L << 30);
            try (BlockSpace space = at.pool.open("c0")) {
                fill(space, 2_000, 300);
            }
            for (int depth = 1; depth <= 1000; depth++) {
                at.pool.clone("c" + (depth - 1), List.of("c" + depth));
                try (BlockSpace space = at.pool.open("c" + depth)) {
                    // Each one changes something, so that it is a level of its own.
                    fill(space, 1, 1);
                    space.discard(0, BLOCK);
                }
            }
            at.quiet();
            assertThat(lookups(at, "c1000")).isEqualTo(lookups(at, "c0")).isEqualTo(4L * 100);
        }
    }

    private static long lookups(CountingPool at, String name) {
        Mapping mapping = new Mapping();
        try (BlockSpace space = at.pool.open(name)) {
            at.nodeReads();
            for (int i = 1; i <= 100; i++) {
                try (Lease _ = space.readLease()) {
                    space.map(i * 300L * BLOCK, BLOCK, mapping);
                    assertThat(mapping.state()).isEqualTo(MappingState.WRITTEN);
                }
            }
            return at.nodeReads();
        }
    }

    @Test
    void aThousandClonesInOneCommandAreOneRecordAndForcedAsOneClone() {
        try (CountingPool at = new CountingPool(1L << 30)) {
            at.pool.create("a", 1L << 30);
            at.pool.create("b", 1L << 30);
            List<String> thousand =
                    IntStream.range(0, 1000).mapToObj(i -> "c" + i).toList();
            at.quiet();
            Map<String, Long> one = at.countsOf(() -> at.pool.clone("a", List.of("one")));
            at.quiet();
            Map<String, Long> many = at.countsOf(() -> at.pool.clone("b", thousand));
            for (String count : List.of("JOURNAL forces", "DATA forces", "journal records")) {
                assertThat(many.get(count)).as(count).isEqualTo(one.get(count));
            }
        }
    }

    @Test
    void anOverwriteAndItsFlushAreOneWriteAndOneForceOfTheDataAndNoMore() {
        try (CountingPool at = new CountingPool(64L << 20);
                Arena arena = Arena.ofConfined()) {
            at.pool.create("v", 1L << 20);
            try (BlockSpace space = at.pool.open("v");
                    SpaceIo io = SpaceIo.on(space)) {
                MemorySegment data = arena.allocate(BLOCK).fill((byte) 1);
                Runnable writeAndFlush = () -> {
                    io.write(0, BLOCK, data, 0, false);
                    io.flush();
                };
                at.quiet();
                Map<String, Long> first = at.countsOf(writeAndFlush);
                assertThat(first).containsEntry("DATA forces", 1L).containsEntry("JOURNAL forces", 1L);
                assertThat(first).containsEntry("DATA writes", 1L).containsEntry("journal records", 1L);
                at.quiet();
                for (int i = 0; i < 3; i++) {
                    Map<String, Long> counts = at.countsOf(writeAndFlush);
                    counts.remove("nodes read"); // the look-up: this pool caches none
                    assertThat(counts)
                            .isEqualTo(
                                    Map.of("DATA writes", 1L, "DATA bytes written", (long) BLOCK, "DATA forces", 1L));
                }
            }
        }
    }

    @Test
    void findingWhatChangedReadsNodesByTheChangeAndNotByTheSize() {
        try (CountingPool at = new CountingPool(2L << 30)) {
            at.pool.create("v", 4L << 30);
            try (BlockSpace space = at.pool.open("v")) {
                fill(space, 200_000, 2);
            }
            at.pool.snapshot(List.of("v@s"));
            at.quiet();
            at.nodeReads();
            assertThat(at.pool.changedSince("v", "v@s", 0).ranges()).isEmpty();
            assertThat(at.nodeReads()).isZero();
            try (BlockSpace space = at.pool.open("v")) {
                fill(space, 10, 30_000); // ten leaves, far from each other
            }
            at.quiet();
            at.nodeReads();
            assertThat(at.pool.changedSince("v", "v@s", 0).ranges()).hasSize(10);
            assertThat(at.nodeReads()).isBetween(20L, 2L * 4 * 10);
        }
    }

    @Test
    void aPartOfWhatChangedCostsThatPartOnly() {
        try (CountingPool at = new CountingPool(2L << 30)) {
            at.pool.create("v", 4L << 30);
            at.pool.snapshot(List.of("v@s"));
            try (BlockSpace space = at.pool.open("v")) {
                fill(space, 200_000, 2); // every other block: each leaf of the first 1.5 GiB is full of changes
            }
            Comparison comparison = new Comparison(
                    "v", at.pool.info("v").uuid(), "v@s", at.pool.info("v@s").uuid());
            at.quiet();
            at.nodeReads();
            long middle = 700L << 20;
            assertThat(at.pool
                            .changedSince(comparison, middle, middle + 4096, 1024)
                            .ranges())
                    .hasSize(1);
            assertThat(at.nodeReads()).as("one block").isBetween(1L, 4L);
            Changes some = at.pool.changedSince(comparison, middle, Long.MAX_VALUE & -4096, 1000);
            assertThat(some.ranges().size()).isBetween(1000, 1000 + 128);
            assertThat(some.nextOffsetBytes()).isEqualTo(middle + (8L << 20));
            assertThat(at.nodeReads()).as("a thousand ranges").isBetween(8L, 3L + 8);
        }
    }

    @Test
    void destroyCostsTheSameHoweverMuchIsMapped() {
        try (CountingPool at = new CountingPool(2L << 30)) {
            at.pool.create("many", 4L << 30);
            at.pool.create("none", 4L << 30);
            try (BlockSpace many = at.pool.open("many")) {
                fill(many, 200_000, 2);
            }
            at.quiet();
            Map<String, Long> none = at.countsOf(() -> at.pool.destroy(List.of("none"), false));
            at.quiet();
            Map<String, Long> many = at.countsOf(() -> at.pool.destroy(List.of("many"), false));
            assertThat(many).isEqualTo(none);
            at.pool.awaitReclaim();
            assertThat(at.pool.status().allocatedBytes()).isZero();
        }
    }

    /** What a writer waits for at most: a step holds the order lock, and is one record and some nodes, never a tree. */
    @Test
    void aStepOfTheReaperIsSmallHoweverMuchThereIsToGiveBack() {
        long before = 0;
        for (int extents : new int[] {20_000, 200_000}) {
            try (CountingPool at = new CountingPool(2L << 30)) {
                at.pool.create("many", 4L << 30);
                try (BlockSpace many = at.pool.open("many")) {
                    fill(many, extents, 2);
                    at.pool.snapshot(List.of("many@s"));
                    fill(many, extents, 2); // the snapshot alone has the first blocks now
                }
                at.quiet();
                at.pool.destroy(List.of("many@s"), false);
                long merging = stepsOf(at);
                assertThat(at.pool.status().allocatedBytes()).isEqualTo((long) extents * BLOCK);
                at.pool.destroy(List.of("many"), false);
                long walking = stepsOf(at);
                assertThat(at.pool.status().allocatedBytes()).isZero();
                assertThat(merging + walking).as("steps").isGreaterThan(5 * before);
                before = merging + walking;
            }
        }
    }

    /** Gives back all there is to give back; returns the steps it took. */
    private static long stepsOf(CountingPool at) {
        at.pool.flush();
        long steps = 0;
        boolean[] isMore = {true};
        while (isMore[0]) {
            Map<String, Long> counts = at.countsOf(() -> isMore[0] = at.pool.backgroundRound());
            // Leaves and the paths to them, twice, as this pool has no cache.
            assertThat(counts.getOrDefault("nodes read", 0L)).isLessThanOrEqualTo(3L * Reaper.STEP_LEAVES);
            // The step's own, and now and then the mark of the round.
            assertThat(counts.getOrDefault("journal records", 0L)).isLessThanOrEqualTo(2);
            steps++;
        }
        return steps;
    }
}

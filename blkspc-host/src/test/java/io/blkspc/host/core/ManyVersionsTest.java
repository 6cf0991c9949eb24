package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.VolumeInfo;
import io.blkspc.host.check.SpaceCheck;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Very many snapshots and clones in one pool: what one more costs does not depend on how many there are, they are there after
 * a stop and after a crash, and destroying them in any order gives everything back. Prints times and memory; asserts counts.
 */
class ManyVersionsTest {

    private static final int BLOCK = Geometry.BLOCK_BYTES;

    /** Every so many versions one changes a block, so that it is a level of its own. */
    private static final int CHANGE_EVERY = 16;

    private static final int BLOCKS = 64;
    private static final int TOGETHER = 1000;

    private final long seed = Long.getLong("blkspc.seed", 20_260_721L);
    private final SplittableRandom random = new SplittableRandom(seed);
    private final Set<String> names = new HashSet<>();
    private CountingPool at;
    private int made;

    @Test
    void threeThousandVersions() {
        versions(3_000, 512L << 20, 256L << 20);
    }

    @Test
    @EnabledIfSystemProperty(
            named = "blkspc.release",
            matches = "true",
            disabledReason = "needs a minute or more, runs with --release")
    void aHundredThousandVersions() {
        versions(100_000, 2L << 30, 4L << 30);
    }

    private void versions(int count, long dataBytes, long metadataBytes) {
        System.out.printf("seed=%d%n", seed);
        try (CountingPool pool = new CountingPool(PoolGeometry.of(dataBytes, metadataBytes))) {
            at = pool;
            at.pool.create("base", 1 << 30);
            names.add("base");
            for (int block = 0; block < BLOCKS; block++) {
                change("base", block);
            }
            snapshot("base@0");
            Map<String, Map<String, Long>> few = costs("1");
            timed("made " + count, () -> make(count));
            Map<String, Map<String, Long>> many = costs("2");
            assertThat(many).isEqualTo(few);
            EngineFacts.requireExact(at.pool);
            survives(count);
            timed("destroyed " + names.size(), this::destroyAll);
            EngineFacts.requireEmpty(at.pool);
            assertThat(at.pool.status().allocatedBytes()).isZero();
        }
    }

    /** Only the last clone of a chain still holds a block that the first volume wrote: each level above must be asked. */
    @Test
    void whatTheLastOfALongChainHoldsAloneIsFoundWithAShortStack() throws InterruptedException {
        int depth = 1000;
        try (CountingPool pool = new CountingPool(PoolGeometry.of(256 << 20, 512 << 20))) {
            at = pool;
            at.pool.create("c0", 1 << 30);
            change("c0", 0);
            for (int i = 1; i <= depth; i++) {
                change("c" + (i - 1), 1); // a level of its own
                at.pool.clone("c" + (i - 1), List.of("c" + i));
            }
            for (int i = 0; i < depth; i++) {
                change("c" + i, 0);
            }
            at.quiet();
            long[] exclusive = {-1};
            Thread asking = new Thread(
                    null, () -> exclusive[0] = at.pool.info("c" + depth).exclusiveBytes(), "short stack", 192 << 10);
            asking.start();
            asking.join();
            assertThat(exclusive[0]).isEqualTo(BLOCK);
        }
    }

    // ---- making ----

    private void make(int count) {
        for (int i = 0; i < TOGETHER && names.size() < count; i++) {
            snapshot("base@" + ++made);
        }
        while (names.size() < count) {
            switch (random.nextInt(4)) {
                case 0 -> many(random.nextInt(1, TOGETHER + 1), count);
                case 1 -> chain(random.nextInt(1, 100));
                case 2 -> snapshots(any(false), random.nextInt(1, 100));
                default -> clones(random.nextInt(1, 100));
            }
        }
    }

    /** Clones of one version in one command. */
    private void many(int count, int most) {
        List<String> targets = IntStream.range(0, Math.min(count, most - names.size()))
                .mapToObj(_ -> "c" + ++made)
                .toList();
        if (!targets.isEmpty()) {
            at.pool.clone(any(true), targets);
            names.addAll(targets);
        }
    }

    /** Clones of clones, all of them live. */
    private void chain(int depth) {
        String source = any(false);
        for (int i = 0; i < depth; i++) {
            source = clone(source);
        }
    }

    private void clones(int count) {
        for (int i = 0; i < count; i++) {
            clone(any(true));
        }
    }

    private void snapshots(String volume, int count) {
        for (int i = 0; i < count; i++) {
            snapshot(volume + "@" + ++made);
            changeNowAndThen(volume);
        }
    }

    private void snapshot(String name) {
        at.pool.snapshot(List.of(name));
        names.add(name);
    }

    private String clone(String source) {
        String name = "c" + ++made;
        at.pool.clone(source, List.of(name));
        names.add(name);
        changeNowAndThen(name);
        return name;
    }

    private void changeNowAndThen(String volume) {
        if (made % CHANGE_EVERY == 0) {
            change(volume, random.nextInt(BLOCKS));
        }
    }

    /** One of the first snapshots or of the volumes with a low number. */
    private String any(boolean snapshotToo) {
        if (snapshotToo && random.nextInt(2) == 0) {
            return "base@" + random.nextInt(TOGETHER);
        }
        for (int tries = 0; tries < 20; tries++) {
            String name = "c" + random.nextInt(1, made + 1);
            if (names.contains(name)) {
                return name;
            }
        }
        return "base";
    }

    private void change(String volume, int block) {
        try (BlockSpace space = at.pool.open(volume)) {
            Cookie cookie = space.reserve(1, BLOCK);
            CommitBatch batch = new CommitBatch();
            try (Lease _ = space.writeLease()) {
                Allocation kind = space.allocate(cookie, (long) block * BLOCK, BLOCK, new Mapping());
                if (kind.isWritable() && kind != Allocation.IN_PLACE) {
                    batch.add((long) block * BLOCK, BLOCK, 0);
                    space.commit(cookie, kind.commitType(), batch);
                }
            }
            cookie.put();
        }
    }

    // ---- what one more costs ----

    private Map<String, Map<String, Long>> costs(String round) {
        List<String> together = IntStream.range(0, TOGETHER)
                .mapToObj(i -> "t" + round + "-" + (TOGETHER + i))
                .toList();
        Map<String, Map<String, Long>> costs = new TreeMap<>();
        cost(costs, "clone of a snapshot", () -> at.pool.clone("base@0", List.of("p" + round)));
        cost(costs, "clone of a volume", () -> at.pool.clone("p" + round, List.of("q" + round)));
        change("q" + round, 1);
        cost(costs, "snapshot", () -> at.pool.snapshot(List.of("q" + round + "@s")));
        cost(costs, "a thousand clones", () -> at.pool.clone("base@0", together));
        cost(costs, "info", () -> assertThat(at.pool.info("q" + round).clones()).isZero());
        cost(costs, "list", () -> at.pool.list());
        cost(costs, "rename", () -> at.pool.rename("p" + round, "r" + round));
        cost(costs, "destroy", () -> destroyAndWait(List.of("r" + round)));
        cost(costs, "destroy of a thousand", () -> destroyAndWait(together));
        at.pool.destroy(List.of("q" + round + "@s", "q" + round), false);
        at.quiet();
        return costs;
    }

    private void destroyAndWait(List<String> some) {
        at.pool.destroy(some, false);
        at.pool.awaitReclaim();
    }

    private void cost(Map<String, Map<String, Long>> costs, String what, Runnable work) {
        at.quiet();
        long begin = System.nanoTime();
        costs.put(what, at.countsOf(work));
        System.out.printf(
                "%,d versions: %s %,d us %s%n",
                at.pool.engine().catalogue.versions().size(),
                what,
                (System.nanoTime() - begin) / 1000,
                costs.get(what));
    }

    // ---- stop, crash, end ----

    private void survives(int count) {
        List<String> facts = EngineFacts.versions(at.pool);
        timed("crashed and opened", at::kill);
        assertThat(EngineFacts.versions(at.pool)).isEqualTo(facts);
        timed("stopped", at::close);
        at.pool = null;
        long before = usedHeap();
        timed("opened", at::open);
        System.out.printf("heap of the open pool: %,d bytes%n", usedHeap() - before);
        assertThat(EngineFacts.versions(at.pool)).isEqualTo(facts);
        List<String> listed = at.pool.list().stream().map(VolumeInfo::name).toList();
        assertThat(listed).as("listed").isEqualTo(names.stream().sorted().toList());
        if (count < 10_000) {
            assertThat(at.pool.inspect(SpaceCheck::run).findings()).isEmpty();
        }
    }

    private static long usedHeap() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    /** In random order, some at a time, with the reaper at work in between; one crash in the middle. */
    private void destroyAll() {
        List<String> left = new ArrayList<>(names);
        left.sort(null);
        for (int i = left.size() - 1; i > 0; i--) {
            left.set(i, left.set(random.nextInt(i + 1), left.get(i)));
        }
        int crashAt = left.size() / 2;
        while (!left.isEmpty()) {
            List<String> some = left.subList(Math.max(0, left.size() - random.nextInt(1, 64)), left.size());
            at.pool.destroy(some, false);
            some.clear();
            for (int i = random.nextInt(64); i > 0; i--) {
                at.pool.backgroundRound();
            }
            if (left.size() < crashAt) {
                crashAt = 0;
                at.kill();
            }
        }
        at.pool.awaitReclaim();
        at.quiet();
    }

    private static void timed(String what, Runnable work) {
        long cpu = cpuMillis();
        long begin = System.nanoTime();
        work.run();
        System.out.printf(
                "%s: millis=%,d, cpuMillis=%,d%n", what, (System.nanoTime() - begin) / 1_000_000, cpuMillis() - cpu);
    }

    private static long cpuMillis() {
        return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toMillis();
    }
}

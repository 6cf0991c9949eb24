package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.contract.Seeds;
import io.blkspc.host.check.SpaceCheck;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDisk;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Snapshots that go one after the other, the newest first: what the reaper looks at is what was dropped, not its square. */
class NewestFirstTest {

    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int BATCH = 100;

    private final long seed = Seeds.next();
    private final SplittableRandom random = new SplittableRandom(seed);

    /** Gives that many blocks of their own new places; what they hold does not matter here. */
    private void change(HostPool pool, int blocks, int count) {
        TreeSet<Integer> chosen = new TreeSet<>();
        while (chosen.size() < count) {
            chosen.add(random.nextInt(blocks));
        }
        List<Integer> all = List.copyOf(chosen);
        try (BlockSpace space = pool.open("v")) {
            for (int from = 0; from < count; from += BATCH) {
                change(space, all.subList(from, Math.min(count, from + BATCH)));
            }
        }
    }

    private static void change(BlockSpace space, List<Integer> blocks) {
        Mapping mapping = new Mapping();
        CommitBatch batch = new CommitBatch();
        Cookie cookie = space.reserve(blocks.size(), BLOCK);
        CommitType type = null;
        try (Lease _ = space.writeLease()) {
            for (int block : blocks) {
                Allocation kind = space.allocate(cookie, (long) block * BLOCK, BLOCK, mapping);
                type = kind.commitType();
                batch.add((long) block * BLOCK, BLOCK, 0);
            }
        }
        space.commit(cookie, type, batch);
        cookie.put();
    }

    private void history(HostPool pool, int blocks, int snapshots, int changed) {
        pool.create("v", (long) blocks * BLOCK);
        change(pool, blocks, blocks);
        for (int i = 0; i < snapshots; i++) {
            pool.snapshot(List.of("v@s" + i));
            change(pool, blocks, changed);
        }
        pool.flush();
    }

    private static long dropped(HostPool pool) {
        return pool.engine().catalogue.versions().stream()
                .mapToLong(version -> version.dead.entryCount())
                .sum();
    }

    private static long sorted(HostPool pool) {
        return pool.engine().catalogue.reaping.sortedEntries;
    }

    @Test
    void entriesLookedAtGrowWithWhatWasDropped() {
        int blocks = 6_000;
        int snapshots = 60;
        HostPool pool = new CountingPool(128 << 20).pool;
        history(pool, blocks, snapshots, 200);
        long dropped = dropped(pool);
        for (int i = snapshots - 1; i >= 0; i--) {
            pool.destroy(List.of("v@s" + i), false);
            pool.awaitReclaim();
        }
        System.out.println("newest first: dropped=" + dropped + ", looked at=" + sorted(pool));
        assertThat(dropped).isGreaterThan(snapshots * 200L);
        assertThat(sorted(pool)).as("-Dblkspc.seed=" + seed).isLessThan(6 * dropped);
        assertThat(pool.status().allocatedBytes()).isEqualTo((long) blocks * BLOCK);
        EngineFacts.requireExact(pool);
    }

    /** In any order, with steps that end anywhere, and killed in between: the same lists, block for block. */
    @Test
    void anyOrderComesToTheSameAlsoAfterAKill() {
        for (int round = 0; round < (Boolean.getBoolean("blkspc.release") ? 50 : 1); round++) {
            InertScheduler inert = new InertScheduler();
            SimDisk fresh = new SimDisk(inert, random.nextLong());
            SimPool.create(fresh, inert, SimPool.geometry(16 << 20, 2_000, 1 << 20), random.nextLong());
            SimDisk disk = fresh.killImage();
            HostPool pool = SimPool.on(disk, inert, random.nextLong()).open();
            history(pool, 1_500, 10, 250);
            pool.engine().reaper.stepEntries = 50 + random.nextInt(400);
            List<String> names = new ArrayList<>();
            pool.list().stream().filter(info -> info.name().contains("@")).forEach(info -> names.add(info.name()));
            while (!names.isEmpty()) {
                boolean newest = random.nextInt(3) > 0;
                pool.destroy(List.of(names.remove(newest ? names.size() - 1 : random.nextInt(names.size()))), false);
                int steps = random.nextInt(40);
                for (int i = 0; i < steps; i++) {
                    pool.backgroundRound();
                }
                if (random.nextInt(3) == 0) {
                    pool.checkpoint();
                }
                pool.flush();
                HostPool twin = SimPool.on(disk.killImage(), new InertScheduler(), random.nextLong())
                        .open();
                assertThat(EngineFacts.versions(twin))
                        .as("-Dblkspc.seed=" + seed)
                        .isEqualTo(EngineFacts.versions(pool));
                assertThat(twin.inspect(SpaceCheck::run).findings()).isEmpty();
                twin.awaitReclaim();
                EngineFacts.requireExact(twin);
            }
            pool.awaitReclaim();
            EngineFacts.requireExact(pool);
            assertThat(pool.status().allocatedBytes()).isEqualTo(1_500L * BLOCK);
            pool.destroy(List.of("v"), false);
            pool.awaitReclaim();
            EngineFacts.requireEmpty(pool);
        }
    }
}

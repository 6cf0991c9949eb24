package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.sim.Fault;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoEvent;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import io.blkspc.host.sim.SimScheduler;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** R1: nobody commits while something that another commit published has been unpersisted for more than 200 ms. */
class UnpersistedTimeTest {

    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int WINDOW = Geometry.MAX_WINDOW_BYTES;
    private static final int CLIENTS = 4;
    private static final int COMMITS = 60;
    private static final long BOUND_NANOS = 200_000_000;
    /** Of virtual time: a step between the look at the clock and the record takes up to a millisecond, and there are few. */
    private static final long STEPS_NANOS = 20_000_000;

    private final InertScheduler alone = new InertScheduler();

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void commitsWaitWhileTheOldestIsLate(long seed) {
        SimScheduler scheduler = new SimScheduler(seed);
        SimDisk disk = newPool(seed).use(scheduler);
        HostPool pool = SimPool.on(disk, scheduler, seed + 1).open();
        Watch watch = new Watch(scheduler, pool, seed, 600_000_000);
        List<BlockSpace> connections = connect(pool);
        disk.faults(watch);
        Random random = new Random(seed);
        for (BlockSpace space : connections) {
            Random mine = new Random(random.nextLong());
            scheduler.spawn("client", () -> {
                for (int block = 0; block < COMMITS; block++) {
                    new TestIo(space).write((long) block * BLOCK, new byte[BLOCK]);
                    if (mine.nextInt(20) == 0) {
                        space.flush();
                    }
                    scheduler.pause(mine.nextLong(60_000_000));
                }
            });
        }
        scheduler.run();
        disk.faults(FaultInjector.NONE);
        assertThat(watch.commits).isEqualTo(CLIENTS * COMMITS);
        assertThat(watch.worstNanos).isBetween(BOUND_NANOS / 2, BOUND_NANOS + STEPS_NANOS);
    }

    /** Who waits for the bound is served by the force under way, where that covers the oldest. */
    @Test
    void waitsForTheForceUnderWay() {
        SimScheduler scheduler = new SimScheduler(1);
        SimDisk disk = newPool(1).use(scheduler);
        HostPool pool = SimPool.on(disk, scheduler, 2).open();
        List<BlockSpace> connections = connect(pool);
        long[] forces = {0};
        disk.faults(event -> {
            if (event.op() == IoOp.FORCE && event.role() == IoRole.DATA) {
                forces[0]++;
                scheduler.pause(1_000_000_000);
            }
            return null;
        });
        new TestIo(connections.get(0)).write(0, new byte[BLOCK]);
        scheduler.spawn("background", pool.engine().persistence::persistPublished);
        for (BlockSpace space : connections) {
            scheduler.spawn("late", () -> {
                scheduler.pause(BOUND_NANOS + STEPS_NANOS);
                new TestIo(space).write(BLOCK, new byte[BLOCK]);
                assertThat(forces[0]).isEqualTo(1);
            });
        }
        scheduler.run();
        disk.faults(FaultInjector.NONE);
        assertThat(forces[0]).isEqualTo(1);
    }

    /** A flush may have gigabytes to write out that others overwrote: who is late has a force of its own, beside it. */
    @Test
    void nobodyWaitsForTheFlushOfOthers() {
        SimScheduler scheduler = new SimScheduler(1);
        SimDisk disk = newPool(1).use(scheduler);
        HostPool pool = SimPool.on(disk, scheduler, 2).open();
        List<BlockSpace> connections = connect(pool);
        long begin = scheduler.nanoTime();
        long longNanos = 50 * BOUND_NANOS;
        disk.faults(event -> {
            if (event.op() == IoOp.FORCE && event.role() == IoRole.DATA) {
                scheduler.pause(event.lengthBytes() == 0 ? longNanos : BOUND_NANOS / 10);
            }
            return null;
        });
        scheduler.spawn("flush", () -> {
            connections.get(0).flush();
            assertThat(scheduler.nanoTime() - begin).isGreaterThanOrEqualTo(longNanos);
        });
        for (BlockSpace space : connections) {
            scheduler.spawn("client", () -> {
                for (int block = 0; block < COMMITS; block++) {
                    new TestIo(space).write((long) block * BLOCK, new byte[BLOCK]);
                    scheduler.pause(BOUND_NANOS / 10);
                }
                assertThat(scheduler.nanoTime() - begin).isLessThan(longNanos / 2);
            });
        }
        scheduler.run();
        disk.faults(FaultInjector.NONE);
    }

    /** Alone: no force but the one that is due. */
    @Test
    void oneForceForEachTimeThatIsOver() {
        SimDisk disk = newPool(1);
        HostPool pool = SimPool.on(disk, alone, 2).open();
        BlockSpace space = connect(pool).getFirst();
        long[] expected = {0, 0, 0, 1, 1, 1, 2}; // forces until a commit at 0, 80, 160, ... ms
        long begin = disk.count(IoRole.DATA, IoOp.FORCE);
        disk.faults(
                event -> { // rather than to wait for ever
                    assertThat(disk.count(IoRole.DATA, IoOp.FORCE) - begin)
                            .as("forces")
                            .isLessThan(10);
                    return null;
                });
        for (int i = 0; i < expected.length; i++) {
            new TestIo(space).write((long) i * BLOCK, new byte[BLOCK]);
            assertThat(disk.count(IoRole.DATA, IoOp.FORCE) - begin)
                    .as("commit %d", i)
                    .isEqualTo(expected[i]);
            alone.pause(80_000_000);
        }
    }

    /** What is published during a force is late by its own time, and not by that of what the force covers. */
    @Test
    void whatComesDuringAForceIsYoungerThanWhatItCovers() {
        SimDisk disk = newPool(1);
        HostPool pool = SimPool.on(disk, alone, 2).open();
        BlockSpace space = connect(pool).getFirst();
        new TestIo(space).write(0, new byte[BLOCK]);
        alone.pause(BOUND_NANOS / 4 * 3);
        boolean[] isDuring = {true};
        disk.faults(event -> {
            if (event.op() == IoOp.FORCE && event.role() == IoRole.DATA && isDuring[0]) {
                isDuring[0] = false;
                new TestIo(space).write(BLOCK, new byte[BLOCK]);
            }
            return null;
        });
        pool.engine().persistence.persistPublished();
        alone.pause(BOUND_NANOS / 2);
        assertThat(pool.engine().persistence.isLate()).isFalse();
        alone.pause(BOUND_NANOS);
        assertThat(pool.engine().persistence.isLate()).isTrue();
    }

    /** Several wait for the bound in time where the bound in bytes has room for one: the others wait for that one as well. */
    @Test
    void whoHasWaitedForTheTimeWaitsForTheBytesToo() {
        SimScheduler scheduler = new SimScheduler(1);
        SimDisk disk = newPool(1, 512 << 20).use(scheduler);
        HostPool pool = SimPool.on(disk, scheduler, 2).open();
        int windows = Persistence.MAX_UNPERSISTED_BLOCKS * BLOCK / WINDOW - 1;
        pool.create("v", (long) (windows + CLIENTS) * WINDOW);
        pool.flush();
        BlockSpace space = pool.open("v");
        Cookie cookie = space.reserve(windows + CLIENTS, WINDOW);
        for (int window = 0; window < windows; window++) {
            commit(space, cookie, window);
        }
        scheduler.pause(BOUND_NANOS + STEPS_NANOS);
        disk.faults(event -> {
            if (event.op() == IoOp.FORCE && event.role() == IoRole.DATA) {
                scheduler.pause(50_000_000);
            }
            return null;
        });
        for (int client = 0; client < CLIENTS; client++) {
            int window = windows + client;
            scheduler.spawn("late", () -> {
                commit(space, cookie, window);
                assertThat(pool.engine().recent.blocks()).isLessThanOrEqualTo(Persistence.MAX_UNPERSISTED_BLOCKS);
            });
        }
        scheduler.run();
        disk.faults(FaultInjector.NONE);
        SimPool.on(disk.killImage(), alone, 3).open(); // every record says something
    }

    /** Nothing is written: what the blocks hold is of no matter here. */
    private static void commit(BlockSpace space, Cookie cookie, int window) {
        Mapping mapping = new Mapping();
        long end = (window + 1L) * WINDOW;
        CommitBatch batch = new CommitBatch();
        try (Lease _ = space.writeLease()) {
            for (long at = (long) window * WINDOW; at < end; at = mapping.endOffsetBytes()) {
                assertThat(space.allocate(cookie, at, end - at, mapping)).isEqualTo(Allocation.UNWRITTEN);
                batch.add(at, (int) mapping.lengthBytes(), 0);
            }
        }
        space.commit(cookie, CommitType.UNWRITTEN, batch);
    }

    private SimDisk newPool(long seed) {
        return newPool(seed, 16 << 20);
    }

    private SimDisk newPool(long seed, long dataBytes) {
        SimDisk fresh = new SimDisk(alone, seed);
        SimPool.create(fresh, alone, SimPool.geometry(dataBytes, 2000, 4 << 20), seed);
        return fresh.killImage();
    }

    private static List<BlockSpace> connect(HostPool pool) {
        List<BlockSpace> connections = new ArrayList<>();
        for (int client = 0; client < CLIENTS; client++) {
            pool.create("v" + client, (long) COMMITS * BLOCK);
            connections.add(pool.open("v" + client));
        }
        pool.flush();
        return connections;
    }

    /** Looks from outside, at every record that is appended, how long the oldest of those before has been unpersisted. */
    private static final class Watch implements FaultInjector {
        private final SimScheduler scheduler;
        private final HostPool pool;
        private final Random random;
        private final long longestForceNanos;
        private final TreeMap<Long, Long> published = new TreeMap<>();
        private long commits;
        private long worstNanos;

        Watch(SimScheduler scheduler, HostPool pool, long seed, long longestForceNanos) {
            this.scheduler = scheduler;
            this.pool = pool;
            this.random = new Random(seed);
            this.longestForceNanos = longestForceNanos;
        }

        @Override
        public Fault onIo(IoEvent event) {
            if (event.role() == IoRole.JOURNAL && event.op() == IoOp.WRITE) {
                published.headMap(pool.engine().persistence.persisted(), true).clear();
                if (!published.isEmpty()) {
                    long oldest = published.firstEntry().getValue();
                    worstNanos = Math.max(worstNanos, scheduler.nanoTime() - oldest);
                }
                published.put(pool.engine().journal.lastSequence() + 1, scheduler.nanoTime());
                commits++;
            } else if (event.role() == IoRole.DATA && event.op() == IoOp.FORCE) {
                scheduler.pause(random.nextLong(longestForceNanos));
            }
            return null;
        }
    }
}

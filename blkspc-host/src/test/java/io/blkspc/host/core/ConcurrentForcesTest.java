package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.sim.CutKind;
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
import org.junit.jupiter.api.Test;

/**
 * Clients, rounds of the background, checkpoints, versions and both kinds of forces at once, each force as long as the seed says; and power
 * cuts in between. What was flushed is there, what H1 covers is there, and no sector is anybody else's.
 */
class ConcurrentForcesTest {

    private static final int SEEDS = Integer.getInteger("blkspc.forceSeeds", 40);
    private static final long FIRST_SEED = Long.getLong("blkspc.seed", 1);
    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int BLOCKS = 40;
    private static final int CLIENTS = 4;
    private static final int STEPS = 45;
    private static final List<CutKind> CUTS = List.of(CutKind.values());

    /** A snapshot that was not destroyed. */
    private record Kept(String name, StampedVolumes.Bounds bounds) {}

    private final InertScheduler alone = new InertScheduler();
    private SimScheduler scheduler;
    private SimDisk disk;
    private HostPool pool;
    private Random random;
    private StampedVolumes volumes;
    private List<Kept> kept;
    private int cuts;
    private int beyondFlush;
    private int overlapped;
    private int wholeUnderWay;
    private int rangesUnderWay;

    @Test
    void whatIsPromisedSurvivesEveryCut() {
        int[] totals = new int[3];
        for (long seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
            try {
                once(seed);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed=" + seed + ": " + e, e);
            }
            totals[0] += cuts;
            totals[1] += beyondFlush;
            totals[2] += overlapped;
        }
        System.out.println("concurrent forces: seeds=" + SEEDS + ", cuts=" + totals[0] + ", blocks that only H1 covers="
                + totals[1] + ", forces of ranges beside one of everything=" + totals[2]);
        assertThat(totals[1]).isPositive();
        assertThat(totals[2]).isPositive();
    }

    private void once(long seed) {
        random = new Random(seed);
        cuts = beyondFlush = overlapped = wholeUnderWay = rangesUnderWay = 0;
        SimDisk fresh = new SimDisk(alone, seed);
        int dataBlocks = 256 + random.nextInt(100);
        SimPool.create(
                fresh, alone, SimPool.geometry((long) dataBlocks * BLOCK, 600, (64 << 10) << random.nextInt(3)), seed);
        scheduler = new SimScheduler(seed);
        disk = fresh.killImage().use(scheduler).tearOneIn(random.nextInt(4));
        pool = SimPool.on(disk, scheduler, seed + 1).open();
        volumes = new StampedVolumes(CLIENTS, BLOCKS);
        kept = new ArrayList<>();
        List<BlockSpace> spaces = new ArrayList<>();
        for (int c = 0; c < CLIENTS; c++) {
            pool.create("v" + c, (long) BLOCKS * BLOCK);
            spaces.add(pool.open("v" + c));
        }
        pool.flush();
        disk.faults(this::onIo).whileForced(this::whileForced);
        int[] running = {CLIENTS};
        for (int c = 0; c < CLIENTS; c++) {
            int client = c;
            Random mine = new Random(random.nextLong());
            scheduler.spawn("client" + c, () -> {
                try {
                    client(client, spaces.get(client), mine);
                } finally {
                    running[0]--;
                }
            });
        }
        scheduler.spawn("background", () -> {
            while (running[0] > 0) {
                pool.backgroundRound();
                scheduler.pause(100_000_000);
            }
        });
        Random others = new Random(random.nextLong());
        scheduler.spawn("checkpoints", () -> {
            while (running[0] > 0) {
                scheduler.pause(others.nextLong(900_000_000));
                switch (others.nextInt(4)) {
                    case 0 -> pool.checkpoint();
                    case 1 -> pool.engine().persistence.persistPublished();
                    case 2 -> pool.engine().persistence.forceJournal();
                    default -> pool.engine().persistence.advanceMark();
                }
            }
        });
        scheduler.run();
        disk.faults(FaultInjector.NONE).whileForced(FaultInjector.NONE);
        disk.use(alone);
        for (CutKind kind : CUTS) {
            cut(kind);
        }
    }

    private void client(int client, BlockSpace space, Random mine) {
        TestIo io = new TestIo(space);
        for (int step = 0; step < STEPS; step++) {
            int block = mine.nextInt(mine.nextBoolean() ? BLOCKS / 5 : BLOCKS);
            try {
                switch (mine.nextInt(12)) {
                    case 0 -> flush(client, space);
                    case 1 -> {
                        int version = volumes.begin(client, block, true);
                        space.discard((long) block * BLOCK, BLOCK);
                        volumes.done(client, block, version);
                        recorded(client, block, version);
                    }
                    case 2 -> {
                        if (step % 3 == 0) {
                            snapshot(client, mine, step);
                        }
                    }
                    default -> write(client, block, io, space);
                }
            } catch (BlockSpaceException e) {
                if (e.code() != Code.OUT_OF_SPACE && e.code() != Code.BUSY) {
                    throw e;
                }
            }
            if (mine.nextInt(3) == 0) {
                scheduler.pause(mine.nextLong(mine.nextBoolean() ? 2_000_000 : 150_000_000));
            }
        }
    }

    private void write(int client, int block, TestIo io, BlockSpace space) {
        Cookie cookie = space.reserve(1, BLOCK);
        try {
            int version = volumes.begin(client, block, false);
            TestIo.Staged staged =
                    io.stage(cookie, (long) block * BLOCK, StampedVolumes.content(client, block, version));
            io.commit(cookie, staged);
            volumes.done(client, block, version);
            if (staged.kind().commitType() != null) {
                recorded(client, block, version);
            }
        } finally {
            cookie.put();
        }
    }

    private void recorded(int client, int block, int version) {
        volumes.recorded(client, block, version, pool.engine().journal.lastSequence());
    }

    private void flush(int client, BlockSpace space) {
        StampedVolumes.Bounds before = volumes.now(client);
        space.flush();
        volumes.flushed(before);
    }

    private void snapshot(int client, Random mine, int step) {
        String name = "v" + client + "@s" + step;
        StampedVolumes.Bounds bounds = volumes.now(client);
        pool.snapshot(List.of(name));
        kept.add(new Kept(name, bounds));
        if (mine.nextBoolean() && kept.size() > 2) {
            Kept old = kept.stream()
                    .filter(k -> k.bounds.volume == client)
                    .findFirst()
                    .orElseThrow();
            kept.remove(old);
            pool.destroy(List.of(old.name), true);
        }
    }

    private Fault onIo(IoEvent event) {
        if (random.nextInt(event.op() == IoOp.FORCE ? 5 : 60) == 0) {
            cut(CUTS.get(random.nextInt(CUTS.size())));
        }
        if (event.op() == IoOp.WRITE && event.role() == IoRole.DATA && random.nextInt(8) == 0) {
            scheduler.pause(random.nextLong(30_000_000));
        }
        return null;
    }

    private Fault whileForced(IoEvent event) {
        boolean isData = event.role() == IoRole.DATA;
        boolean isWhole = event.lengthBytes() == 0;
        if (isData && isWhole) {
            overlapped += rangesUnderWay;
            wholeUnderWay++;
        } else if (isData) {
            overlapped += wholeUnderWay;
            rangesUnderWay++;
        }
        try {
            long most = switch (random.nextInt(4)) {
                case 0 -> 1;
                case 1 -> 20_000_000;
                case 2 -> 250_000_000;
                default -> isData && isWhole ? 2_000_000_000 : 60_000_000;
            };
            scheduler.pause(random.nextLong(most));
        } finally {
            if (isData && isWhole) {
                wholeUnderWay--;
            } else if (isData) {
                rangesUnderWay--;
            }
        }
        return null;
    }

    private void cut(CutKind kind) {
        cuts++;
        long h1 = pool.engine().persistence.persisted();
        String at = ", cut=" + kind + ", h1=" + h1 + ", ";
        boolean isTorn = kind == CutKind.TORN_SECTOR;
        HostPool after = SimPool.on(
                        disk.cut(new Random(random.nextLong()), kind).use(alone), alone, 3)
                .open();
        for (int c = 0; c < CLIENTS; c++) {
            StampedVolumes.Bounds bounds = volumes.afterCut(c, h1);
            beyondFlush += volumes.beyondFlush(bounds);
            volumes.check("v" + c + at, after.open("v" + c), bounds, isTorn);
        }
        for (Kept version : kept) {
            volumes.check(version.name + at, after.open(version.name), version.bounds, isTorn);
        }
        EngineFacts.requireConsistent(after);
    }
}

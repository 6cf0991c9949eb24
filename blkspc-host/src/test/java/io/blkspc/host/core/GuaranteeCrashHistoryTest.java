package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Mapping;
import io.blkspc.api.MappingState;
import io.blkspc.api.Quota;
import io.blkspc.api.contract.Fixture;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.alloc.Ledger.Resource;
import io.blkspc.host.sim.CutKind;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDevice;
import io.blkspc.host.sim.SimDisk;
import io.blkspc.host.sim.Transfers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Random histories of guaranteed volumes beside a client that takes every node slot it is given, for good; killed and cut again
 * and again, also so that all records arrive and only some data. What is guaranteed can always be used, without slop.
 */
class GuaranteeCrashHistoryTest {

    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final long FIRST_SEED = Long.getLong("blkspc.seed", 1);
    private static final long SEEDS = Long.getLong(
            "blkspc.guaranteeHistories",
            Long.getLong("blkspc.seed") != null ? 1 : Boolean.getBoolean("blkspc.release") ? 20_000 : 40);
    private static final long LEAF_BYTES = 1 << 20;
    private static final long FAR = 1L << 31;
    private static final List<CutKind> CUTS = List.of(CutKind.values());

    private final InertScheduler inert = new InertScheduler();
    private SplittableRandom random;
    private SimDisk disk;
    private HostPool pool;
    private final List<String> guaranteed = new ArrayList<>();
    private final List<Cookie> held = new ArrayList<>();
    private int snapshots;
    private int cuts;
    private boolean losesRecords;

    @Test
    void guaranteesStandThroughCrashes() {
        long crashes = 0;
        for (long seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
            try {
                history(seed);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("-Dblkspc.seed=" + seed, e);
            }
            crashes += cuts;
        }
        assertThat(crashes).isGreaterThan(SEEDS);
    }

    private void history(long seed) {
        random = new SplittableRandom(seed);
        disk = new SimDisk(inert, seed);
        guaranteed.clear();
        held.clear();
        snapshots = 0;
        cuts = 0;
        int nodes = 80 + random.nextInt(250);
        SimPool.create(disk, inert, SimPool.geometry(2 << 20, nodes, 128 << 10), seed);
        open();
        pool.create("other", 1L << 40);
        pool.create("g0", 1L << 40, Quota.guarantee((1L + random.nextInt(16)) * BLOCK));
        guaranteed.add("g0");
        if (random.nextBoolean()) {
            switch (random.nextInt(3)) {
                case 0 -> pool.create("g1", 48L * BLOCK, Quota.guarantee(Quota.FULL));
                case 1 -> pool.create("g1", 48L * BLOCK, Quota.guarantee(20L * BLOCK));
                default -> pool.create("g1", 1000L * BLOCK, Quota.guarantee(10L * BLOCK)); // all its nodes are few
            }
            guaranteed.add("g1");
        }
        int steps = 30 + random.nextInt(90);
        for (int i = 0; i < steps; i++) {
            step(i);
            EngineFacts.requireConsistent(pool);
        }
        crash(crashImage());
        drain();
        pool.awaitReclaim();
        EngineFacts.requireConsistent(pool);
        for (String name : guaranteed) {
            use(name);
        }
    }

    private void open() {
        pool = SimPool.on(disk, inert, random.nextLong()).open();
        EngineFacts.reaperSteps(pool, 2);
        EngineFacts.requireConsistent(pool);
    }

    private void step(int number) {
        String name = guaranteed.get(random.nextInt(guaranteed.size()));
        switch (random.nextInt(17)) {
            case 0, 1, 2, 3, 4 -> orRefused(() -> write(name, place(name), number));
            case 5, 6 -> orRefused(() -> preallocate(place("other")));
            case 7 -> drain();
            case 8 -> letGo();
            case 9 ->
                orRefused(() -> {
                    pool.snapshot(List.of(name + "@" + snapshots));
                    snapshots++;
                });
            case 10 -> destroyOne();
            case 11 -> pool.flush();
            case 12 -> EngineFacts.writeMark(pool);
            case 13 -> reap(random.nextInt(6));
            case 14 -> discard(name);
            case 15 ->
                orRefused(() -> {
                    if (name.equals("g1")) {
                        long blocks = pool.info(name).sizeBytes() / BLOCK * (4 + random.nextInt(9)) / 8;
                        pool.resize(name, Math.clamp(blocks, 20L, 1500L) * BLOCK, true);
                    }
                });
            default -> {
                if (random.nextInt(3) == 0) {
                    crashWithin(number);
                }
            }
        }
    }

    /** Another step, and a crash before one of its first IOs or after it. */
    private void crashWithin(int number) {
        int at = random.nextInt(10);
        int[] count = {0};
        SimDisk[] image = {null};
        disk.faults(event -> {
            if (count[0]++ == at) {
                image[0] = crashImage();
            }
            return null;
        });
        SimDisk running = disk;
        step(number);
        running.faults(FaultInjector.NONE);
        if (running != disk) {
            return;
        }
        boolean isWithin = image[0] != null;
        boolean usedSlop = usesSlop();
        crash(isWithin ? image[0] : crashImage());
        assertThat(isWithin || losesRecords || usedSlop || !usesSlop())
                .as("no more is promised than before: %s", pool.engine().ledger)
                .isTrue();
    }

    private boolean usesSlop() {
        return Arrays.stream(Resource.values())
                .anyMatch(resource -> pool.engine().ledger.available(resource) < 0);
    }

    private long place(String name) {
        if (name.equals("g1")) {
            return random.nextInt(Math.toIntExact(pool.info(name).sizeBytes() / BLOCK) - 3) * (long) BLOCK;
        }
        return switch (random.nextInt(3)) {
            case 0 -> random.nextInt(8) * (long) BLOCK;
            case 1 -> random.nextInt(4) * LEAF_BYTES + random.nextInt(4) * (long) BLOCK;
            default -> random.nextInt(450) * FAR;
        };
    }

    private void write(String name, long offset, int seed) {
        try (BlockSpace space = pool.open(name)) {
            new TestIo(space).write(offset, Fixture.bytes(seed, (1 + random.nextInt(4)) * BLOCK));
        }
    }

    /** Uses node slots for what has no data that could fail to arrive. */
    private void preallocate(long offset) {
        try (BlockSpace other = pool.open("other")) {
            Cookie cookie = other.reserve(1, BLOCK);
            try {
                other.preallocate(cookie, offset, BLOCK);
            } finally {
                cookie.put();
            }
        }
    }

    /** Takes all that others may have: some of it for good, the rest promised. */
    private void drain() {
        int uses = random.nextInt(40);
        orRefused(() -> {
            for (int i = 0; i < uses; i++) {
                preallocate(random.nextInt(450) * FAR);
            }
        });
        BlockSpace other = pool.open("other");
        orRefused(() -> {
            while (true) {
                held.add(other.reserve(1, BLOCK));
            }
        });
    }

    private void letGo() {
        held.forEach(Cookie::put);
        held.clear();
    }

    private void destroyOne() {
        pool.list().stream()
                .filter(each -> each.name().contains("@"))
                .map(each -> each.name())
                .sorted()
                .skip(random.nextInt(3))
                .findFirst()
                .ifPresent(each -> pool.destroy(List.of(each), false));
    }

    private void reap(int steps) {
        for (int i = 0; i < steps; i++) {
            if (pool.engine().reaper.step() == Reaper.Outcome.NEEDS_FORCE) {
                pool.engine().persistence.forceJournal();
            }
        }
    }

    private void discard(String name) {
        try (BlockSpace space = pool.open(name)) {
            space.discard(place(name), (1 + random.nextInt(4)) * (long) BLOCK);
        }
    }

    private static void orRefused(Runnable work) {
        try {
            work.run();
        } catch (BlockSpaceException e) {
            assertThat(e.code()).as(e.getMessage()).isEqualTo(Code.OUT_OF_SPACE);
        }
    }

    private void crash(SimDisk image) {
        cuts++;
        held.clear();
        disk = image;
        open();
    }

    private SimDisk crashImage() {
        losesRecords = random.nextInt(3) == 0;
        if (losesRecords) {
            return disk.cut(random, CUTS.get(random.nextInt(CUTS.size())));
        }
        return random.nextBoolean() ? disk.killImage() : cutWithAllRecords();
    }

    /** All records are there; of each block of data the newest bytes, or those of the last force. */
    private SimDisk cutWithAllRecords() {
        SimDevice forced = disk.cut(random, CutKind.NONE).device("data");
        SimDisk after = disk.cut(random, CutKind.ALL);
        SimDevice data = after.device("data");
        int lost = random.nextInt(1, 5);
        for (long at = 0; at < data.sizeBytes(); at += BLOCK) {
            if (random.nextInt(4) < lost) {
                Transfers.write(data, at, Transfers.read(forced, at, BLOCK, IoRole.DATA), IoRole.DATA);
            }
        }
        data.force(IoRole.DATA);
        return after;
    }

    /** Makes as many blocks its own as it was guaranteed, in places that take most nodes. */
    private void use(String name) {
        long guarantee = pool.engine().catalogue.require(name).guaranteeBlocks;
        int left = (int) Math.max(0, guarantee - pool.info(name).exclusiveBytes() / BLOCK);
        boolean mayBeShort = pool.engine().ledger.available(Resource.NODE_SLOTS) < 0;
        try (BlockSpace space = pool.open(name)) {
            Cookie cookie = space.reserve(left, BLOCK);
            for (int i = 0; i < left; i++) {
                long offset = name.equals("g1") ? freeBlock(space) : (460L + i) * FAR;
                new TestIo(space).write(cookie, offset, Fixture.bytes(i, BLOCK));
            }
            cookie.put();
        }
        assertThat(mayBeShort || pool.engine().ledger.available(Resource.NODE_SLOTS) >= 0)
                .as("nothing was taken of slop")
                .isTrue();
        EngineFacts.requireConsistent(pool);
    }

    private static long freeBlock(BlockSpace space) {
        Mapping mapping = new Mapping();
        for (long at = 0; at < space.sizeBytes(); at += BLOCK) {
            space.map(at, BLOCK, mapping);
            if (mapping.state() == MappingState.HOLE || mapping.shared()) {
                return at;
            }
        }
        throw new AssertionError("nothing left that is not its own");
    }
}

package io.blkspc.xfsish.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.contract.Seeds;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.PoolGeometry;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.sim.CutKind;
import io.blkspc.host.sim.Fault;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDisk;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/**
 * The file system on the real engine over a disk that loses what was not forced, and that fails. After each crash the check is
 * clean, names and sizes are those of one moment at or after the last sync, and each byte is the one of then or a later one.
 */
class FileSystemCrashTest {

    private static final long STATES = Boolean.getBoolean("blkspc.release") ? 50_000 : 300;
    private static final PoolGeometry GEOMETRY = SimPool.geometry(8 << 20, 6000, 256 << 10);
    private static final CutKind[] CUTS = {
        CutKind.NONE, CutKind.ALL, CutKind.ONLY_LAST, CutKind.ALL_BUT_ONE, CutKind.NEWEST_HALF, CutKind.RANDOM
    };

    /** One workload from one seed. */
    private static final class Run {
        /** What a recovery found while an operation ran. */
        private record Crashed(HostPool pool, BlockSpace space, FileSystem files, long sequence) {}

        final SplittableRandom random;
        final InertScheduler scheduler = new InertScheduler();
        final SimDisk disk;
        final HostPool pool;
        final BlockSpace space;
        final TreeDriver driver;
        /** Trees after each operation; older ones cannot be found any more. */
        final List<TreeModel> states = new ArrayList<>();

        private final List<Crashed> crashes = new ArrayList<>();
        /** Indices of the trees that the newest record may hold. */
        private int recordFrom;

        private int recordTo;
        long checked;

        Run(long seed) {
            random = new SplittableRandom(seed);
            SimDisk made = new SimDisk(scheduler, seed);
            SimPool.create(made, scheduler, GEOMETRY, seed);
            disk = made.killImage().use(scheduler);
            pool = SimPool.on(disk, scheduler, seed).open();
            pool.create("vol", 4 << 20);
            space = pool.open("vol");
            Mkfs.run(space, new Mkfs.Spec(new UUID(1, seed), 5, 0, 300, false));
            driver = new TreeDriver(random.split(), FileSystemOracleTest.mount(space));
            driver.isSimple = true;
            driver.maxFile = 40_000;
            driver.maxNames = 20;
            states.add(driver.model.copy());
        }

        void step() {
            long before = driver.files.sequence();
            try {
                switch (random.nextInt(16)) {
                    case 0, 1 -> driver.files.sync();
                    case 2 -> driver.files.checkpoint();
                    case 3 -> pool.backgroundRound();
                    default -> driver.step();
                }
            } finally {
                states.add(driver.model.copy());
                int newest = states.size() - 1;
                for (Crashed crashed : crashes) {
                    boolean isOld = crashed.sequence == before;
                    verify(crashed, isOld ? recordFrom : newest - 1, isOld ? recordTo : newest);
                }
                crashes.clear();
            }
            if (driver.files.sequence() > before) {
                recordFrom = 0;
                recordTo = 1;
                states.subList(0, states.size() - 2).clear();
            }
        }

        /** Kills or cuts the power now, and opens what a recovery finds. */
        void crash() {
            boolean kill = random.nextInt(4) == 0;
            SimDisk image = kill ? disk.killImage() : disk.cut(random, CUTS[random.nextInt(CUTS.length)]);
            InertScheduler own = new InertScheduler();
            HostPool recovered =
                    SimPool.on(image.use(own), own, random.nextLong()).open();
            assertThat(recovered.status().reservedBytes()).isZero();
            BlockSpace after = recovered.open("vol");
            FileSystemOracleTest.clean(after);
            FileSystem files = FileSystemOracleTest.mount(after);
            crashes.add(new Crashed(recovered, after, files, files.mountedSequence()));
            checked++;
        }

        private void verify(Crashed crashed, int from, int to) {
            AssertionError failure = null;
            for (int i = to; i >= from; i--) {
                TreeDriver seen = new TreeDriver(new SplittableRandom(0), crashed.files, states.get(i));
                seen.newer = states.subList(i, states.size());
                try {
                    seen.compare();
                    crashed.files.close();
                    assertThat(FileSystemOracleTest.clean(crashed.space).needsReplay())
                            .isFalse();
                    return;
                } catch (AssertionError e) {
                    failure = e;
                }
            }
            throw new AssertionError(
                    "sequence=" + crashed.sequence + ", states=" + from + ".." + to + " of " + states.size(), failure);
        }
    }

    @Test
    void afterEveryCrashItIsAMomentAtOrAfterTheLastSync() {
        long seed = Seeds.next();
        long states = 0;
        for (long s = seed; states < STATES; s++) {
            Run run = new Run(s);
            try {
                run.disk.faults(event -> {
                    if (run.random.nextInt(20) == 0) {
                        run.crash();
                    }
                    return null;
                });
                for (int i = 0; i < 120; i++) {
                    run.step();
                }
                run.disk.faults(FaultInjector.NONE);
                run.driver.compare();
                run.driver.files.close();
                FileSystemOracleTest.clean(run.space);
                assertThat(run.pool.status().reservedBytes()).isZero();
                states += run.checked;
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("-Dblkspc.seed=" + s + " " + e.getMessage(), e);
            }
        }
        System.out.println("crash states: " + states);
    }

    @Test
    void whicheverIoFailsARemountFindsNoHalfState() {
        int fired = 0;
        int faults = Boolean.getBoolean("blkspc.release") ? 3000 : 90;
        for (int i = 0; i < faults; i++) {
            List<Fault> kinds = List.of(Fault.values());
            Fault fault = kinds.get((i + i / 3) % kinds.size());
            fired += oneFault(1 + i / 90, 1 + i % 90, fault) ? 1 : 0;
        }
        System.out.println("faults: " + fired);
        assertThat(fired).isGreaterThan(faults / 2);
    }

    private static boolean oneFault(long seed, long n, Fault fault) {
        Run run = new Run(seed);
        boolean[] fired = {false};
        long ordinal = run.disk.ioCount() + n;
        run.disk.faults(event -> {
            fired[0] |= event.ordinal() == ordinal;
            return event.ordinal() == ordinal ? fault : null;
        });
        try {
            for (int i = 0; i < 150 && !fired[0]; i++) {
                try {
                    run.step();
                } catch (BlockSpaceException e) {
                    assertThat(fired[0]).as(e.toString()).isTrue();
                    assertThat(e.code()).as(e.toString()).isNotIn(Code.OUT_OF_SPACE, Code.NO_CREDIT);
                }
            }
            run.disk.faults(FaultInjector.NONE);
            run.crash();
            run.verify(run.crashes.getFirst(), 0, run.states.size() - 1);
            run.driver.files.shutDown();
            assertThat(run.pool.status().reservedBytes()).isZero();
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError("workload=" + seed + " io=" + n + " " + fault + ": " + e.getMessage(), e);
        }
        return fired[0];
    }
}

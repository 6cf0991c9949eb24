package io.blkspc.xfsish.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.PoolGeometry;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.sim.CutKind;
import io.blkspc.host.sim.Fault;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/**
 * The pool is out of backing below a mounted file system, at every write of small workloads, for one write or for many: of data,
 * of the log, of metadata in place, of the pool's journal. What is refused changes nothing, files can be read meanwhile, and the
 * mount goes on when there is room, with everything that was done.
 */
class RefusedWritesTest {

    private static final PoolGeometry GEOMETRY = SimPool.geometry(8 << 20, 6000, 256 << 10);
    private static final int STEPS = 60;
    private static final int STRIDE = Boolean.getBoolean("blkspc.release") ? 1 : 7;

    private final Map<IoRole, Integer> fired = new EnumMap<>(IoRole.class);
    private int refusedSyncs;
    private int refusedChanges;

    @Test
    void aMountGoesOnWhenThereIsRoomAgain() {
        for (long seed = 1; seed <= 3; seed++) {
            for (int count : new int[] {1, 5, 40}) {
                int from = 1 + count % STRIDE;
                while (run(seed, from, count)) {
                    from += STRIDE;
                }
            }
        }
        System.out.println("fired=" + fired + " syncs=" + refusedSyncs + " changes=" + refusedChanges);
        assertThat(fired.keySet()).contains(IoRole.DATA, IoRole.JOURNAL);
        assertThat(refusedSyncs).isPositive();
        assertThat(refusedChanges).isPositive();
    }

    /** The writes from this one on find no room; {@code false} when there were not so many. */
    private boolean run(long seed, int from, int count) {
        SplittableRandom random = new SplittableRandom(seed);
        InertScheduler scheduler = new InertScheduler();
        SimDisk made = new SimDisk(scheduler, seed);
        SimPool.create(made, scheduler, GEOMETRY, seed);
        SimDisk disk = made.killImage().use(scheduler);
        HostPool pool = SimPool.on(disk, scheduler, seed).open();
        pool.create("vol", 4 << 20);
        BlockSpace space = pool.open("vol");
        Mkfs.run(space, new Mkfs.Spec(new UUID(1, seed), 5, 0, 300, false));
        TreeDriver driver = new TreeDriver(random.split(), FileSystemOracleTest.mount(space));
        driver.isSimple = true;
        driver.maxFile = 40_000;
        driver.maxNames = 20;
        int[] writes = {0};
        disk.faults(event -> {
            boolean counts =
                    event.op() == IoOp.WRITE && (event.role() == IoRole.DATA || event.role() == IoRole.JOURNAL);
            if (!counts || ++writes[0] < from || writes[0] >= from + count) {
                return null;
            }
            fired.merge(event.role(), 1, Integer::sum);
            return Fault.ENOSPC;
        });
        try {
            for (int i = 0; i < STEPS; i++) {
                step(random, driver, pool);
            }
            disk.faults(FaultInjector.NONE);
            driver.files.sync();
            driver.compare();
            SimDisk image = disk.cut(random, CutKind.ALL);
            InertScheduler own = new InertScheduler();
            BlockSpace after = SimPool.on(image.use(own), own, seed).open().open("vol");
            FileSystemOracleTest.clean(after);
            new TreeDriver(random, FileSystemOracleTest.mount(after), driver.model).compare();
            driver.files.close();
            FileSystemOracleTest.clean(space);
            assertThat(pool.status().reservedBytes()).isZero();
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError("seed=" + seed + " from=" + from + " count=" + count + ": " + e.getMessage(), e);
        }
        return writes[0] >= from;
    }

    private void step(SplittableRandom random, TreeDriver driver, HostPool pool) {
        int dice = random.nextInt(16);
        try {
            switch (dice) {
                case 0, 1, 2 -> driver.files.sync();
                case 3 -> driver.files.checkpoint();
                case 4 -> {
                    driver.files.freeze();
                    try {
                        pool.snapshot(List.of(
                                "vol@s" + random.nextLong(1 << 30))); // so that everything has to be written elsewhere
                    } finally {
                        driver.files.thaw();
                    }
                }
                default -> driver.step();
            }
        } catch (BlockSpaceException refused) {
            assertThat(refused.code()).as(refused.toString()).isEqualTo(Code.OUT_OF_BACKING);
            refusedSyncs += dice < 4 ? 1 : 0;
            refusedChanges += dice > 4 ? 1 : 0;
            driver.compare();
        }
    }
}

package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Quota;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import io.blkspc.host.sim.SimScheduler;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is short asks for persist points, but not for one after the other while a guaranteed volume is written. */
class ShortageForcesTest {

    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int WRITES = 400;
    private static final long FORCE_NANOS = 10_000_000;

    private HostPool pool;
    private SimDisk disk;
    private boolean isWritten;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void reservationOfMoreThanThereIsEnds(long seed) {
        long forces = forcesOf(seed, shortOf -> assertRefused(() -> shortOf.reserve(1500, BLOCK)));
        assertThat(forces).isLessThanOrEqualTo(3);
    }

    /** No persist point gives blocks. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void reservationOfMoreBlocksThanThereAreForcesNothing(long seed) {
        assertThat(forcesOf(seed, shortOf -> assertRefused(() -> shortOf.reserve(5000, BLOCK))))
                .isZero();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void commandThatAsksForMoreThanThereIsEnds(long seed) {
        long forces = forcesOf(
                seed, shortOf -> assertRefused(() -> pool.create("large", 1L << 40, Quota.guarantee(5000L * BLOCK))));
        assertThat(forces).isLessThanOrEqualTo(3);
    }

    private static void assertRefused(Runnable asks) {
        assertThatThrownBy(asks::run)
                .isInstanceOfSatisfying(
                        BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.OUT_OF_SPACE));
    }

    /** Data forces while something is asked for and a guaranteed volume is written all the time. */
    private long forcesOf(long seed, Consumer<BlockSpace> asks) {
        SimDisk fresh = new SimDisk(new InertScheduler(), seed);
        SimPool.create(fresh, new InertScheduler(), SimPool.geometry(8 << 20, 3000, 256 << 10), seed);
        SimScheduler scheduler = new SimScheduler(seed);
        disk = fresh.killImage().use(scheduler);
        pool = SimPool.on(disk, scheduler, seed + 1).open();
        pool.create("other", 1L << 40);
        pool.create("g", 1L << 40, Quota.guarantee((long) WRITES * BLOCK));
        BlockSpace other = pool.open("other");
        BlockSpace guaranteed = pool.open("g");
        long[] forces = {0};
        disk.faults(event -> {
            if (event.op() == IoOp.FORCE && event.role() == IoRole.DATA) {
                scheduler.pause(FORCE_NANOS);
            }
            return null;
        });
        scheduler.spawn("writer", () -> {
            for (int i = 0; i < WRITES; i++) {
                new TestIo(guaranteed).write((long) i * BLOCK, new byte[BLOCK]);
                scheduler.pause(FORCE_NANOS / 10);
            }
            isWritten = true;
        });
        scheduler.spawn("short", () -> {
            scheduler.pause(FORCE_NANOS);
            long before = disk.count(IoRole.DATA, IoOp.FORCE);
            asks.accept(other);
            forces[0] = disk.count(IoRole.DATA, IoOp.FORCE) - before;
            assertThat(isWritten).as("all was written").isFalse();
        });
        scheduler.run();
        disk.faults(FaultInjector.NONE);
        return forces[0];
    }
}

package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.sim.CutKind;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import io.blkspc.host.sim.SimScheduler;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What nobody flushed is not forced with what was published: who overwrites in place holds up nobody's commits. And who flushes
 * has everything, whatever runs were under way.
 */
class PublishedForceTest {

    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int SECTORS = BLOCK / 512;
    private static final int BLOCKS = 64;

    private final InertScheduler alone = new InertScheduler();

    private SimDisk newPool(long seed) {
        SimDisk fresh = new SimDisk(alone, seed);
        SimPool.create(fresh, alone, SimPool.geometry(4 << 20, 400, 256 << 10), seed);
        return fresh.killImage();
    }

    /** All of a volume written, forced, and below the durable mark: what is written from now on goes in place. */
    private static BlockSpace settled(HostPool pool, String name) {
        pool.create(name, (long) BLOCKS * BLOCK);
        BlockSpace space = pool.open(name);
        new TestIo(space).write(0, filled(1, BLOCKS * BLOCK));
        pool.engine().persistence.advanceMark();
        space.flush();
        return space;
    }

    private static byte[] filled(int value, int length) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    @Test
    void backgroundLeavesOverwritesToTheirFlush() {
        SimDisk disk = newPool(1);
        HostPool pool = SimPool.on(disk, alone, 2).open();
        BlockSpace overwriter = settled(pool, "a");
        pool.create("b", (long) BLOCKS * BLOCK);
        BlockSpace firstWriter = pool.open("b");
        pool.flush();
        new TestIo(overwriter).write(0, filled(2, 3 * BLOCK));
        new TestIo(firstWriter).write(5 * BLOCK, filled(3, 2 * BLOCK));
        pool.engine().persistence.advanceMark();
        assertThat(disk.pendingSectors()).as("only what was overwritten").isEqualTo(3 * SECTORS);
        SimDisk cut = disk.cut(new Random(1), CutKind.NONE);
        HostPool after = SimPool.on(cut, alone, 3).open();
        assertThat(new TestIo(after.open("b")).read(5 * BLOCK, 2 * BLOCK)).containsOnly(3);
        assertThat(new TestIo(after.open("a")).read(0, BLOCKS * BLOCK)).containsOnly(1);
        overwriter.flush();
        assertThat(disk.pendingSectors()).isZero();
    }

    @Test
    void checkpointLeavesOverwritesToTheirFlushAndTheEndDoesNot() {
        SimDisk disk = newPool(1);
        HostPool pool = SimPool.on(disk, alone, 2).open();
        BlockSpace overwriter = settled(pool, "a");
        new TestIo(overwriter).write(0, filled(2, 3 * BLOCK));
        pool.checkpoint();
        assertThat(disk.pendingSectors()).as("only what was overwritten").isEqualTo(3 * SECTORS);
        pool.close();
        assertThat(disk.pendingSectors()).isZero();
    }

    /** In the background a run takes what is published; a flush that comes meanwhile is served by the next one, of all. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void flushDuringSuchARunHasEverything(long seed) {
        SimScheduler scheduler = new SimScheduler(seed);
        SimDisk disk = newPool(seed).use(scheduler);
        HostPool pool = SimPool.on(disk, scheduler, seed + 1).open();
        BlockSpace overwriter = settled(pool, "a");
        BlockSpace firstWriter = settled(pool, "b");
        pool.create("c", (long) BLOCKS * BLOCK);
        BlockSpace fresh = pool.open("c");
        pool.flush();
        new TestIo(fresh).write(0, filled(4, BLOCK));
        disk.faults(event -> {
            if (event.op() == IoOp.FORCE && event.role() == IoRole.DATA) {
                scheduler.pause(10_000_000);
            }
            return null;
        });
        scheduler.spawn("background", pool.engine().persistence::advanceMark);
        for (BlockSpace space : new BlockSpace[] {overwriter, firstWriter}) {
            scheduler.spawn("flush", () -> {
                scheduler.pause(5_000_000);
                new TestIo(space).write(7 * BLOCK, filled(5, BLOCK));
                space.flush();
                HostPool after = SimPool.on(
                                disk.cut(new Random(seed), CutKind.NONE).use(alone), alone, seed)
                        .open();
                assertThat(new TestIo(after.open(space == overwriter ? "a" : "b")).read(7 * BLOCK, BLOCK))
                        .containsOnly(5);
            });
        }
        scheduler.spawn("published", () -> {
            scheduler.pause(5_000_000);
            pool.engine().persistence.persistPublished();
        });
        scheduler.run();
    }
}

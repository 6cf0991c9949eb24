package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.sim.CutKind;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import io.blkspc.host.sim.SimScheduler;
import java.util.Arrays;
import java.util.List;
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

    /** Volume a is overwritten in place, b written for the first time; returns a. */
    private static BlockSpace overwriteBesideFirstWrites(HostPool pool) {
        BlockSpace overwriter = settled(pool, "a");
        pool.create("b", (long) BLOCKS * BLOCK);
        BlockSpace firstWriter = pool.open("b");
        pool.flush();
        new TestIo(overwriter).write(0, filled(2, 3 * BLOCK));
        new TestIo(firstWriter).write(5 * BLOCK, filled(3, 2 * BLOCK));
        return overwriter;
    }

    @Test
    void backgroundLeavesOverwritesToTheirFlush() {
        SimDisk disk = newPool(1);
        HostPool pool = SimPool.on(disk, alone, 2).open();
        BlockSpace overwriter = overwriteBesideFirstWrites(pool);
        pool.engine().persistence.advanceMark();
        assertThat(disk.pendingSectors()).as("only what was overwritten").isEqualTo(3 * SECTORS);
        SimDisk cut = disk.cut(new Random(1), CutKind.NONE);
        HostPool after = SimPool.on(cut, alone, 3).open();
        assertThat(new TestIo(after.open("b")).read(5 * BLOCK, 2 * BLOCK)).containsOnly(3);
        assertThat(new TestIo(after.open("a")).read(0, BLOCKS * BLOCK)).containsOnly(1);
        overwriter.flush();
        assertThat(disk.pendingSectors()).isZero();
    }

    /**
     * Every way in which a record comes to name a block: each beside blocks that others overwrite in place, and behind the mark nobody
     * would notice what is missing.
     */
    @Test
    void allThatRecordsNameIsForced() {
        SimDisk disk = newPool(3);
        HostPool pool = SimPool.on(disk, alone, 2).open();
        BlockSpace copied = settled(pool, "copied");
        BlockSpace overwriter = settled(pool, "a");
        pool.create("prepared", (long) BLOCKS * BLOCK);
        BlockSpace prepared = pool.open("prepared");
        Cookie cookie = prepared.reserve(8, BLOCK);
        prepared.preallocate(cookie, 0, 8 * BLOCK);
        cookie.put();
        BlockSpace rolledBack = settled(pool, "back");
        pool.snapshot(List.of("copied@s", "back@s"));
        new TestIo(rolledBack).write(0, filled(6, 9 * BLOCK));
        rolledBack.close();
        pool.rollback("back@s", null);
        rolledBack = pool.open("back");
        pool.engine().persistence.advanceMark();
        pool.flush();

        new TestIo(overwriter).write(0, filled(2, 3 * BLOCK));
        new TestIo(prepared).write(2 * BLOCK, filled(3, 3 * BLOCK));
        new TestIo(copied).write(BLOCK, filled(4, 3 * BLOCK));
        new TestIo(overwriter).write(40 * BLOCK, filled(2, 3 * BLOCK));
        new TestIo(rolledBack).write(5 * BLOCK, filled(5, BLOCK));
        new TestIo(rolledBack).write(50 * BLOCK, filled(5, BLOCK));
        pool.engine().persistence.advanceMark();

        HostPool after =
                SimPool.on(disk.cut(new Random(1), CutKind.NONE), alone, 3).open();
        assertThat(new TestIo(after.open("prepared")).read(2 * BLOCK, 3 * BLOCK))
                .containsOnly(3);
        assertThat(new TestIo(after.open("copied")).read(BLOCK, 3 * BLOCK)).containsOnly(4);
        assertThat(new TestIo(after.open("back")).read(5 * BLOCK, BLOCK)).containsOnly(5);
        assertThat(new TestIo(after.open("back")).read(50 * BLOCK, BLOCK)).containsOnly(5);
        for (String snapshot : List.of("copied@s", "back@s")) {
            assertThat(new TestIo(after.open(snapshot)).read(0, BLOCKS * BLOCK)).containsOnly(1);
        }
    }

    /** A checkpoint's image names what records named, and is in nobody's way either; the clean end leaves nothing behind. */
    @Test
    void checkpointForcesWhatItsImageNamesAndTheCleanEndAll() {
        SimDisk disk = newPool(6);
        HostPool pool = SimPool.on(disk, alone, 2).open();
        overwriteBesideFirstWrites(pool);
        pool.checkpoint();
        assertThat(disk.device("data").hasUnforced()).as("what was overwritten").isTrue();
        HostPool after =
                SimPool.on(disk.cut(new Random(1), CutKind.NONE), alone, 3).open();
        assertThat(new TestIo(after.open("b")).read(5 * BLOCK, 2 * BLOCK)).containsOnly(3);
        assertThat(new TestIo(after.open("a")).read(0, BLOCKS * BLOCK)).containsOnly(1);
        pool.close();
        HostPool reopened =
                SimPool.on(disk.cut(new Random(1), CutKind.NONE), alone, 4).open();
        assertThat(new TestIo(reopened.open("a")).read(0, 3 * BLOCK)).containsOnly(2);
    }

    /** What is published while a run is under way may have come too late for it, and is for the next one. */
    @Test
    void whatIsPublishedDuringARunIsForcedByTheNext() {
        SimDisk disk = newPool(4);
        HostPool pool = SimPool.on(disk, alone, 2).open();
        settled(pool, "v"); // the first force after an opening takes everything
        pool.create("w", (long) BLOCKS * BLOCK);
        BlockSpace other = pool.open("w");
        new TestIo(other).write(0, filled(3, BLOCK));
        boolean[] isDuring = {true};
        disk.faults(event -> {
            if (event.op() == IoOp.FORCE && event.role() == IoRole.DATA && isDuring[0]) {
                isDuring[0] = false;
                new TestIo(other).write(9 * BLOCK, filled(4, 2 * BLOCK));
            }
            return null;
        });
        pool.engine().persistence.advanceMark();
        assertThat(isDuring[0]).isFalse();
        disk.faults(FaultInjector.NONE);
        pool.engine().persistence.advanceMark();
        HostPool after =
                SimPool.on(disk.cut(new Random(1), CutKind.NONE), alone, 3).open();
        assertThat(new TestIo(after.open("w")).read(9 * BLOCK, 2 * BLOCK)).containsOnly(4);
    }

    /** A persist point that began earlier has forced nothing yet when this one ends. */
    @Test
    void whatIsPublishedIsForcedBesideAPersistPoint() {
        SimScheduler scheduler = new SimScheduler(7);
        SimDisk disk = newPool(7).use(scheduler);
        HostPool pool = SimPool.on(disk, scheduler, 8).open();
        settled(pool, "a");
        pool.create("v", (long) BLOCKS * BLOCK);
        BlockSpace space = pool.open("v");
        pool.flush();
        new TestIo(space).write(3 * BLOCK, filled(4, 2 * BLOCK));
        disk.faults(event -> {
            if (event.op() == IoOp.FORCE && event.role() == IoRole.DATA && event.lengthBytes() == 0) {
                scheduler.pause(1_000_000_000);
            }
            return null;
        });
        long begin = scheduler.nanoTime();
        scheduler.spawn("flush", pool::flush);
        scheduler.spawn("background", () -> {
            scheduler.pause(10_000_000);
            pool.engine().persistence.advanceMark();
            assertThat(scheduler.nanoTime() - begin).isLessThan(1_000_000_000);
            HostPool after = SimPool.on(disk.cut(new Random(1), CutKind.NONE).use(alone), alone, 3)
                    .open();
            assertThat(new TestIo(after.open("v")).read(3 * BLOCK, 2 * BLOCK)).containsOnly(4);
        });
        scheduler.run();
    }

    /** A version keeps what was overwritten in place before it was made, which no record names. */
    @Test
    void freezeForcesWhatWasOverwrittenInPlaceUpToIt() {
        SimDisk disk = newPool(5);
        HostPool pool = SimPool.on(disk, alone, 2).open();
        BlockSpace space = settled(pool, "v");
        pool.create("other", (long) BLOCKS * BLOCK);
        new TestIo(pool.open("other")).write(0, filled(3, BLOCK)); // so that there is a record to force
        int[] writes = {0};
        disk.faults(event -> {
            if (event.op() == IoOp.FORCE && event.role() == IoRole.JOURNAL && writes[0] == 0) {
                writes[0]++;
                new TestIo(space)
                        .write(7 * BLOCK, filled(2, BLOCK)); // behind the first data force, and before the gate
            }
            return null;
        });
        pool.snapshot(List.of("v@s"));
        assertThat(writes[0]).isEqualTo(1);
        disk.faults(FaultInjector.NONE);
        assertThat(new TestIo(pool.open("v@s")).read(7 * BLOCK, BLOCK)).containsOnly(2);
        HostPool after =
                SimPool.on(disk.cut(new Random(1), CutKind.NONE), alone, 3).open();
        assertThat(new TestIo(after.open("v@s")).read(7 * BLOCK, BLOCK)).containsOnly(2);
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
        for (String name : List.of("a", "b")) {
            BlockSpace space = name.equals("a") ? overwriter : firstWriter;
            scheduler.spawn("flush", () -> {
                scheduler.pause(5_000_000);
                new TestIo(space).write(7 * BLOCK, filled(5, BLOCK));
                space.flush();
                HostPool after = SimPool.on(
                                disk.cut(new Random(seed), CutKind.NONE).use(alone), alone, seed)
                        .open();
                assertThat(new TestIo(after.open(name)).read(7 * BLOCK, BLOCK)).containsOnly(5);
            });
        }
        scheduler.spawn("published", () -> {
            scheduler.pause(5_000_000);
            pool.engine().persistence.persistPublished();
        });
        scheduler.run();
    }
}

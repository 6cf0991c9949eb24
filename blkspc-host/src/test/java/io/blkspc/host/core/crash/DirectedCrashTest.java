package io.blkspc.host.core.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.core.CrashModel;
import io.blkspc.host.core.CrashModel.Prediction;
import io.blkspc.host.core.EngineFacts;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.sim.CutKind;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Moments that random histories find rarely, made on purpose; each with the rule it is about. */
class DirectedCrashTest {

    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final long MIB = 1 << 20;

    private final CrashModel model = new CrashModel();
    private final SplittableRandom random = new SplittableRandom(1);
    private SimDisk disk;
    private HostPool pool;

    private void openPool(long dataBytes) {
        openPool(dataBytes, 256 << 10);
    }

    private void openPool(long dataBytes, int ring) {
        InertScheduler inert = new InertScheduler();
        SimDisk fresh = new SimDisk(inert, 1);
        SimPool.create(fresh, inert, SimPool.geometry(dataBytes, 3_000, ring), 1);
        disk = fresh.killImage();
        pool = SimPool.on(disk, new InertScheduler(), 1).open();
        model.adopt(pool);
        model.follow(disk);
    }

    private static byte[] filled(int blocks, int value) {
        byte[] bytes = new byte[blocks * BLOCK];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    private void write(String name, long block, int blocks, int value) {
        try (BlockSpace space = pool.open(name)) {
            new TestIo(space).write(block * BLOCK, filled(blocks, value));
        }
    }

    private static byte[] read(HostPool from, String name, long block) {
        try (BlockSpace space = from.open(name)) {
            return new TestIo(space).read(block * BLOCK, BLOCK);
        }
    }

    /** Everything so far is below the durable mark. */
    private void settle() {
        while (pool.backgroundRound()) {
            model.follow(disk);
        }
        model.follow(disk);
    }

    private HostPool reopen(SimDisk image) {
        model.follow(disk);
        Prediction expected = model.predict(image);
        HostPool recovered = SimPool.on(image, new InertScheduler(), 7).open();
        model.requireSame(recovered, expected);
        return recovered;
    }

    /** R1: a record that is appended between the two forces carries no mark over records that the second one is for. */
    @Test
    void markIsNotCarriedBeforeTheJournalIsForced() {
        openPool(MIB);
        pool.create("v", 16 * BLOCK);
        write("v", 0, 1, 1);
        pool.flush();
        write("v", 1, 1, 2);
        SimDisk[] between = new SimDisk[40];
        disk.faults(event -> {
            if (event.op() == IoOp.FORCE && event.role() == IoRole.JOURNAL && between[0] == null) {
                between[0] = disk.killImage(); // only once
                write("v", 2, 1, 3);
                for (int i = 0; i < between.length; i++) {
                    between[i] = disk.cut(random, CutKind.ALL_BUT_ONE);
                }
            }
            return null;
        });
        pool.flush();
        disk.faults(FaultInjector.NONE);
        for (SimDisk image :
                between) { // what is missing may be the record before: then it and the later one are a tail
            HostPool recovered = SimPool.on(image, new InertScheduler(), 7).open();
            assertThat(read(recovered, "v", 0)).isEqualTo(filled(1, 1));
        }
        model.follow(disk);
    }

    /** R6: a stage on an unwritten block of one's own counts as a write lease. */
    @Test
    void freezeWaitsForAStageOnAnUnwrittenBlock() {
        openPool(MIB);
        pool.create("v", 16 * BLOCK);
        try (BlockSpace space = pool.open("v")) {
            Cookie cookie = space.reserve(2, BLOCK);
            space.preallocate(cookie, 0, BLOCK);
            settle();
            Mapping mapping = new Mapping();
            assertThat(space.allocate(cookie, 0, BLOCK, mapping)).isEqualTo(Allocation.UNWRITTEN);
            assertThatThrownBy(() -> pool.snapshot(List.of("v@s"))).isInstanceOf(BlockSpaceException.class);
            cookie.put();
            pool.snapshot(List.of("v@s"));
        }
    }

    /** R6 and S8: a write in place ends before the volume is frozen, and before its block is made unwritten. */
    @Test
    void freezeAndZeroWaitForWriteLeases() {
        openPool(MIB);
        pool.create("v", 16 * BLOCK);
        write("v", 0, 1, 1);
        try (BlockSpace space = pool.open("v")) {
            try (Lease _ = space.writeLease()) {
                assertThatThrownBy(() -> pool.snapshot(List.of("v@s"))).isInstanceOf(BlockSpaceException.class);
                assertThatThrownBy(() -> pool.clone("v", List.of("c"))).isInstanceOf(BlockSpaceException.class);
                assertThatThrownBy(() -> space.zero(0, BLOCK, true)).isInstanceOf(BlockSpaceException.class);
            }
            space.zero(0, BLOCK, true);
        }
    }

    /** R6: what is published at any moment of a freeze, and is in it, is durable with it. */
    @Test
    void writeIntoTheMiddleOfAFreezeIsInItForGood() {
        openPool(MIB);
        pool.create("v", 16 * BLOCK);
        write("v", 0, 1, 1);
        settle();
        pool.clone("v", List.of("shares"));
        write("v", 1, 1, 1);
        int[] writes = {0};
        boolean[] inside = {false};
        disk.faults(event -> {
            // With the lock held no other client could do anything either.
            if (event.op() == IoOp.FORCE && !inside[0] && !EngineFacts.isLocked(pool)) {
                inside[0] = true;
                write("v", 2L * writes[0]++, 1, 2);
                inside[0] = false;
            }
            return null;
        });
        pool.snapshot(List.of("v@s"));
        disk.faults(FaultInjector.NONE);
        assertThat(writes[0]).isGreaterThanOrEqualTo(2);
        assertThat(read(pool, "v@s", 0)).isEqualTo(filled(1, 2));
        byte[][] frozen = new byte[16][];
        for (int block = 0; block < frozen.length; block++) {
            frozen[block] = read(pool, "v@s", block);
        }
        HostPool recovered = reopen(disk.cut(random, CutKind.NONE));
        for (int block = 0; block < frozen.length; block++) {
            assertThat(read(recovered, "v@s", block)).isEqualTo(frozen[block]);
        }
    }

    /** R7: a freed block gets new data only when the record that freed it is below the durable mark. */
    @Test
    void freedBlocksRestUntilTheirRecordIsDurable() {
        openPool(MIB);
        pool.create("v", 2 * MIB);
        write("v", 0, 256, 1);
        settle();
        try (BlockSpace space = pool.open("v")) {
            space.discard(7 * BLOCK, BLOCK);
            space.flush(); // forces the record; that the mark is durable takes another record
            long freed = pool.status().sequence();
            Cookie cookie = space.reserve(1, BLOCK);
            assertThat(EngineFacts.durableMark(pool)).isLessThan(freed);
            assertThat(space.allocate(cookie, 300L * BLOCK, BLOCK, new Mapping()))
                    .isEqualTo(Allocation.UNWRITTEN);
            assertThat(EngineFacts.durableMark(pool)).isGreaterThanOrEqualTo(freed);
            cookie.put();
        }
    }

    /** S8: a freed block rests until the readers that may have mapped it are gone. */
    @Test
    void freedBlocksRestUntilTheirReadersAreGone() {
        openPool(MIB);
        pool.create("v", 2 * MIB);
        write("v", 0, 256, 1);
        settle();
        try (BlockSpace space = pool.open("v")) {
            Lease reader = space.readLease();
            space.discard(7 * BLOCK, BLOCK);
            settle();
            settle();
            Cookie cookie = space.reserve(1, BLOCK);
            Mapping mapping = new Mapping();
            assertThat(space.allocate(cookie, 300L * BLOCK, BLOCK, mapping)).isEqualTo(Allocation.BUSY);
            reader.close();
            settle();
            settle();
            assertThat(space.allocate(cookie, 300L * BLOCK, BLOCK, mapping)).isEqualTo(Allocation.UNWRITTEN);
            cookie.put();
        }
    }

    /** R10: the journal up to a checkpoint is overwritten only when both superblock copies are forced. */
    @Test
    void journalIsNotReusedBeforeTheFlip() {
        openPool(MIB, 64 << 10);
        pool.create("v", 64 * BLOCK);
        for (int i = 0; i < 500 && !EngineFacts.isJournalFull(pool); i++) {
            write("v", i % 64, 1, i);
            model.follow(disk);
        }
        assertThat(EngineFacts.isJournalFull(pool)).isTrue();
        boolean[] inside = {false};
        disk.faults(event -> {
            if (event.role() == IoRole.CHECKPOINT && event.op() == IoOp.FORCE && !inside[0]) {
                inside[0] = true;
                for (int i = 0; i < 100 && !EngineFacts.isJournalFull(pool); i++) {
                    write("v", i % 64, 1, -i);
                    model.follow(disk);
                }
                reopen(disk.cut(random, CutKind.ALL));
            }
            return null;
        });
        pool.checkpoint();
        assertThat(inside[0]).isTrue();
    }

    /** R11: a superblock that only the page cache holds is brought to the medium before what it frees is overwritten. */
    @Test
    void recoveryFromASuperblockInThePageCacheMayBeCut() {
        openPool(MIB);
        pool.create("v", 200 * BLOCK);
        int[] cuts = {0};
        disk.faults(event -> {
            if (event.role() == IoRole.SUPERBLOCK && event.op() == IoOp.FORCE) {
                model.follow(disk);
                cutInRecovery(disk.killImage());
                cuts[0]++;
            }
            return null;
        });
        for (int i = 0; i < 40; i++) {
            write("v", random.nextInt(200), 1, i);
            pool.checkpoint();
        }
        assertThat(cuts[0]).isGreaterThan(40);
    }

    private void cutInRecovery(SimDisk image) {
        model.predict(image);
        image.faults(event -> {
            if (event.role() == IoRole.SUPERBLOCK && event.op() == IoOp.WRITE) {
                throw new CountdownScheduler.Stopped();
            }
            return null;
        });
        assertThatThrownBy(() -> SimPool.on(image, new InertScheduler(), random.nextLong())
                        .open())
                .isInstanceOf(CountdownScheduler.Stopped.class);
        image.faults(FaultInjector.NONE);
        for (CutKind kind : List.of(CutKind.NONE, CutKind.ALL)) {
            SimDisk again = image.cut(random, kind);
            Prediction expected = model.predict(again);
            HostPool recovered =
                    SimPool.on(again, new InertScheduler(), random.nextLong()).open();
            model.requireSame(recovered, expected);
        }
    }

    /** R8: no step of the reaper is journalled before the record that hid the version is forced. */
    @Test
    void reaperWaitsUntilTheDestroyIsForced() {
        openPool(MIB);
        pool.create("v", 16 * BLOCK);
        write("v", 0, 4, 1);
        pool.snapshot(List.of("v@s"));
        write("v", 0, 2, 2);
        settle();
        boolean[] inside = {false};
        boolean[] early = {false};
        disk.faults(event -> {
            if (event.role() == IoRole.JOURNAL && event.op() == IoOp.FORCE && !inside[0]) {
                inside[0] = true;
                pool.awaitReclaim();
            } else if (event.role() == IoRole.JOURNAL && event.op() == IoOp.WRITE && inside[0]) {
                early[0] |= EngineFacts.waitsForForce(pool);
            }
            return null;
        });
        pool.destroy(List.of("v@s"), true);
        assertThat(inside[0]).isTrue();
        assertThat(early[0]).as("a step before the force").isFalse();
    }

    /** A5: every step of giving back a version that takes many is a place where recovery may have to go on. */
    @Test
    void reapingGoesOnAfterACutAtAnyStep() {
        openPool(2 * MIB);
        pool.create("v", 200 * MIB);
        for (int leaf = 0; leaf < 150; leaf++) {
            write("v", leaf * 256L + 3, 1, leaf);
        }
        pool.create("other", 4 * BLOCK);
        write("other", 0, 4, 9);
        settle();
        pool.destroy(List.of("v"), true);
        cutAfterEveryStep(3);
    }

    /** A version that is half taken apart comes before its parent, whatever their ids: a merge would give it more. */
    @Test
    void recoveryTakesUpTheHalfReapedVersionFirst() {
        openPool(4 * MIB);
        pool.create("v", 200 * MIB);
        for (int leaf = 0; leaf < 150; leaf++) {
            write("v", leaf * 256L + 3, 1, leaf);
        }
        pool.snapshot(List.of("v@s"));
        pool.clone("v@s", List.of("c"));
        for (int leaf = 0; leaf < 150; leaf++) {
            write("c", leaf * 256L + 5, 1, leaf);
        }
        pool.destroy(List.of("v"), true);
        settle();
        pool.destroy(List.of("c"), true);
        pool.destroy(List.of("v@s"), true);
        pool.checkpoint();
        cutAfterEveryStep(3);
    }

    /** As above, where the version is merged into its only child, which was frozen again meanwhile. */
    @Test
    void mergingGoesOnAfterACutAtAnyStepAndAFreeze() {
        for (boolean freezes : new boolean[] {false, true}) {
            openPool(MIB);
            pool.create("v", 64 * BLOCK);
            write("v", 0, 30, 1);
            pool.snapshot(List.of("v@a"));
            for (int block = 0; block < 20; block += 2) {
                write("v", block, 1, 2);
            }
            pool.snapshot(List.of("v@b"));
            for (int block = 0; block < 30; block += 3) {
                write("v", block, 1, 3);
            }
            settle();
            pool.destroy(List.of("v@b"), true);
            pool.backgroundRound(); // the merge; what it set aside is not sorted yet
            assertThat(EngineFacts.isReaping(pool)).isTrue();
            if (freezes) {
                pool.snapshot(List.of("v@c"));
                write("v", 1, 3, 4);
            }
            cutAfterEveryStep(1);
        }
    }

    private void cutAfterEveryStep(int atLeast) {
        int steps = 0;
        boolean more = true;
        while (more) {
            byte[] before = pool.list().isEmpty()
                    ? null
                    : read(pool, pool.list().getFirst().name(), 0);
            for (CutKind kind : List.of(CutKind.NONE, CutKind.ALL, CutKind.RANDOM)) {
                HostPool recovered = reopen(disk.cut(random, kind));
                recovered.awaitReclaim();
                EngineFacts.requireExact(recovered);
                if (before != null && kind == CutKind.ALL) {
                    assertThat(read(recovered, recovered.list().getFirst().name(), 0))
                            .isEqualTo(before);
                }
            }
            more = pool.backgroundRound();
            steps++;
        }
        assertThat(steps).isGreaterThanOrEqualTo(atLeast);
        EngineFacts.requireExact(pool);
    }
}

package io.blkspc.host.core.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CorruptSpaceException;
import io.blkspc.api.Geometry;
import io.blkspc.api.Pool;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.core.EngineFacts;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.RepairReport;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.sim.CutKind;
import io.blkspc.host.sim.Fault;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDevice;
import io.blkspc.host.sim.SimDisk;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Contract D15: a pool that was stopped cleanly is opened with the data it was stopped with, or not at all. */
class SwappedDataTest {

    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int DATA_BYTES = 1 << 20;
    private static final int BLOCKS = DATA_BYTES / BLOCK;
    private static final int SUPERBLOCK_BYTES = 4096;
    private static final int GENERATION = 56;
    private static final int DATA_LABEL = 232;
    private static final String WHOSE = "data does not belong to this pool as it was stopped, found=";

    private final SplittableRandom random = new SplittableRandom(1);
    private long seed;

    private SimDisk created() {
        InertScheduler inert = new InertScheduler();
        SimDisk fresh = new SimDisk(inert, ++seed);
        SimPool.create(fresh, inert, SimPool.geometry(DATA_BYTES, 1_500, 64 << 10), seed);
        return fresh.killImage();
    }

    private HostPool open(SimDisk disk) {
        return SimPool.on(disk, new InertScheduler(), ++seed).open();
    }

    /** Stopped cleanly, with a volume that is full of one value. */
    private SimDisk stopped(int blocks, int value) {
        SimDisk disk = created();
        HostPool pool = open(disk);
        pool.create("v", (long) blocks * BLOCK);
        write(pool, 0, blocks, value);
        pool.close();
        return disk.killImage();
    }

    private static void write(Pool pool, long block, int blocks, int value) {
        byte[] bytes = new byte[blocks * BLOCK];
        Arrays.fill(bytes, (byte) value);
        try (BlockSpace space = pool.open("v")) {
            new TestIo(space).write(block * BLOCK, bytes);
        }
    }

    private static byte[] read(Pool pool, int blocks) {
        try (BlockSpace space = pool.open("v")) {
            return new TestIo(space).read(0, blocks * BLOCK);
        }
    }

    private static byte[] filled(int blocks, int value) {
        byte[] bytes = new byte[blocks * BLOCK];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    private static byte[] data(SimDisk disk) {
        return disk.device("data").peek(0, DATA_BYTES);
    }

    /** Block of the label as the newer superblock names it, or -1. */
    private static long labelled(SimDisk disk) {
        ByteBuffer copies = ByteBuffer.wrap(disk.device("superblock").peek(0, 2 * SUPERBLOCK_BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
        boolean first = copies.getLong(GENERATION) > copies.getLong(SUPERBLOCK_BYTES + GENERATION);
        return copies.getLong((first ? 0 : SUPERBLOCK_BYTES) + DATA_LABEL) - 1;
    }

    /** Not for writing, not for reading, not into a dump; the check tells it, a repair says what it is worth. Nothing is written. */
    private void requireRefused(SimDisk disk, String found) {
        SimDisk before = disk.killImage();
        requireRefusal(() -> open(disk), found);
        requireRefusal(() -> SimPool.on(disk, new InertScheduler(), 1).view(), found);
        assertThat(SimPool.on(disk, new InertScheduler(), 1).check(false).findings())
                .anySatisfy(finding -> assertThat(finding.toString()).contains(WHOSE + found));
        assertThatThrownBy(() -> SimPool.on(disk, new InertScheduler(), 1).dump(new ByteArrayOutputStream()))
                .isInstanceOf(BlockSpaceException.class)
                .hasMessageContaining(WHOSE + found);
        RepairReport report =
                SimPool.on(disk, new InertScheduler(), 1).repairTo(new SimDisk(new InertScheduler(), ++seed));
        assertThat(report.losses())
                .singleElement()
                .satisfies(loss -> assertThat(loss.toString()).contains(WHOSE + found));
        assertThat(disk.sameBytes(before)).as("nothing was written").isTrue();
    }

    private static void requireRefusal(ThrowingCallable opening, String found) {
        assertThatThrownBy(opening).isInstanceOfSatisfying(CorruptSpaceException.class, e -> {
            assertThat(e.code()).isEqualTo(Code.NEEDS_CHECK);
            assertThat(e.structure()).isEqualTo("data label");
            assertThat(e).hasMessageContaining(WHOSE + found);
        });
    }

    @Test
    void theDataOfAnotherPoolIsRefused() {
        SimDisk one = stopped(4, 1);
        SimDisk other = stopped(4, 2);
        byte[] ofOne = data(one);
        one.device("data").poke(0, data(other));
        other.device("data").poke(0, ofOne);
        requireRefused(one, "label of pool ");
        requireRefused(other, "label of pool ");
        ofOne = data(other);
        other.device("data").poke(0, data(one));
        one.device("data").poke(0, ofOne);
        assertThat(read(open(one), 4)).isEqualTo(filled(4, 1));
        assertThat(read(open(other), 4)).isEqualTo(filled(4, 2));
    }

    @Test
    void theDataOfANewPoolIsRefused() {
        SimDisk one = created();
        one.device("data").poke(0, data(created()));
        requireRefused(one, "label of pool ");
        SimDisk empty = created();
        empty.device("data").poke(0, new byte[DATA_BYTES]);
        requireRefused(empty, "no label");
    }

    /** A write in place leaves no record: all metadata but the superblock is what it was. */
    @Test
    void anOlderAndANewerCopyOfTheDataAreRefused() {
        SimDisk older = stopped(4, 1);
        SimDisk newer = older.killImage();
        HostPool pool = open(newer);
        write(pool, 0, 4, 2);
        pool.close();
        SimDisk newMetadata = newer.killImage();
        newMetadata.device("data").poke(0, data(older));
        requireRefused(newMetadata, "label of another stop");
        SimDisk oldMetadata = older.killImage();
        oldMetadata.device("data").poke(0, data(newer));
        requireRefused(oldMetadata, "label of another stop");
    }

    /** Were the new label there, the old one would still be where it was. */
    @Test
    void aNewerCopyIsRefusedAlsoWhenABlockBeforeTheLabelBecameFree() {
        SimDisk older = stopped(4, 1);
        SimDisk newer = older.killImage();
        HostPool pool = open(newer);
        try (BlockSpace space = pool.open("v")) {
            space.discard(0, BLOCK);
        }
        while (EngineFacts.hasRestingBlocks(pool)) {
            pool.backgroundRound();
        }
        pool.close();
        older.device("data").poke(0, data(newer));
        requireRefused(older, "label of another stop");
    }

    @Test
    void everyDamagedByteOfTheLabelIsRefused() {
        SimDisk disk = stopped(4, 1);
        long offset = labelled(disk) * BLOCK;
        for (int at = 0; at < BLOCK; at++) {
            SimDisk image = disk.killImage();
            image.device("data").flipBit(offset + at, random.nextInt(8));
            requireRefusal(() -> open(image), "no label");
        }
    }

    @Test
    void theLabelLiesInAFreeBlock() {
        SimDisk disk = stopped(BLOCKS - 2, 1);
        long label = labelled(disk);
        HostPool pool = open(disk);
        assertThat(pool.status().allocatedBytes()).isEqualTo(DATA_BYTES - 2 * BLOCK);
        assertThat(PoolContent.of(pool).mapped.get((int) label)).isFalse();
        assertThat(labelled(disk.killImage())).as("while it is open").isEqualTo(-1);
        assertThat(read(pool, BLOCKS - 2)).isEqualTo(filled(BLOCKS - 2, 1));
    }

    @Test
    void aLabelThatCannotBeReadIsRefused() {
        SimDisk disk = stopped(4, 1).use(new InertScheduler());
        disk.faults(event -> event.op() == IoOp.READ && isData(event.device()) ? Fault.EIO : null);
        for (ThrowingCallable opening : List.<ThrowingCallable>of(
                () -> open(disk),
                () -> SimPool.on(disk, new InertScheduler(), 1).view())) {
            assertThatThrownBy(opening).isInstanceOfSatisfying(CorruptSpaceException.class, e -> {
                assertThat(e.code()).isEqualTo(Code.NEEDS_CHECK);
                assertThat(e.structure()).isEqualTo("data label");
            });
        }
        assertThat(SimPool.on(disk, new InertScheduler(), 1).check(false).findings())
                .singleElement()
                .satisfies(finding -> assertThat(finding.structure()).isEqualTo("data label"));
        disk.faults(FaultInjector.NONE);
        assertThat(read(open(disk), 4)).isEqualTo(filled(4, 1));
    }

    /** What a new volume was not written to is zeros, wherever the label was. */
    @Test
    void nobodyReadsTheLabel() {
        SimDisk disk = stopped(BLOCKS - 2, 1);
        HostPool pool = open(disk);
        pool.create("w", 2 * BLOCK);
        try (BlockSpace space = pool.open("w")) {
            TestIo io = new TestIo(space);
            for (int block = 0; block < 2; block++) {
                io.write(block * (long) BLOCK + 512, Arrays.copyOf(filled(1, 3), 512));
                byte[] expected = new byte[BLOCK];
                Arrays.fill(expected, 512, 1024, (byte) 3);
                assertThat(io.read(block * (long) BLOCK, BLOCK)).isEqualTo(expected);
            }
        }
    }

    @Test
    void aFullPoolHasNoLabelAndOpens() {
        SimDisk disk = stopped(BLOCKS, 1);
        assertThat(labelled(disk)).isEqualTo(-1);
        HostPool pool = open(disk);
        assertThat(pool.status().cleanOpen()).isTrue();
        assertThat(read(pool, BLOCKS)).isEqualTo(filled(BLOCKS, 1));
    }

    @Test
    void aBackingStoreWithoutRoomForTheLabelLetsThePoolStopCleanly() {
        SimDisk disk = created();
        HostPool pool = open(disk);
        pool.create("v", 4 * BLOCK);
        write(pool, 0, 4, 1);
        pool.flush();
        disk.faults(event -> event.op() == IoOp.WRITE && isData(event.device()) ? Fault.ENOSPC : null);
        pool.close();
        disk.faults(FaultInjector.NONE);
        assertThat(labelled(disk)).isEqualTo(-1);
        HostPool again = open(disk.killImage());
        assertThat(again.status().cleanOpen()).isTrue();
        assertThat(read(again, 4)).isEqualTo(filled(4, 1));
    }

    private static boolean isData(SimDevice device) {
        return device.name().equals("data");
    }

    /** Then the journal tells what is there; the label of the stop before is history. */
    @Test
    void afterAKillNoLabelIsLookedFor() {
        SimDisk disk = stopped(4, 1);
        long label = labelled(disk);
        HostPool pool = open(disk);
        write(pool, 0, 4, 2);
        SimDisk killed = disk.killImage();
        killed.device("data").poke(label * BLOCK, new byte[BLOCK]);
        try (Pool view = SimPool.on(killed.killImage(), new InertScheduler(), 1).view()) {
            assertThat(read(view, 4)).isEqualTo(filled(4, 2));
        }
        HostPool recovered = open(killed);
        assertThat(recovered.status().cleanOpen()).isFalse();
        assertThat(read(recovered, 4)).isEqualTo(filled(4, 2));
    }

    @Test
    void aPoolThatGrewIsLabelledAsAnyOther() {
        SimDisk disk = stopped(BLOCKS, 1);
        HostPool pool = open(disk);
        pool.grow(2L * DATA_BYTES);
        pool.close();
        assertThat(labelled(disk)).isEqualTo(BLOCKS);
        SimDisk image = disk.killImage();
        image.device("data").flipBit((long) DATA_BYTES + 100, 1);
        requireRefusal(() -> open(image), "no label");
        assertThat(read(open(disk.killImage()), BLOCKS)).isEqualTo(filled(BLOCKS, 1));
    }

    /**
     * The power is cut at every IO of a stop. No block, or one, is free besides those that a discard gave up a moment ago, whose record
     * may get lost: what they held must then be there.
     */
    @Test
    void aCutAnywhereInAStopLosesNothing() {
        for (int free = 0; free < 2; free++) {
            int blocks = BLOCKS - free;
            SimDisk disk = stopped(blocks, 1);
            HostPool pool = open(disk);
            try (BlockSpace space = pool.open("v")) {
                space.discard(8 * BLOCK, 8 * BLOCK);
            }
            List<SimDisk> images = new ArrayList<>();
            disk.faults(event -> {
                for (CutKind kind : CutKind.values()) {
                    images.add(disk.cut(random, kind));
                }
                images.add(disk.killImage());
                return null;
            });
            pool.close();
            disk.faults(FaultInjector.NONE);
            images.add(disk.cut(random, CutKind.NONE));
            int cleanly = 0;
            int discarded = 0;
            byte[] before = filled(blocks, 1);
            byte[] after = before.clone();
            Arrays.fill(after, 8 * BLOCK, 16 * BLOCK, (byte) 0);
            for (SimDisk image : images) {
                HostPool again = open(image);
                cleanly += again.status().cleanOpen() ? 1 : 0;
                byte[] found = read(again, blocks);
                if (Arrays.equals(found, after)) {
                    discarded++;
                } else {
                    assertThat(found).isEqualTo(before);
                }
                EngineFacts.requireConsistent(again);
            }
            assertThat(cleanly).isPositive();
            assertThat(discarded).isBetween(1, images.size() - 1);
        }
    }
}

package io.blkspc.host.core.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.PoolStatus;
import io.blkspc.api.Quota;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.check.SpaceCheck;
import io.blkspc.host.checkpoint.CheckpointRoot;
import io.blkspc.host.checkpoint.SegmentStore;
import io.blkspc.host.core.EngineFacts;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.journal.Superblock;
import io.blkspc.host.journal.SuperblockStore;
import io.blkspc.host.sim.CutKind;
import io.blkspc.host.sim.Fault;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** A pool that is made larger: before and after the one moment at which it is, and what it can do with it at once. */
class GrowTest {

    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final long MIB = 1 << 20;
    private static final int BLOCKS = 200;

    private final SplittableRandom random = new SplittableRandom(5);
    private SimDisk disk = new SimDisk(new InertScheduler(), 1);
    private HostPool pool;

    private void openPool() {
        SimPool.create(disk, new InertScheduler(), SimPool.geometry(MIB, 300, 64 << 10), 1);
        open(disk);
        pool.create("v", 4 * MIB);
        writeAll("v", BLOCKS, 1);
    }

    private void open(SimDisk image) {
        disk = image;
        pool = SimPool.on(disk, new InertScheduler(), 3).open();
    }

    private void writeAll(String name, int blocks, int value) {
        byte[] bytes = new byte[BLOCK];
        Arrays.fill(bytes, (byte) value);
        try (BlockSpace space = pool.open(name)) {
            for (long block = 0; block < blocks; block++) {
                new TestIo(space).write(block * BLOCK, bytes);
            }
            space.flush();
        }
    }

    private static void requireAll(HostPool from, String name, int blocks, int value) {
        byte[] bytes = new byte[BLOCK];
        Arrays.fill(bytes, (byte) value);
        try (BlockSpace space = from.open(name)) {
            for (long block = 0; block < blocks; block++) {
                assertThat(new TestIo(space).read(block * BLOCK, BLOCK)).isEqualTo(bytes);
            }
        }
    }

    private static void requireClean(HostPool pool) {
        EngineFacts.requireConsistent(pool);
        assertThat(pool.inspect(SpaceCheck::run).findings()).isEmpty();
    }

    @Test
    void whatWasGainedIsUsedAtOnce() {
        openPool();
        assertThatThrownBy(() -> pool.create("g", 2 * MIB, Quota.guarantee(Quota.FULL)))
                .isInstanceOf(BlockSpaceException.class);
        PoolStatus before = pool.status();
        PoolStatus after = pool.grow(8 * MIB);
        assertThat(after.sizeBytes()).isEqualTo(8 * MIB);
        assertThat(after.freeBytes() - before.freeBytes()).isEqualTo(7 * MIB);
        assertThat(after.metadataTotalBytes()).isGreaterThan(before.metadataTotalBytes());
        pool.create("g", 2 * MIB, Quota.guarantee(Quota.FULL));
        writeAll("g", 512, 2);
        writeAll("v", 1024, 3);
        requireAll(pool, "g", 512, 2);
        requireAll(pool, "v", 1024, 3);
        requireClean(pool);
    }

    @Test
    void largerPoolStaysSoAfterACleanStopAndAfterAKill() {
        openPool();
        for (int round = 2; round <= 6; round++) { // the directory of the segments moves several times
            pool.grow(4 * MIB * round);
            String name = "v" + round;
            pool.create(name, 4 * MIB);
            writeAll(name, BLOCKS, round);
            if (round % 2 == 0) {
                pool.close();
            }
            open(disk.killImage());
            assertThat(pool.status().sizeBytes()).isEqualTo(4 * MIB * round);
            requireAll(pool, "v", BLOCKS, 1);
            requireAll(pool, name, BLOCKS, round);
            requireClean(pool);
        }
    }

    /** D5: at every IO of it, in every kind of crash state, the pool is what it was or what it was to become. */
    @Test
    void crashAnywhereLeavesTheOldSizeOrTheNewOne() {
        openPool();
        pool.grow(2 * MIB); // so that the next one must not write over the directory that this one wrote
        List<SimDisk> images = new ArrayList<>();
        disk.faults(event -> {
            if (event.op() != IoOp.READ) {
                for (CutKind kind : CutKind.values()) {
                    if (kind != CutKind.TORN_SECTOR) {
                        images.add(disk.cut(random, kind));
                    }
                }
                images.add(disk.killImage());
            }
            return null;
        });
        pool.grow(16 * MIB);
        disk.faults(FaultInjector.NONE);
        images.add(disk.cut(random, CutKind.NONE));
        TreeSet<Long> sizes = new TreeSet<>();
        TreeSet<String> areas = new TreeSet<>();
        int cutBack = 0;
        for (SimDisk image : images) {
            long found = image.device("segments").sizeBytes();
            HostPool recovered = SimPool.on(image, new InertScheduler(), 7).open();
            sizes.add(recovered.status().sizeBytes());
            areas.add(recovered.status().sizeBytes() + " "
                    + image.device("segments").sizeBytes());
            cutBack += image.device("segments").sizeBytes() < found ? 1 : 0;
            requireAll(recovered, "v", BLOCKS, 1);
            requireClean(recovered);
            recovered.grow(16 * MIB);
            assertThat(recovered.status().sizeBytes()).isEqualTo(16 * MIB);
            requireClean(recovered);
        }
        assertThat(sizes).containsExactly(2 * MIB, 16 * MIB);
        // Whoever does not know of growing goes by the size of this file, so it is that of the pool again.
        assertThat(areas).hasSize(2);
        assertThat(cutBack).isPositive();
        open(images.getLast());
        assertThat(pool.status().sizeBytes()).isEqualTo(16 * MIB);
    }

    /**
     * A version from before pools could grow takes all of the file of segments for their area, and its root for damage when that is of
     * another one; it wrote nothing by then. So no feature bit has to warn it before the growth counts.
     */
    @Test
    void versionThatKnowsNoGrowthRefusesAKilledOneUntilThisVersionHasOpenedThePool() {
        openPool();
        List<SimDisk> images = new ArrayList<>();
        disk.faults(event -> {
            if (event.op() != IoOp.READ) {
                images.add(disk.killImage());
                images.add(disk.cut(random, CutKind.RANDOM));
            }
            return null;
        });
        pool.grow(16 * MIB);
        disk.faults(FaultInjector.NONE);
        images.add(disk.killImage());
        EnumSet<Code> met = EnumSet.noneOf(Code.class);
        boolean isMetAsBefore = false;
        for (SimDisk image : images) {
            Code first = whatAnOlderVersionSays(image);
            if (first != null) {
                met.add(first);
            }
            isMetAsBefore |= first == null;
            HostPool recovered = SimPool.on(image, new InertScheduler(), 7).open();
            boolean isLarger = recovered.status().sizeBytes() == 16 * MIB;
            recovered.close();
            assertThat(first == Code.TOO_NEW).isEqualTo(isLarger);
            assertThat(whatAnOlderVersionSays(image.killImage())).isEqualTo(isLarger ? Code.TOO_NEW : null);
        }
        assertThat(isMetAsBefore).isTrue();
        assertThat(met).containsExactlyInAnyOrder(Code.NEEDS_CHECK, Code.TOO_NEW);
    }

    /** How it reads the superblock and the checkpoint; {@code null} when it opens the pool. */
    private static Code whatAnOlderVersionSays(SimDisk image) {
        try (SuperblockStore reading = new SuperblockStore(image.device("superblock"))) {
            Superblock superblock = reading.read().superblock();
            if ((superblock.incompatFeatures() & Superblock.INCOMPAT_GROWN_SEGMENTS) != 0) {
                return Code.TOO_NEW;
            }
            CheckpointRoot root = superblock.checkpointRoot();
            assertThat(root.isEmpty()).as("it would go on with another area").isFalse();
            try (SegmentStore segments =
                    new SegmentStore(image.device("segments"), superblock.poolUuid(), superblock.segmentBytes())) {
                segments.load(root, (kind, id, memory, offset, length) -> {});
                return null;
            } catch (BlockSpaceException e) {
                return e.code();
            }
        }
    }

    @Test
    void checkpointsGoOnWhileSpaceIsTaken() {
        openPool();
        pool.checkpoint();
        List<String> grown = new ArrayList<>();
        disk.faults(event -> {
            if (event.op() == IoOp.GROW && !grown.contains(event.device().name())) {
                grown.add(event.device().name());
                writeAll("v", 20, grown.size() + 1);
                pool.create("while" + grown.size(), MIB);
                long used = pool.status().journalUsedBytes();
                long before = disk.count(IoRole.SUPERBLOCK, IoOp.FORCE);
                pool.checkpoint();
                assertThat(disk.count(IoRole.SUPERBLOCK, IoOp.FORCE)).isGreaterThan(before);
                assertThat(pool.status().journalUsedBytes()).isLessThan(used);
            }
            return null;
        });
        pool.grow(16 * MIB);
        disk.faults(FaultInjector.NONE);
        assertThat(grown).containsExactly("data", "segments"); // the segments last
        requireAll(pool, "v", 20, 3);
        requireClean(pool);
        open(disk.killImage());
        assertThat(pool.status().sizeBytes()).isEqualTo(16 * MIB);
        requireAll(pool, "v", 20, 3);
        requireClean(pool);
    }

    @Test
    void refusedWhereTheBackingCannotGrow() {
        openPool();
        PoolStatus before = pool.status();
        for (String device : List.of("segments", "data")) {
            disk.faults(
                    event -> event.op() == IoOp.GROW && event.device().name().equals(device) ? Fault.ENOSPC : null);
            assertThatThrownBy(() -> pool.grow(16 * MIB))
                    .isInstanceOfSatisfying(
                            BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.OUT_OF_BACKING));
            disk.faults(FaultInjector.NONE);
            assertThat(pool.status()).isEqualTo(before);
            assertThat(disk.device("segments").sizeBytes() + disk.device("data").sizeBytes())
                    .isEqualTo(before.sizeBytes()
                            + SimPool.geometry(MIB, 300, 64 << 10).segmentAreaBytes());
        }
        writeAll("v", BLOCKS, 4);
        requireAll(pool, "v", BLOCKS, 4);
        pool.grow(16 * MIB);
        requireClean(pool);
    }

    /** What had failed before says so: more room would not help. */
    @Test
    void poolThatFailsMeanwhileSaysThatAndNotThatItHasNoRoom() {
        openPool();
        long before = disk.device("segments").sizeBytes() + disk.device("data").sizeBytes();
        disk.faults(event -> {
            if (event.op() == IoOp.GROW && event.device().name().equals("data")) {
                EngineFacts.fail(pool, new IllegalStateException("met meanwhile"));
            }
            return null;
        });
        assertThatThrownBy(() -> pool.grow(16 * MIB))
                .isInstanceOfSatisfying(
                        BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.FAILED));
        assertThat(disk.device("segments").sizeBytes() + disk.device("data").sizeBytes())
                .as("what was taken is given back")
                .isEqualTo(before);
    }

    @Test
    void smallerIsRefusedAndTheSameIsDone() {
        openPool();
        pool.grow(2 * MIB);
        long sequence = pool.status().sequence();
        assertThat(pool.grow(2 * MIB).sequence()).isEqualTo(sequence);
        for (long wrong : new long[] {MIB, 0, -BLOCK, 2 * MIB + 512, Long.MAX_VALUE}) {
            assertThatThrownBy(() -> pool.grow(wrong)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(pool.status().sizeBytes()).isEqualTo(2 * MIB);
        pool.close();
        assertThatThrownBy(() -> pool.grow(4 * MIB)).isInstanceOf(BlockSpaceException.class);
    }
}

package io.blkspc.host.core.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Geometry;
import io.blkspc.api.Mapping;
import io.blkspc.api.Quota;
import io.blkspc.api.VolumeInfo;
import io.blkspc.api.contract.Seeds;
import io.blkspc.host.check.CheckReport;
import io.blkspc.host.check.SpaceCheck;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.Loss;
import io.blkspc.host.core.PoolView;
import io.blkspc.host.core.RepairReport;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.journal.Superblock;
import io.blkspc.host.journal.SuperblockStore;
import io.blkspc.host.sim.Fault;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a repaired copy keeps: sharing, guarantees, identities; and what it tells of data that cannot be read. */
class RepairTest {

    private static final long SEVENTH_MIB = 7L << 20;

    private long seed;
    private SplittableRandom random;

    @BeforeEach
    void seed() {
        seed = Seeds.next();
        random = new SplittableRandom(seed);
    }

    private SimPool on(SimDisk disk) {
        return SimPool.on(disk, new InertScheduler(), seed);
    }

    private SimDisk emptyDisk() {
        return new SimDisk(new InertScheduler(), random.nextLong());
    }

    private CheckReport check(SimDisk disk, boolean isDeep) {
        return SpaceCheck.run(on(disk).inspect(), isDeep);
    }

    /** Histories of every kind, at rest and killed. */
    @Test
    void aCopyOfAnIntactPoolHasWhatItHadAndTakesNoMoreSpace() {
        for (int i = 0; i < 12; i++) {
            SimDisk fresh = emptyDisk();
            SimPool.create(fresh, new InertScheduler(), SimPool.geometry(2 << 20, 600, 64 << 10), seed);
            SimDisk disk = fresh.killImage();
            HostPool pool = on(disk).open();
            new ClientTask(new Workload(random), pool, random.nextLong(), 150).run();
            if (i % 2 == 0) {
                pool.awaitReclaim();
                pool.close();
            }
            SimDisk image = disk.killImage();
            HostPool original = on(image.killImage()).open();
            List<VolumeInfo> infos = original.list();
            long allocated = original.status().allocatedBytes();
            RepairOracle oracle = new RepairOracle();
            oracle.judge(image, RepairOracle.content(original), seed);
            assertThat(oracle.whole).as("repair %s", i).isEqualTo(1);

            SimDisk copy = emptyDisk();
            RepairReport report = on(image.killImage()).repairTo(copy);
            assertThat(report.losses()).isEmpty();
            HostPool repaired = on(copy.killImage()).open();
            assertThat(repaired.status().allocatedBytes()).as("repair %s", i).isLessThanOrEqualTo(allocated);
            assertThat(repaired.status().uuid()).isNotEqualTo(original.status().uuid());
            assertThat(facts(repaired.list())).as("repair %s", i).isEqualTo(facts(infos));
        }
    }

    /** D20: what an older version would take for damage it must not open, in the copy as in the original. */
    @Test
    void aCopyNeedsTheFeaturesOfWhatItKeeps() {
        SimDisk disk = emptyDisk();
        SimPool.create(disk, new InertScheduler(), SimPool.geometry(1 << 20, 300, 64 << 10), seed);
        HostPool pool = on(disk).open();
        pool.create("v", 1 << 20);
        pool.snapshot(List.of("v@s"));
        pool.hold("a", "v@s");
        pool.resize("v", 2 << 20, false);
        pool.grow(16 << 20);
        assertThat(features(disk))
                .isEqualTo(Superblock.INCOMPAT_GROWN_SEGMENTS
                        | Superblock.INCOMPAT_RESIZED_VOLUMES
                        | Superblock.INCOMPAT_HELD_SNAPSHOTS);
        SimDisk copy = emptyDisk();
        on(disk.killImage()).repairTo(copy);
        assertThat(features(copy)).isEqualTo(Superblock.INCOMPAT_RESIZED_VOLUMES | Superblock.INCOMPAT_HELD_SNAPSHOTS);
        assertThat(on(copy.killImage()).open().info("v@s").holds()).containsExactly("a");
    }

    private static long features(SimDisk disk) {
        try (SuperblockStore store = new SuperblockStore(disk.killImage().device("superblock"))) {
            return store.read().superblock().incompatFeatures();
        }
    }

    private static List<List<Object>> facts(List<VolumeInfo> infos) {
        List<List<Object>> facts = new ArrayList<>();
        for (VolumeInfo info : infos) {
            facts.add(List.of(
                    info.name(),
                    info.uuid(),
                    info.type(),
                    info.sizeBytes(),
                    info.mappedBytes(),
                    info.createdMillis(),
                    info.quota()));
        }
        return facts;
    }

    /** A volume of two MiB with a snapshot and two clones, one of which has changed a block. */
    private SimDisk family() {
        SimDisk disk = emptyDisk();
        SimPool.create(disk, new InertScheduler(), SimPool.geometry(8 << 20, 600, 64 << 10), seed);
        disk = disk.killImage();
        HostPool pool = on(disk).open();
        pool.create("base", 2 << 20, new Quota(1 << 20, 0));
        write(pool, "base", 0, 400);
        pool.snapshot(List.of("base@s"));
        pool.clone("base", List.of("one", "two"), Quota.NONE);
        write(pool, "two", 10, 11);
        pool.close();
        return disk.killImage();
    }

    private static void write(HostPool pool, String name, int from, int to) {
        try (BlockSpace space = pool.open(name)) {
            var io = new io.blkspc.api.contract.TestIo(space);
            byte[] sector = new byte[SectorValue.BYTES];
            for (long at = Geometry.toBytes(from); at < Geometry.toBytes(to); at += SectorValue.BYTES) {
                SectorValue.encode(1 + at, sector, 0);
                io.write(at, sector);
            }
        }
    }

    /** From now on the medium refuses to read a block that all versions map; returns which. */
    private long refuseSharedBlock(SimDisk disk) {
        Mapping mapping = new Mapping();
        try (PoolView view = on(disk.killImage()).view();
                BlockSpace space = view.open("base@s")) {
            space.map(Geometry.toBytes(100), Geometry.BLOCK_BYTES, mapping);
        }
        long at = mapping.deviceOffsetBytes();
        disk.faults(event -> event.op() == IoOp.READ
                        && event.device() == disk.device("data")
                        && event.offsetBytes() < at + Geometry.BLOCK_BYTES
                        && event.offsetBytes() + event.lengthBytes() > at
                ? Fault.EIO
                : null);
        return at / Geometry.BLOCK_BYTES;
    }

    @Test
    void blocksThatCannotBeReadAreListedForEachVolumeThatMapsThem() {
        SimDisk disk = family();
        Map<String, long[]> before = RepairOracle.content(on(disk.killImage()).view());
        SimDisk bad = disk.killImage();
        refuseSharedBlock(bad);

        SimDisk copy = emptyDisk();
        RepairReport report = on(bad).repairTo(copy);

        TreeSet<String> names = new TreeSet<>();
        for (Loss loss : report.losses()) {
            names.add(loss.volume());
            assertThat(loss.lengthBytes()).isEqualTo(Geometry.BLOCK_BYTES);
            assertThat(loss.reason()).contains("cannot be read");
        }
        assertThat(names).isEqualTo(new TreeSet<>(before.keySet()));
        assertThat(report.losses()).hasSize(4);
        assertThat(check(copy.killImage(), true).findings()).isEmpty();
        long offset = report.losses().getFirst().offsetBytes();
        Map<String, long[]> after = RepairOracle.content(on(copy.killImage()).open());
        before.forEach((name, sectors) -> {
            long[] expected = sectors.clone();
            int first = (int) (offset / SectorValue.BYTES);
            java.util.Arrays.fill(expected, first, first + 8, 0);
            assertThat(after.get(name)).as(name).isEqualTo(expected);
        });
    }

    @Test
    void clonesOfAFullPoolFitIntoACopyOfTheSameSize() {
        SimDisk disk = family();
        HostPool pool = on(disk).open();
        pool.clone("base@s", List.of("three", "four", "five", "six", "seven", "eight"), Quota.NONE);
        assertThat(pool.list().stream().mapToLong(VolumeInfo::mappedBytes).sum())
                .isGreaterThan(SEVENTH_MIB);
        pool.close();
        SimDisk copy = emptyDisk();
        RepairReport report = on(disk.killImage()).repairTo(copy);
        assertThat(report.losses()).isEmpty();
        assertThat(report.volumes()).isEqualTo(9);
        assertThat(report.snapshots()).isEqualTo(1);
        assertThat(report.copiedBytes()).isEqualTo(Geometry.toBytes(401));
    }

    @Test
    void onlyADeepCheckFindsABlockThatCannotBeRead() {
        SimDisk disk = family();
        CheckReport clean = check(disk.killImage(), true);
        assertThat(clean.findings()).isEmpty();
        assertThat(clean.readBlocks()).isEqualTo(clean.allocatedBlocks()).isEqualTo(401);
        SimDisk bad = disk.killImage();
        long block = refuseSharedBlock(bad);
        assertThat(check(bad, false).findings()).isEmpty();
        List<CheckReport.Finding> findings = check(bad, true).findings();
        assertThat(findings).hasSize(1);
        assertThat(findings.getFirst().toString()).contains("data block physical=" + block + ":");
    }
}

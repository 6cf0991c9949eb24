package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.Geometry;
import io.blkspc.api.VolumeInfo;
import io.blkspc.host.check.SpaceCheck;
import io.blkspc.host.device.FileBlockDevice;
import io.blkspc.host.device.FileForce;
import io.blkspc.host.device.Preallocation;
import io.blkspc.host.device.Preallocation.Fill;
import io.blkspc.host.extent.ChronicleNodeStore;
import io.blkspc.host.extent.NodeFormat;
import io.blkspc.host.extent.NodeStore;
import io.blkspc.host.sched.SystemScheduler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * How long a pool with many separate extents takes to serve again after its process died, on real files, printed by phase.
 * Asserts that everything is there; the times are for docs/design.md and for comparing. {@code blkspc.recovery.extents}
 * says how many extents, a million unless told; {@code blkspc.recovery.repeats} how often.
 */
@EnabledIfSystemProperty(
        named = "blkspc.release",
        matches = "true",
        disabledReason = "needs minutes and 10 GiB, runs with --release")
class RecoveryTimeTest {

    private static final int EXTENTS = Integer.getInteger("blkspc.recovery.extents", 1_000_000);
    private static final int REPEATS = Integer.getInteger("blkspc.recovery.repeats", 1);

    /** Fewer than the blocks that may be above the mark: more would bring about a mark in between. */
    private static final int ABOVE_MARK = Math.min(EXTENTS / 4, 60_000);

    private static final PoolGeometry GEOMETRY = geometry();

    @TempDir
    Path dir;

    private final SplittableRandom random = new SplittableRandom(1);

    private static PoolGeometry geometry() {
        long dataBytes = Math.max(64L << 20, (EXTENTS + EXTENTS / 2L) << Geometry.BLOCK_SHIFT);
        PoolGeometry usual = PoolGeometry.of(dataBytes, 0);
        return new PoolGeometry(dataBytes, 2 * usual.maxNodes(), 64 << 20, usual.segmentBytes());
    }

    @BeforeEach
    void createPool() {
        Preallocation.create(dir.resolve("superblock"), 8192, Fill.ZEROED, true);
        Preallocation.create(dir.resolve("journal"), GEOMETRY.journalBytes(), Fill.ZEROED, true);
        Preallocation.create(dir.resolve("segments"), GEOMETRY.segmentAreaBytes(), Fill.ALLOCATED, true);
        Preallocation.create(dir.resolve("data"), GEOMETRY.dataBytes(), Fill.ALLOCATED, true);
        PoolDevices devices = devices();
        opening(devices).create(GEOMETRY);
        devices.close();
    }

    @Test
    void extentsOfTheCheckpointComeBackWithoutTheMap() throws IOException {
        HostPool pool = open();
        long mapped = fill(pool, false);
        pool.checkpoint();
        kill(pool);
        for (int i = 0; i < REPEATS; i++) {
            Files.delete(dir.resolve("extents.map"));
            HostPool again = openAndReport("checkpoint");
            assertThat(mapped(again)).isEqualTo(mapped);
            kill(again);
        }
        assertSound();
    }

    @Test
    void extentsOfTheJournalComeBack() throws IOException {
        HostPool pool = open();
        pool.checkpoint();
        long mapped = fill(pool, true);
        kill(pool);
        for (int i = 0; i < REPEATS; i++) {
            save(i == 0);
            HostPool again = openAndReport("journal");
            assertThat(mapped(again)).isEqualTo(mapped);
            kill(again);
        }
        assertSound();
    }

    /** A recovery changes journal and superblock, and writes a checkpoint: the state before is kept for the next one. */
    private void save(boolean first) throws IOException {
        for (String name : List.of("superblock", "journal", "segments")) {
            Path saved = dir.resolve(name + ".killed");
            if (first) {
                Files.copy(dir.resolve(name), saved);
            } else {
                Files.copy(saved, dir.resolve(name), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    /** Half of the extents in one volume, a quarter in what its clone changed, a quarter in another volume. */
    private static long fill(HostPool pool, boolean endsAboveTheMark) {
        int half = EXTENTS / 2;
        int quarter = EXTENTS / 4;
        ScatteredExtents extents = new ScatteredExtents(pool);
        pool.create("one", ScatteredExtents.volumeBytes(half));
        extents.write("one", 0, half, half, false);
        pool.clone("one", List.of("clone"));
        extents.write("clone", 0, quarter, half, false);
        pool.snapshot(List.of("clone@snap"));
        pool.create("two", ScatteredExtents.volumeBytes(quarter));
        int last = endsAboveTheMark ? quarter - ABOVE_MARK : quarter;
        extents.write("two", 0, last, quarter, false);
        pool.engine().persistence.advanceMark();
        extents.write("two", last, quarter, quarter, true);
        System.out.printf(
                "filled: extents=%,d, nodes=%,d, journalBytes=%,d, blocksAboveTheMark=%,d%n",
                EXTENTS,
                pool.status().metadataUsedBytes() / NodeFormat.BYTES,
                pool.engine().journal.usedBytes(),
                pool.engine().recent.blocks());
        return mapped(pool);
    }

    private static long mapped(HostPool pool) {
        return pool.list().stream().mapToLong(VolumeInfo::mappedBytes).sum()
                + pool.status().allocatedBytes();
    }

    /** On a machine that others use, the processor time says more than the time. */
    private HostPool openAndReport(String source) {
        long cpuBegin =
                ProcessHandle.current().info().totalCpuDuration().orElseThrow().toMillis();
        HostPool pool = open();
        long cpuEnd =
                ProcessHandle.current().info().totalCpuDuration().orElseThrow().toMillis();
        System.out.printf(
                "recovery from the %s: extents=%,d, millis=%,d, cpuMillis=%,d, phases=%s%n",
                source, EXTENTS, pool.status().recoveryMillis(), cpuEnd - cpuBegin, pool.openingPhases());
        return pool;
    }

    private void assertSound() {
        PoolDevices devices = devices();
        try {
            assertThat(SpaceCheck.run(opening(devices).inspect()).findings()).isEmpty();
        } finally {
            devices.close();
        }
    }

    /** The process dies: nothing is forced or closed in order, the page cache survives. */
    private static void kill(HostPool pool) {
        pool.fail(new IllegalStateException("killed"));
        assertThatThrownBy(pool::close).isInstanceOf(BlockSpaceException.class);
    }

    private HostPool open() {
        return opening(devices()).open();
    }

    private PoolDevices devices() {
        return new PoolDevices(
                FileBlockDevice.open(dir.resolve("superblock")),
                FileBlockDevice.open(dir.resolve("journal")),
                FileBlockDevice.open(dir.resolve("segments")),
                FileBlockDevice.open(dir.resolve("data")));
    }

    private PoolOpening opening(PoolDevices devices) {
        Path map = dir.resolve("extents.map");
        PoolOpening.Environment environment = new PoolOpening.Environment(
                new SystemScheduler(),
                () -> new UUID(random.nextLong(), random.nextLong()),
                random::nextLong,
                () -> 1_600_000_000_000L,
                64 << 20,
                false);
        return new PoolOpening(environment, devices, new NodeStoreFactory() {
            @Override
            public NodeStore openExisting() {
                return ChronicleNodeStore.open(map, GEOMETRY.maxNodes(), FileForce::force);
            }

            @Override
            public NodeStore createEmpty() {
                return ChronicleNodeStore.deleteAndCreate(map, GEOMETRY.maxNodes(), FileForce::force);
            }

            @Override
            public NodeStore createLarger(long maxNodes) {
                throw new UnsupportedOperationException("this pool does not grow: nodes=" + maxNodes);
            }
        });
    }
}

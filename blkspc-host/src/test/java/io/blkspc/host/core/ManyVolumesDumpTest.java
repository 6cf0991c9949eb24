package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.api.Quota;
import io.blkspc.api.VolumeInfo;
import io.blkspc.api.contract.Seeds;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.check.SpaceCheck;
import io.blkspc.host.sim.CutKind;
import io.blkspc.host.sim.Fault;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A dump of more volumes than one journal record names is one moment still, and leaves nothing, however it ends. */
class ManyVolumesDumpTest {

    private static final int MANY = Boolean.getBoolean("blkspc.release") ? 100_000 : 5_000;
    private static final int RECORD_BYTES = 32 << 10;
    private static final int TOGETHER = 1_000;

    private static String name(int index) {
        return "v%06d".formatted(index);
    }

    /** So many that they take several records. */
    private static void requireSeveralRecords(int volumes) {
        assertThat(volumes).isGreaterThan(RECORD_BYTES / LogRecord.Snapshot.NAMELESS_BYTES);
    }

    private static void makeClones(HostPool pool, int count) {
        pool.create("base", 1 << 20);
        write(pool, "base", 1);
        pool.snapshot(List.of("base@golden"));
        for (int from = 0; from < count; from += TOGETHER) {
            pool.clone(
                    "base@golden",
                    IntStream.range(from, Math.min(count, from + TOGETHER))
                            .mapToObj(ManyVolumesDumpTest::name)
                            .toList(),
                    Quota.NONE);
        }
    }

    private static void write(HostPool pool, String volume, long value) {
        try (BlockSpace space = pool.open(volume)) {
            new TestIo(space).write(0, bytes(value));
        }
    }

    private static byte[] bytes(long value) {
        return ByteBuffer.allocate(8).putLong(value).array();
    }

    private static long value(BlockSpace space) {
        return ByteBuffer.wrap(new TestIo(space).read(0, 8)).getLong();
    }

    @Test
    void thousandsOfVolumesAreDumpedAndNothingIsLeft() {
        boolean isLarge = MANY > 10_000;
        try (CountingPool at = new CountingPool(
                isLarge ? PoolGeometry.of(2L << 30, 4L << 30) : PoolGeometry.of(512L << 20, 256L << 20))) {
            HostPool pool = at.pool;
            makeClones(pool, MANY);
            pool.destroy(List.of("base"), false);

            long ids = pool.engine().catalogue.nextVersionId();
            RepairReport idle = pool.dump(OutputStream.nullOutputStream(), 1, _ -> {});
            assertThat(idle.volumes()).isEqualTo(MANY);
            assertThat(pool.engine().catalogue.nextVersionId())
                    .as("what is as its snapshot needs no version")
                    .isEqualTo(ids);

            pool.destroy(List.of("base@golden"), false); // from now on no snapshot says what they map
            pool.awaitReclaim();
            ids = pool.engine().catalogue.nextVersionId();
            long begin = System.nanoTime();
            RepairReport report = pool.dump(OutputStream.nullOutputStream(), 2, _ -> {});
            System.out.printf(
                    "dumped volumes=%,d millis=%d%n", report.volumes(), (System.nanoTime() - begin) / 1_000_000);
            requireSeveralRecords(report.volumes());
            assertThat(report.volumes()).isEqualTo(MANY);
            assertThat(pool.engine().catalogue.nextVersionId()).isEqualTo(ids + MANY);
            pool.awaitReclaim();
            assertThat(pool.list()).hasSize(MANY);
            assertThat(pool.engine().catalogue.versions()).hasSize(MANY + 1); // and what they grew from
        }
    }

    /** A client writes 1 to all volumes, one after the other, then 2 and so on, while the pool is dumped. */
    @Test
    void allVolumesAreOfOneMoment() throws Exception {
        int volumes = 1_100;
        requireSeveralRecords(volumes);
        AtomicBoolean isOver = new AtomicBoolean();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        ByteArrayOutputStream dump = new ByteArrayOutputStream();
        CountDownLatch hasBegun = new CountDownLatch(1);
        try (CountingPool at = new CountingPool(new PoolGeometry(64 << 20, 12_000, 256 << 10, 16 << 10))) {
            HostPool pool = at.pool;
            IntStream.range(0, volumes).forEach(i -> pool.create(name(i), 64 << 10));
            Thread client = Thread.ofPlatform().start(() -> {
                List<BlockSpace> spaces = new ArrayList<>();
                try {
                    IntStream.range(0, volumes).forEach(i -> spaces.add(pool.open(name(i))));
                    List<TestIo> io = spaces.stream().map(TestIo::new).toList();
                    for (long round = 1; !isOver.get(); round++) {
                        byte[] bytes = bytes(round);
                        for (int i = 0; i < volumes && !isOver.get(); i++) {
                            io.get(i).write(0, bytes);
                            if (i == volumes / 3) {
                                hasBegun.countDown();
                            }
                        }
                    }
                } catch (RuntimeException | Error e) {
                    failure.set(e);
                    hasBegun.countDown();
                } finally {
                    spaces.forEach(BlockSpace::close);
                }
            });
            hasBegun.await();
            try {
                pool.dump(dump, 1, _ -> {});
            } finally {
                isOver.set(true);
                client.join();
            }
            assertThat(failure.get()).isNull();
            pool.awaitReclaim();
            assertThat(pool.engine().catalogue.versions()).hasSize(volumes);
        }
        InertScheduler inert = new InertScheduler();
        HostPool restored = SimPool.restore(
                        new ByteArrayInputStream(dump.toByteArray()), new SimDisk(inert, 3), inert, 4)
                .open();
        long first = 0;
        long before = Long.MAX_VALUE;
        for (int i = 0; i < volumes; i++) {
            try (BlockSpace space = restored.open(name(i))) {
                long value = value(space);
                first = i == 0 ? value : first;
                assertThat(value).as(name(i)).isBetween(first - 1, first).isLessThanOrEqualTo(before);
                before = value;
            }
        }
        assertThat(first).isPositive();
    }

    /** At each write to the journal the process is killed, or the power goes. */
    @Test
    void dumpThatIsCutLeavesNothing() {
        SplittableRandom random = new SplittableRandom(Seeds.next());
        int volumes = 2_000;
        requireSeveralRecords(volumes);
        InertScheduler inert = new InertScheduler();
        SimDisk disk = new SimDisk(inert, 1);
        HostPool pool = SimPool.create(disk, inert, SimPool.geometry(4 << 20, 5_000, 256 << 10), 2)
                .open();
        IntStream.range(0, volumes).forEach(i -> pool.create(name(i), 64 << 10));
        for (int i = 0; i < volumes; i += 400) {
            write(pool, name(i), i + 1);
        }
        pool.flush();
        pool.checkpoint();
        List<SimDisk> images = cutDump(pool, disk, random);
        List<String> names = pool.list().stream().map(VolumeInfo::name).toList();
        int hidden = 0;
        for (SimDisk image : images) {
            HostPool again = SimPool.on(image, new InertScheduler(), 5).open();
            hidden += EngineFacts.hasHiddenVersions(again) ? 1 : 0;
            assertThat(again.list().stream().map(VolumeInfo::name)).isEqualTo(names);
            again.awaitReclaim();
            assertThat(again.engine().catalogue.versions()).hasSize(volumes);
            for (int i = 0; i < volumes; i += 400) {
                try (BlockSpace space = again.open(name(i))) {
                    assertThat(value(space)).isEqualTo(i + 1);
                }
            }
        }
        System.out.println("cut dumps: images=" + images.size() + ", with something to merge=" + hidden);
        assertThat(hidden).isPositive();
        pool.awaitReclaim();
        assertThat(pool.engine().catalogue.versions()).hasSize(volumes);
        assertThat(pool.inspect(SpaceCheck::run).findings()).isEmpty();
    }

    /** A store that promised no room has it for all records but the last: nothing was frozen then. */
    @Test
    void dumpIsRefusedWhereTheStoreHasRoomForSomeOfItsRecordsOnly() {
        int volumes = 2_000;
        requireSeveralRecords(volumes);
        InertScheduler inert = new InertScheduler();
        SimDisk disk = new SimDisk(inert, 1);
        SimPool sim = SimPool.create(disk, inert, SimPool.geometry(4 << 20, 5_000, 256 << 10), 2);
        disk.promisesNothing();
        HostPool pool = sim.open();
        IntStream.range(0, volumes).forEach(i -> pool.create(name(i), 64 << 10));
        pool.flush();
        pool.checkpoint();
        long records = Math.ceilDiv(volumes * (long) LogRecord.Snapshot.NAMELESS_BYTES, RECORD_BYTES);
        long room = (records - 1) * (RECORD_BYTES + 512) / 512 + 1; // sectors, with headers and the end of the ring
        BitSet taken = new BitSet();
        disk.faults(event -> {
            if (event.op() != IoOp.WRITE || event.role() != IoRole.JOURNAL) {
                return null;
            }
            BitSet with = (BitSet) taken.clone();
            with.set((int) (event.offsetBytes() / 512), (int)
                    Math.ceilDiv(event.offsetBytes() + event.lengthBytes(), 512));
            if (with.cardinality() > room) {
                return Fault.ENOSPC;
            }
            taken.or(with);
            return null;
        });
        assertThatThrownBy(() -> pool.dump(OutputStream.nullOutputStream(), 1, _ -> {}))
                .isInstanceOfSatisfying(
                        BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.OUT_OF_BACKING));
        assertThat(pool.failure()).isNull();
        assertThat(pool.engine().catalogue.versions()).hasSize(volumes);
        EngineFacts.requireExact(pool);
        disk.faults(FaultInjector.NONE);
        assertThat(pool.dump(OutputStream.nullOutputStream(), 1, _ -> {}).volumes())
                .isEqualTo(volumes);
        pool.awaitReclaim();
        EngineFacts.requireExact(pool);
    }

    /** Dumps a pool; what is left of it at each write to the journal until the first byte of the dump. */
    private static List<SimDisk> cutDump(HostPool pool, SimDisk disk, SplittableRandom random) {
        List<SimDisk> images = new ArrayList<>();
        boolean[] isFrozen = new boolean[1];
        int[] records = new int[1];
        disk.faults(event -> {
            if (event.op() == IoOp.WRITE && event.device() == disk.device("journal") && !isFrozen[0]) {
                records[0] += event.lengthBytes() > RECORD_BYTES / 2 ? 1 : 0;
                images.add(disk.killImage());
                images.add(disk.cut(random, CutKind.RANDOM));
            }
            return null;
        });
        pool.dump(
                new OutputStream() {
                    @Override
                    public void write(int single) {
                        throw new IllegalStateException("records are written whole");
                    }

                    @Override
                    public void write(byte[] from, int offset, int length) {
                        if (!isFrozen[0]) {
                            images.add(disk.killImage());
                            images.add(disk.cut(random, CutKind.NONE));
                        }
                        isFrozen[0] = true;
                    }
                },
                1,
                _ -> {});
        disk.faults(_ -> null);
        assertThat(records[0]).as("records of the freeze").isGreaterThan(1);
        return images;
    }
}

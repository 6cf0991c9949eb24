package io.blkspc.host.core.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.MappingState;
import io.blkspc.api.Pool;
import io.blkspc.api.PoolStatus;
import io.blkspc.api.Quota;
import io.blkspc.api.VolumeInfo;
import io.blkspc.api.contract.Seeds;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.core.EngineFacts;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.JournalImage;
import io.blkspc.host.core.PoolView;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDisk;
import io.blkspc.host.sim.Transfers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Contract D11, D14, D20: a pool that must not be written can be read, nothing is written by that, and every change is refused.
 * Damaged journals without number are in {@link PoolJournalFuzzTest}.
 */
class ReadOnlyOpeningTest {

    private static final int SUPERBLOCK_BYTES = 4096;
    private static final int INCOMPAT = 32;
    private static final int RO_COMPAT = 40;
    private static final int STATE = 64;
    private static final int STATE_NEEDS_CHECK = 3;

    private final long seed = Seeds.next();
    private final SplittableRandom random = new SplittableRandom(seed);
    private SimDisk disk;
    private HostPool pool;

    @BeforeEach
    void fill() {
        InertScheduler inert = new InertScheduler();
        SimDisk fresh = new SimDisk(inert, seed);
        SimPool.create(fresh, inert, SimPool.geometry(2 << 20, 600, 64 << 10), seed);
        disk = fresh.killImage();
        pool = open(disk);
        pool.create("guaranteed", 16 * Geometry.BLOCK_BYTES, Quota.guarantee(8 * Geometry.BLOCK_BYTES));
        try (BlockSpace space = pool.open("guaranteed")) { // clients may leave nothing of what they write
            new TestIo(space).write(0, new byte[2 * Geometry.BLOCK_BYTES]);
        }
        Workload workload = new Workload(random);
        new ClientTask(workload, pool, random.nextLong(), 60).run();
    }

    private HostPool open(SimDisk image) {
        return SimPool.on(image, new InertScheduler(), seed).open();
    }

    private PoolView view(SimDisk image) {
        return SimPool.on(image.use(new InertScheduler()), new InertScheduler(), seed)
                .view();
    }

    @Test
    void aKilledPoolIsSeenAsItsRecoveryWouldLeaveIt() {
        SimDisk killed = disk.killImage();
        SimDisk before = killed.killImage();
        try (PoolView view = view(killed)) {
            PoolContent seen = PoolContent.of(view);
            requireUnchangeable(view);
            HostPool recovered = open(before.killImage());
            assertThat(seen.difference(PoolContent.of(recovered))).isNull();
            assertThat(view.list()).isEqualTo(recovered.list());
            assertThat(view.reservations()).isEqualTo(recovered.reservations());
            assertThat(sizes(view.status())).isEqualTo(sizes(recovered.status()));
            assertThat(view.damage()).isEmpty();
            assertThat(view.status().cleanOpen()).isFalse();
        }
        assertThat(killed.sameBytes(before)).isTrue();
    }

    @Test
    void aPoolThatWasStoppedCleanlyIsSeenAsItWas() {
        List<VolumeInfo> listed = pool.list();
        PoolContent content = PoolContent.of(pool);
        List<Long> sizes = sizes(pool.status());
        pool.close();
        SimDisk before = disk.killImage();
        SimDisk stopped = before.killImage();
        try (PoolView view = view(stopped)) {
            assertThat(view.list()).isEqualTo(listed);
            assertThat(sizes(view.status())).isEqualTo(sizes);
            assertThat(content.difference(PoolContent.of(view))).isNull();
            assertThat(view.status().state()).isEqualTo(PoolStatus.State.SERVING);
            assertThat(view.status().cleanOpen()).isTrue();
            requireUnchangeable(view);
        }
        assertThat(stopped.sameBytes(before)).isTrue();
    }

    @Test
    void featuresThatAllowReadingAreReadOnly() {
        PoolContent content = PoolContent.of(pool);
        pool.close();
        SimDisk image = disk.killImage();
        set(image, RO_COMPAT, 1L << 63);
        assertCode(Code.TOO_NEW, () -> open(image.killImage()));
        try (PoolView view = view(image)) {
            assertThat(content.difference(PoolContent.of(view))).isNull();
            assertThat(view.damage()).isEmpty();
            requireUnchangeable(view);
        }
    }

    @Test
    void featuresThatForbidReadingAreRefused() {
        pool.close();
        SimDisk image = disk.killImage();
        set(image, INCOMPAT, 1L << 63);
        assertCode(Code.TOO_NEW, () -> open(image.killImage()));
        assertCode(Code.TOO_NEW, () -> view(image.killImage()));
        assertCode(
                Code.TOO_NEW,
                () -> SimPool.on(image.killImage(), new InertScheduler(), seed).check(false));
    }

    @Test
    void aPoolMarkedAsDamagedCanBeRead() {
        PoolContent content = PoolContent.of(pool);
        pool.close();
        SimDisk image = disk.killImage();
        set(image, STATE, STATE_NEEDS_CHECK);
        assertCode(Code.NEEDS_CHECK, () -> open(image.killImage()));
        try (PoolView view = view(image)) {
            assertThat(content.difference(PoolContent.of(view))).isNull();
            assertThat(view.status().state()).isEqualTo(PoolStatus.State.NEEDS_CHECK);
            assertThat(view.damage()).hasSize(1);
        }
    }

    @Test
    void aPoolWithoutAnyIntactSuperblockIsRefused() {
        pool.close();
        SimDisk image = disk.killImage();
        image.device("superblock").poke(8, new byte[8]);
        image.device("superblock").poke(SUPERBLOCK_BYTES + 8, new byte[8]);
        assertCode(Code.NEEDS_CHECK, () -> open(image.killImage()));
        assertCode(Code.NEEDS_CHECK, () -> view(image.killImage()));
    }

    /** A bad sector in the segments: what lies in it cannot be read, everything else can. */
    @Test
    void damagedNodesFailTheReadsThatNeedThem() {
        PoolContent content = PoolContent.of(pool);
        pool.close();
        SimDisk stopped = disk.killImage();
        int failed = 0;
        int right = 0;
        int size = (int) stopped.device("segments").sizeBytes();
        for (int at = 0; at < size; at += 512) {
            SimDisk image = stopped.killImage();
            image.device("segments").flipBit(at + random.nextInt(512), random.nextInt(8));
            try (PoolView view = view(image)) {
                for (VolumeInfo info : view.list()) {
                    try (BlockSpace space = view.open(info.name())) {
                        long[] sectors = PoolContent.read(space, new java.util.BitSet());
                        assertThat(sectors)
                                .isEqualTo(content.versions.get(info.name()).sectors());
                        right++;
                    } catch (BlockSpaceException e) {
                        assertThat(e.code()).isIn(Code.CORRUPT, Code.NEEDS_CHECK);
                        failed++;
                    }
                }
            } catch (BlockSpaceException e) {
                assertThat(e.code()).as("flip in sector at %d", at).isEqualTo(Code.NEEDS_CHECK);
            }
        }
        assertThat(failed).isPositive();
        assertThat(right).isPositive();
    }

    /** The block of a lost record was given to another volume since, and an intact record says so: it is not read. */
    @Test
    void aBlockThatWasGivenAwayPastTheDamageIsNotRead() {
        InertScheduler inert = new InertScheduler();
        SimDisk fresh = new SimDisk(inert, seed);
        SimPool.create(fresh, inert, SimPool.geometry(1 << 20, 300, 64 << 10), seed);
        SimDisk image = fresh.killImage().use(inert);
        HostPool small = open(image);
        byte[] bytes = new byte[Geometry.BLOCK_BYTES];
        small.create("first", Geometry.BLOCK_BYTES);
        long given;
        long freed;
        try (BlockSpace space = small.open("first")) {
            new TestIo(space).write(0, bytes);
            given = deviceOffset(space, 0);
            settle(small);
            small.checkpoint();
            space.discard(0, Geometry.BLOCK_BYTES);
            freed = small.status().sequence();
        }
        settle(small);
        small.create("second", 255L * Geometry.BLOCK_BYTES);
        try (BlockSpace space = small.open("second")) {
            boolean isTaken = false;
            for (long at = 0; !isTaken; at += Geometry.BLOCK_BYTES) {
                new TestIo(space).write(at, bytes);
                isTaken = deviceOffset(space, at) == given;
            }
        }
        settle(small);
        SimDisk killed = image.killImage();
        byte[] ring = killed.device("journal").peek(0, 64 << 10);
        for (JournalImage.Found record : new JournalImage(ring).headers()) {
            if (record.sequence() == freed) {
                killed.device("journal").flipBit(record.at() + 20, 3);
            }
        }
        assertCode(Code.NEEDS_CHECK, () -> open(killed.killImage()));
        try (PoolView view = view(killed);
                BlockSpace space = view.open("first")) {
            assertThat(deviceOffset(space, 0)).isEqualTo(given);
            assertCode(Code.IO, () -> Transfers.read(space.device(), given, 512, IoRole.DATA));
            assertThat(view.list()).hasSize(1);
        }
    }

    private static void settle(HostPool settling) {
        long last = settling.status().sequence();
        while (EngineFacts.durableMark(settling) < last || EngineFacts.hasRestingBlocks(settling)) {
            settling.backgroundRound();
        }
    }

    private static long deviceOffset(BlockSpace space, long at) {
        Mapping mapping = new Mapping();
        space.map(at, Geometry.BLOCK_BYTES, mapping);
        return mapping.deviceOffsetBytes();
    }

    /** Reads everything; returns how many reads were withheld because the block is somebody else's by now. */
    static int readAll(Pool view) {
        int withheld = 0;
        Mapping mapping = new Mapping();
        for (VolumeInfo info : view.list()) {
            try (BlockSpace space = view.open(info.name())) {
                for (long at = 0; at < space.sizeBytes(); at = mapping.endOffsetBytes()) {
                    try (Lease _ = space.readLease()) {
                        space.map(at, Geometry.BLOCK_BYTES, mapping);
                        if (mapping.state() == MappingState.WRITTEN) {
                            Transfers.read(
                                    space.device(),
                                    mapping.deviceOffsetBytes(),
                                    (int) mapping.lengthBytes(),
                                    IoRole.DATA);
                        }
                    } catch (BlockSpaceException e) {
                        assertThat(e.code()).isEqualTo(Code.IO);
                        withheld++;
                    }
                }
            }
        }
        return withheld;
    }

    /** Every change is refused, on the pool and on each of its volumes. */
    static void requireUnchangeable(Pool view) {
        assertCode(Code.READ_ONLY, () -> view.create("new", Geometry.BLOCK_BYTES));
        view.flush();
        for (VolumeInfo info : view.list()) {
            assertCode(Code.READ_ONLY, () -> view.snapshot(List.of("v@s")));
            assertCode(Code.READ_ONLY, () -> view.clone(info.name(), List.of("copy")));
            assertCode(Code.READ_ONLY, () -> view.destroy(List.of(info.name()), true));
            try (BlockSpace space = view.open(info.name())) {
                assertThat(space.isReadOnly()).isTrue();
                assertCode(Code.READ_ONLY, () -> space.reserve(1, 4096));
                assertCode(Code.READ_ONLY, space::writeLease);
                assertCode(Code.READ_ONLY, () -> space.discard(0, Geometry.BLOCK_BYTES));
                assertCode(Code.READ_ONLY, () -> space.zero(0, Geometry.BLOCK_BYTES, true));
                assertCode(Code.READ_ONLY, () -> space.preallocate(null, 0, Geometry.BLOCK_BYTES));
                assertCode(Code.READ_ONLY, () -> Transfers.write(space.device(), 0, new byte[512], IoRole.DATA));
                assertCode(Code.READ_ONLY, () -> space.device().force(IoRole.DATA));
                space.flush();
            }
        }
    }

    private static List<Long> sizes(PoolStatus status) {
        return List.of(
                status.sizeBytes(),
                status.allocatedBytes(),
                status.freeBytes(),
                status.promisedBytes(),
                status.reservedBytes(),
                status.metadataTotalBytes(),
                status.metadataUsedBytes(),
                (long) status.volumes(),
                (long) status.snapshots());
    }

    /** Sets a field of both copies of the superblock and completes them. */
    private static void set(SimDisk image, int offset, long value) {
        for (int copy = 0; copy < 2; copy++) {
            byte[] bytes = image.device("superblock").peek((long) copy * SUPERBLOCK_BYTES, SUPERBLOCK_BYTES);
            ByteBuffer fields = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            if (offset == STATE) {
                fields.putInt(offset, (int) value);
            } else {
                fields.putLong(offset, value);
            }
            CRC32C crc = new CRC32C();
            crc.update(bytes, 12, SUPERBLOCK_BYTES - 12);
            fields.putInt(8, (int) crc.getValue());
            image.device("superblock").poke((long) copy * SUPERBLOCK_BYTES, bytes);
        }
    }

    static void assertCode(Code code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}

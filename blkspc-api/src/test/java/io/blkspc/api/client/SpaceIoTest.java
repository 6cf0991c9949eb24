package io.blkspc.api.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.MappingState;
import io.blkspc.api.model.ModelFaults;
import io.blkspc.api.model.ModelOptions;
import io.blkspc.api.model.ModelPool;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SpaceIoTest {

    private static final int BLOCK = Geometry.BLOCK_BYTES;

    private final ModelPool pool = ModelPool.create(64L * BLOCK, ModelOptions.defaults());

    @AfterEach
    void poolIsConsistent() {
        pool.assertConsistent();
    }

    private BlockSpace volume(int blocks) {
        pool.create("vol", (long) blocks * BLOCK);
        return pool.open("vol");
    }

    private static byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        new Random(count).nextBytes(bytes);
        return bytes;
    }

    private static Code codeOf(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        BlockSpaceException[] caught = new BlockSpaceException[1];
        assertThatThrownBy(call).isInstanceOfSatisfying(BlockSpaceException.class, e -> caught[0] = e);
        return caught[0].code();
    }

    @Test
    void aWriteThatFindsNoSpaceLeavesNothingBehind() {
        try (BlockSpace space = volume(128);
                SpaceIo io = SpaceIo.on(space)) {
            io.write(0, 60L * BLOCK, Native.of(bytes(60 * BLOCK)), 0, false);
            long held = pool.status().allocatedBytes();
            assertThat(codeOf(() -> io.write(60L * BLOCK, 8L * BLOCK, Native.of(bytes(8 * BLOCK)), 0, false)))
                    .isEqualTo(Code.OUT_OF_SPACE);
            assertThat(pool.status().allocatedBytes()).isEqualTo(held);
            assertThat(pool.status().promisedBytes()).isZero();
            assertThat(Native.read(io, 60L * BLOCK, 8 * BLOCK)).isEqualTo(new byte[8 * BLOCK]);
            io.write(60L * BLOCK, 4L * BLOCK, Native.of(bytes(4 * BLOCK)), 0, false); // the last blocks of the pool
        }
    }

    @Test
    void aFullPoolCanStillBeOverwritten() {
        try (BlockSpace space = volume(64);
                SpaceIo io = SpaceIo.on(space)) {
            io.write(0, 64L * BLOCK, Native.of(bytes(64 * BLOCK)), 0, false);
            byte[] again = bytes(30 * BLOCK + 100);
            io.write(50, again.length, Native.of(again), 0, false);
            assertThat(Native.read(io, 50, again.length)).isEqualTo(again);
        }
    }

    @Test
    void oneFailingWriteOfAGroupFailsAlone() {
        try (BlockSpace space = volume(256);
                SpaceIo io = SpaceIo.batched(space)) {
            byte[] small = bytes(BLOCK);
            byte[] large = bytes(70 * BLOCK);
            assertThat(io.queue(0, BLOCK, Native.of(small), 0)).isTrue();
            assertThat(io.queue(10L * BLOCK, large.length, Native.of(large), 0)).isTrue();
            assertThat(io.queue(200L * BLOCK, BLOCK, Native.of(small), 0)).isTrue();
            assertThat(io.publish()).isEqualTo(1);
            assertThat(io.failure(0)).isNull();
            assertThat(io.failure(1).code()).isEqualTo(Code.OUT_OF_SPACE);
            assertThat(io.failure(2)).isNull();
            assertThat(Native.read(io, 0, BLOCK)).isEqualTo(small);
            assertThat(Native.read(io, 200L * BLOCK, BLOCK)).isEqualTo(small);
        }
    }

    @Test
    void aGroupIsOneCommit() {
        try (BlockSpace space = volume(64);
                SpaceIo io = SpaceIo.batched(space)) {
            byte[] data = bytes(BLOCK);
            long before = pool.status().sequence();
            for (int i = 0; i < 20; i++) {
                assertThat(io.queue((i * 7L % 20) * 2 * BLOCK, BLOCK, Native.of(data), 0))
                        .isTrue();
            }
            assertThat(io.publish()).isZero();
            assertThat(pool.status().sequence()).isEqualTo(before + 1);
        }
    }

    @Test
    void writesThatShareABlockAreNotInOneGroupUnlessTheyFollowEachOther() {
        try (BlockSpace space = volume(16);
                SpaceIo io = SpaceIo.batched(space)) {
            byte[] data = bytes(1024);
            assertThat(io.queue(0, 512, Native.of(data), 0)).isTrue();
            assertThat(io.queue(512, 512, Native.of(data), 512)).isTrue();
            assertThat(io.queue(2048, 512, Native.of(data), 0)).isFalse();
            assertThat(io.queue(0, 512, Native.of(data), 0)).isFalse();
            assertThat(io.queuedTouches(4095, 1)).isTrue();
            assertThat(io.queuedTouches(4096, 1)).isFalse();
            assertThat(io.publish()).isZero();
            assertThat(Native.read(io, 0, 2048)).isEqualTo(Arrays.copyOf(data, 2048));
        }
    }

    @Test
    void aWriteWaitsForTheStageOfAnotherClientAndThenGoesOverIt() throws Exception {
        try (BlockSpace space = volume(16);
                SpaceIo io = SpaceIo.on(space)) {
            Cookie other = space.reserve(1, BLOCK);
            Mapping mapping = new Mapping();
            try (Lease _ = space.writeLease()) {
                assertThat(space.allocate(other, 2L * BLOCK, BLOCK, mapping).isWritable())
                        .isTrue();
            }
            byte[] data = bytes(4 * BLOCK);
            Thread writer = Thread.ofPlatform().start(() -> io.write(0, data.length, Native.of(data), 0, false));
            while (writer.getState() != Thread.State.TIMED_WAITING && writer.getState() != Thread.State.WAITING) {
                assertThat(writer.isAlive()).as("it must wait").isTrue();
                Thread.onSpinWait();
            }
            other.put();
            writer.join();
            assertThat(Native.read(io, 0, data.length)).isEqualTo(data);
        }
    }

    @Test
    void aFailedDeviceWriteReturnsWhatWasStaged() {
        try (BlockSpace space = volume(16);
                SpaceIo io = SpaceIo.on(space)) {
            pool.faults().failIo(ModelFaults.Io.WRITE, 0);
            byte[] data = bytes(5000);
            assertThat(codeOf(() -> io.write(100, data.length, Native.of(data), 0, false)))
                    .isEqualTo(Code.IO);
            assertThat(pool.status().allocatedBytes()).isZero();
            assertThat(pool.status().promisedBytes()).isZero();
            io.write(100, data.length, Native.of(data), 0, false);
            assertThat(Native.read(io, 100, data.length)).isEqualTo(data);
        }
    }

    @Test
    void noHoleGivesEveryBlockOfTheRangeSpaceAndKeepsItZero() {
        try (BlockSpace space = volume(32);
                SpaceIo io = SpaceIo.on(space)) {
            io.write(3L * BLOCK, BLOCK, Native.of(bytes(BLOCK)), 0, false);
            pool.snapshot(List.of("vol@s"));
            io.zero(100, 10L * BLOCK, true, false);
            assertThat(Native.read(io, 100, 10 * BLOCK)).isEqualTo(new byte[10 * BLOCK]);
            Mapping mapping = new Mapping();
            try (Lease _ = space.readLease()) {
                for (long at = 0; at < 10L * BLOCK; at = mapping.endOffsetBytes()) {
                    space.map(at, 10L * BLOCK - at, mapping);
                    assertThat(mapping.state()).isIn(MappingState.UNWRITTEN, MappingState.WRITTEN);
                    assertThat(mapping.shared()).isFalse();
                }
            }
        }
    }

    @Test
    void noHoleThatFindsNoSpaceChangesNothing() {
        try (BlockSpace space = volume(128);
                SpaceIo io = SpaceIo.on(space)) {
            byte[] data = bytes(4 * BLOCK);
            io.write(0, data.length, Native.of(data), 0, false);
            assertThat(codeOf(() -> io.zero(0, 128L * BLOCK, true, false))).isEqualTo(Code.OUT_OF_SPACE);
            assertThat(Native.read(io, 0, data.length)).isEqualTo(data);
            assertThat(pool.status().promisedBytes()).isZero();
        }
    }

    @Test
    void zeroingPartOfAHoleAllocatesNothing() {
        try (BlockSpace space = volume(16);
                SpaceIo io = SpaceIo.on(space)) {
            io.zero(100, 3L * BLOCK, false, false);
            io.zero(5, 1, false, false);
            assertThat(pool.status().allocatedBytes()).isZero();
        }
    }

    @Test
    void fuaMakesTheWriteDurableBeforeItReturns() {
        try (BlockSpace space = volume(16);
                SpaceIo io = SpaceIo.on(space)) {
            io.write(0, 5000, Native.of(bytes(5000)), 0, true);
            assertThat(pool.status().durableSequence()).isEqualTo(pool.status().sequence());
            io.write(8192, 10, Native.of(bytes(10)), 0, false);
            assertThat(pool.status().durableSequence()).isLessThan(pool.status().sequence());
            io.flush();
            assertThat(pool.status().durableSequence()).isEqualTo(pool.status().sequence());
        }
    }

    @Test
    void rangesOutsideTheSpaceAreRefused() {
        try (BlockSpace space = volume(16);
                SpaceIo io = SpaceIo.batched(space)) {
            long size = space.sizeBytes();
            for (long offset : new long[] {-1, size, size - 1, Long.MAX_VALUE, Long.MIN_VALUE}) {
                assertThat(codeOf(() -> io.write(offset, 2, Native.of(bytes(2)), 0, false)))
                        .isEqualTo(Code.OUT_OF_RANGE);
                assertThat(codeOf(() -> io.read(offset, 2, Native.of(bytes(2)), 0)))
                        .isEqualTo(Code.OUT_OF_RANGE);
                assertThat(codeOf(() -> io.zero(offset, 2, false, false))).isEqualTo(Code.OUT_OF_RANGE);
                assertThat(codeOf(() -> io.trim(offset, 2, false))).isEqualTo(Code.OUT_OF_RANGE);
                assertThat(codeOf(() -> io.queue(offset, 2, Native.of(bytes(2)), 0)))
                        .isEqualTo(Code.OUT_OF_RANGE);
            }
        }
    }

    @Test
    void aSnapshotIsReadOnly() {
        volume(16).close();
        pool.snapshot(List.of("vol@s"));
        try (BlockSpace space = pool.open("vol@s");
                SpaceIo io = SpaceIo.on(space)) {
            assertThat(codeOf(() -> io.write(0, 1, Native.of(bytes(1)), 0, false)))
                    .isEqualTo(Code.READ_ONLY);
            assertThat(Native.read(io, 0, 10)).isEqualTo(new byte[10]);
        }
    }

    /** Not a test of this package: what the model checks is what makes the tests above mean something. */
    @Test
    void theModelRefusesAWrongChecksum() {
        try (BlockSpace space = volume(16)) {
            Cookie cookie = space.reserve(1, BLOCK);
            Mapping mapping = new Mapping();
            try (Lease _ = space.writeLease()) {
                space.allocate(cookie, 0, BLOCK, mapping);
            }
            CommitBatch wrong = new CommitBatch().add(0, BLOCK, 12345);
            assertThatThrownBy(() -> space.commit(cookie, CommitType.UNWRITTEN, wrong))
                    .isInstanceOf(RuntimeException.class);
            cookie.put();
        }
    }
}

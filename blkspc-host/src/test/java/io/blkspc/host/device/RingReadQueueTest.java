package io.blkspc.host.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.api.ReadQueue;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a queue makes of what a kernel may say. */
class RingReadQueueTest {

    private static final int BLOCK = 4096;
    private static final int BLOCKS = 16;

    @TempDir
    Path directory;

    private final MemorySegment memory = Arena.ofAuto().allocate(BLOCKS * BLOCK, BLOCK);
    private final byte[] content = new byte[BLOCKS * BLOCK];
    private final FakeRing ring = new FakeRing(content);
    private FileBlockDevice device;
    private PosixFile file;
    private RingReadQueue queue;

    @BeforeEach
    void open() throws Exception {
        new Random(1).nextBytes(content);
        Path path = Files.write(directory.resolve("data"), content);
        file = PosixFile.open(path, Posix.O_RDWR, 0);
        device = new FileBlockDevice(file, path, content.length);
        queue = new RingReadQueue(device, file, ring, 8);
    }

    @AfterEach
    void close() {
        queue.close();
        device.close();
    }

    /** Begins reading two blocks. */
    private void read(int tag, int block) {
        queue.read(tag, block * (long) BLOCK, memory, tag * 2L * BLOCK, 2 * BLOCK, IoRole.DATA);
    }

    private boolean isThere(int tag, int block) {
        return memory.asSlice(tag * 2L * BLOCK, 2 * BLOCK)
                        .mismatch(MemorySegment.ofArray(content).asSlice(block * (long) BLOCK, 2 * BLOCK))
                == -1;
    }

    private int taken() {
        queue.await(-1);
        return queue.poll();
    }

    @Test
    void readsCompleteInAnyOrder() {
        for (int tag = 0; tag < 4; tag++) {
            read(tag, 3 * tag);
        }
        for (int tag : new int[] {2, 0, 3, 1}) {
            int index = tag == 2 ? 2 : tag == 3 ? 1 : 0;
            ring.complete(index, 2 * BLOCK, 2 * BLOCK);
            assertThat(taken()).isEqualTo(tag);
            assertThat(queue.failure()).isNull();
            assertThat(isThere(tag, 3 * tag)).isTrue();
            assertThat(queue.poll()).isEqualTo(ReadQueue.NONE);
        }
    }

    /** A medium that has nothing to do gets the first one at once, and is busy while the others are gathered. */
    @Test
    void firstReadGoesAtOnceAndTheOthersTogether() {
        for (int tag = 0; tag < 7; tag++) {
            read(tag, tag);
        }
        assertThat(ring.handedOver).containsExactly(1, RingReadQueue.BATCH);
        queue.start();
        assertThat(ring.handedOver).containsExactly(1, RingReadQueue.BATCH, 2);
        for (int tag = 0; tag < 7; tag++) {
            taken();
        }
        read(7, 0);
        assertThat(ring.handedOver).endsWith(1).hasSize(4);
        taken();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 511, 512, BLOCK - 1, BLOCK, BLOCK + 512, 2 * BLOCK - 1})
    void whatCameShortIsFinished(int bytes) {
        read(0, 5);
        ring.complete(0, bytes, bytes);
        assertThat(taken()).isZero();
        assertThat(queue.failure()).isNull();
        assertThat(isThere(0, 5)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {Errno.EINTR, Errno.EAGAIN, Errno.ENOMEM, Errno.EINVAL, Errno.EOPNOTSUPP, Errno.ECANCELED})
    void whatTheKernelWouldRatherNotDoThisWayIsReadTheOther(int errno) {
        read(0, 5);
        ring.complete(0, 0, -errno);
        assertThat(taken()).isZero();
        assertThat(queue.failure()).isNull();
        assertThat(isThere(0, 5)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {-Errno.EIO, -84, -4095, Integer.MIN_VALUE, 2 * BLOCK + 1, Integer.MAX_VALUE})
    void errorsAndWhatCannotBeTrueAreFailuresOfThatReadAlone(int result) {
        read(0, 5);
        read(1, 7);
        ring.complete(0, 0, result);
        assertThat(taken()).isZero();
        assertThat(queue.failure().code()).isEqualTo(Code.IO);
        assertThat(queue.failure()).hasMessageContaining("offset=" + 5 * BLOCK + ", length=" + 2 * BLOCK);
        assertThat(taken()).isEqualTo(1);
        assertThat(queue.failure()).isNull();
        assertThat(isThere(1, 7)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 8, 1L << 32, -2, Long.MIN_VALUE, -1})
    void aCompletionNobodyWaitsForIsNotTaken(long userData) {
        read(0, 5);
        ring.completeUnknown(userData);
        assertThatThrownBy(() -> queue.await(-1)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aFileThatWasCutShortIsAFailure() throws Exception {
        Files.write(directory.resolve("data"), new byte[6 * BLOCK]);
        read(0, 5);
        ring.complete(0, BLOCK, BLOCK);
        assertThat(taken()).isZero();
        assertThat(queue.failure()).hasMessageContaining("cut short");
    }

    @Test
    void aReadBeyondTheEndNeverGetsToTheKernel() {
        for (long offset : new long[] {content.length - BLOCK, -BLOCK, Long.MAX_VALUE & -BLOCK}) {
            queue.read(3, offset, memory, 0, 2 * BLOCK, IoRole.DATA);
            assertThat(ring.underWay()).isZero();
            assertThat(taken()).isEqualTo(3);
            assertThat(queue.failure().code()).isEqualTo(Code.OUT_OF_RANGE);
        }
    }

    @Test
    void aFileThatWasClosedIsNotReadAndItsDescriptorIsNobodyElsesUntilTheQueueCloses() {
        read(0, 5);
        device.close();
        assertThat(taken()).isZero();
        assertThat(isThere(0, 5)).isTrue();
        assertThat(FileFacts.of(file.fd(), "data").sizeBytes()).isEqualTo(content.length); // still that file
        read(1, 5);
        assertThat(taken()).isEqualTo(1);
        assertThat(queue.failure().code()).isEqualTo(Code.CLOSED);
        queue.close();
        assertThatThrownBy(() -> new RingReadQueue(device, file, ring, 1)).isInstanceOf(BlockSpaceException.class);
    }

    @Test
    void toStartWaitsForNothingAndSeesWhatIsComplete() {
        read(0, 5);
        read(1, 7);
        queue.start();
        assertThat(queue.poll()).isEqualTo(ReadQueue.NONE);
        ring.complete(1, 2 * BLOCK, 2 * BLOCK);
        queue.start();
        assertThat(queue.poll()).isEqualTo(1);
        assertThat(queue.poll()).isEqualTo(ReadQueue.NONE);
        assertThat(ring.underWay()).isEqualTo(1);
    }

    @Test
    void closingWaitsForWhatIsUnderWay() {
        read(0, 5);
        read(1, 7);
        queue.close();
        assertThat(ring.underWay()).isZero();
        assertThat(ring.closed).isTrue();
        assertThat(isThere(0, 5) && isThere(1, 7)).isTrue();
    }

    @Test
    void aDescriptorIsWatchedOnceAndNotAgainAfterItsEnd() {
        read(0, 5);
        queue.await(9);
        assertThat(ring.isWatching()).isTrue();
        assertThat(queue.poll()).isZero();
        read(0, 5);
        ring.completeWatch(ReadRing.POLL_IN);
        queue.await(9);
        assertThat(queue.poll()).isEqualTo(ReadQueue.NONE);
        assertThat(ring.isWatching()).isFalse();
        queue.await(9);
        assertThat(queue.poll()).isZero();
        assertThat(ring.isWatching()).isTrue();
        read(0, 5);
        ring.completeWatch(ReadRing.POLL_IN | 0x10);
        queue.await(9);
        assertThat(taken()).isZero();
        read(0, 5);
        queue.await(9);
        assertThat(ring.isWatching()).isFalse();
        assertThat(queue.poll()).isZero();
    }

    @Test
    void whatIsNotAlignedOrHasATagInUseIsAMistakeOfTheCaller() {
        read(0, 5);
        assertThatThrownBy(() -> read(0, 6)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> queue.read(1, 512, memory, 0, BLOCK, IoRole.DATA))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> queue.read(1, 0, memory, 8, BLOCK, IoRole.DATA))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> queue.read(1, 0, memory, memory.byteSize() - BLOCK, 2 * BLOCK, IoRole.DATA))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThat(ring.underWay()).isEqualTo(1);
    }
}

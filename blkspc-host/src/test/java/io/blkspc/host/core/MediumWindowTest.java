package io.blkspc.host.core;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MediumWindowTest {

    private static final long SEED = Long.getLong("blkspc.seed", 20260101);
    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int BLOCKS = 1_000;

    private final PatternDevice device = new PatternDevice();
    private final MediumWindow window = new MediumWindow(device);

    @Test
    void runsThatFollowEachOtherAreReadTogether() {
        for (int block = 100; block < 900; block++) {
            expect(block, 1);
        }
        assertThat(device.reads).hasSizeLessThan(12);
        assertThat(device.bytes).isBetween(800L * BLOCK, 1_000L * BLOCK);
    }

    @Test
    void aRunThatDoesNotFollowIsReadAlone() {
        expect(500, 1);
        expect(10, 3);
        expect(900, 2);
        assertThat(device.bytes).isEqualTo(6L * BLOCK);
    }

    @Test
    void whateverIsAskedForIsWhatTheDeviceHolds() {
        System.out.println("blkspc.seed=" + SEED);
        Random random = new Random(SEED);
        int block = 0;
        for (int i = 0; i < 5_000; i++) {
            int count = 1 + random.nextInt(random.nextInt(8) == 0 ? 256 : 4);
            boolean follows = random.nextInt(4) != 0 && block + count <= BLOCKS;
            int at = follows ? block : random.nextInt(BLOCKS - count + 1);
            expect(at, count);
            block = at + count + random.nextInt(3);
        }
    }

    /** Read-ahead must not make a recovery fail for a sector that it does not need. */
    @Test
    void aBadBlockThatNobodyAsksForDoesNoHarm() {
        device.badBlock = 20;
        for (int block = 0; block < 20; block++) {
            expect(block, 1);
        }
        assertThatThrownBy(() -> expect(20, 1))
                .isInstanceOfSatisfying(
                        BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.IO));
        for (int block = 21; block < 60; block++) {
            expect(block, 1);
        }
    }

    private void expect(int block, int count) {
        long at = window.load((long) block * BLOCK, (long) count * BLOCK);
        for (int i = 0; i < count; i++) {
            assertThat(window.memory().get(JAVA_BYTE, at + (long) i * BLOCK)).isEqualTo((byte) (block + i));
            assertThat(window.memory().get(JAVA_BYTE, at + (long) i * BLOCK + BLOCK - 1))
                    .isEqualTo((byte) ((block + i) >>> 8));
        }
    }

    /** Each block begins with the low byte of its number and ends with the next; remembers what was read. */
    private static final class PatternDevice implements BlockDevice {

        private final List<Long> reads = new ArrayList<>();
        private long bytes;
        private int badBlock = -1;

        @Override
        public long sizeBytes() {
            return (long) BLOCKS * BLOCK;
        }

        @Override
        public void read(Transfer transfer, IoRole role) {
            long begin = transfer.deviceOffsetBytes();
            long length = transfer.totalBytes();
            assertThat(begin + length).isLessThanOrEqualTo(sizeBytes());
            if (badBlock >= begin / BLOCK && badBlock < (begin + length) / BLOCK) {
                throw new BlockSpaceException(Code.IO, "bad block: block=" + badBlock);
            }
            reads.add(begin);
            bytes += length;
            for (long done = 0; done < length; done += BLOCK) {
                long block = (begin + done) / BLOCK;
                transfer.segment(0).set(JAVA_BYTE, transfer.start(0) + done, (byte) block);
                transfer.segment(0).set(JAVA_BYTE, transfer.start(0) + done + BLOCK - 1, (byte) (block >>> 8));
            }
            transfer.advance(length);
        }

        @Override
        public void write(Transfer transfer, IoRole role) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void force(IoRole role) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {}
    }
}

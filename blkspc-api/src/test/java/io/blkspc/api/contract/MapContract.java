package io.blkspc.api.contract;

import static io.blkspc.api.contract.Fixture.BLOCK;
import static io.blkspc.api.contract.Fixture.assertCode;
import static io.blkspc.api.contract.Fixture.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.MappingState;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Read mappings (S2) and whole reads and writes of any bytes (S10). */
public interface MapContract extends ContractHost {

    @Test
    default void newVolumeReadsAsZerosFromAHole() {
        try (Fixture f = fixture()) {
            Mapping mapping = f.map(f.space(), 0, 1 << 20);
            assertThat(mapping.state()).isEqualTo(MappingState.HOLE);
            assertThat(mapping.deviceOffsetBytes()).isEqualTo(Mapping.NO_DEVICE_OFFSET);
            assertThat(f.io().read(12345, 10000)).containsOnly(0);
        }
    }

    @Test
    default void mappingStartsAtTheOffsetAskedAndIsNeverEmptyOrLonger() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            f.io().write(2L * BLOCK, bytes(1, 3 * BLOCK));
            for (long offset : new long[] {0, 1, BLOCK - 1, 2L * BLOCK, 2L * BLOCK + 7, 5L * BLOCK - 1, 5L * BLOCK}) {
                for (long count : new long[] {1, 2, BLOCK, 3L * BLOCK + 1, 1L << 40}) {
                    Mapping mapping = f.map(space, offset, count);
                    assertThat(mapping.offsetBytes()).isEqualTo(offset);
                    assertThat(mapping.lengthBytes()).isBetween(1L, count);
                    assertThat(mapping.endOffsetBytes()).isLessThanOrEqualTo(space.sizeBytes());
                }
            }
        }
    }

    @Test
    default void mappingInsideABlockPointsAtThatByte() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            byte[] data = bytes(1, BLOCK);
            f.io().write(3L * BLOCK, data);
            byte[] got = new byte[5];
            Mapping mapping = new Mapping();
            try (Lease _ = space.readLease()) {
                space.map(3L * BLOCK + 100, got.length, mapping);
                assertThat(mapping.state()).isEqualTo(MappingState.WRITTEN);
                int count = (int) mapping.lengthBytes();
                new TestIo(space).readDevice(mapping.deviceOffsetBytes(), got, 0, count, IoRole.DATA);
                assertThat(Arrays.copyOf(got, count)).isEqualTo(Arrays.copyOfRange(data, 100, 100 + count));
            }
        }
    }

    @Test
    default void mapBeyondTheEndIsOutOfRangeButMayReachOverIt() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            long size = space.sizeBytes();
            assertCode(Code.OUT_OF_RANGE, () -> f.map(space, size, 1));
            assertCode(Code.OUT_OF_RANGE, () -> f.map(space, Long.MAX_VALUE, 1));
            assertThat(f.map(space, size - 1, Long.MAX_VALUE).lengthBytes()).isEqualTo(1);
        }
    }

    @Test
    default void mapRefusesWhatIsNeverLegal() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            assertThatThrownBy(() -> f.map(space, -1, 1)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> f.map(space, 0, 0)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> f.map(space, 0, -5)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    default void mapNeverAllocates() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            f.map(space, 0, space.sizeBytes());
            f.io().read(0, 1 << 20);
            assertThat(f.status().allocatedBytes()).isZero();
            assertThat(f.pool().info("vol").mappedBytes()).isZero();
        }
    }

    @Test
    default void mappingSaysWhetherAWriteWillCopy() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            f.io().write(0, bytes(1, 2 * BLOCK));
            assertThat(f.map(space, 0, BLOCK).shared()).isFalse();
            f.pool().snapshot(List.of("vol@s"));
            assertThat(f.map(space, 0, BLOCK).shared()).isTrue();
            f.io().write(0, bytes(2, BLOCK));
            assertThat(f.map(space, 0, BLOCK).shared()).isFalse();
            assertThat(f.map(space, BLOCK, BLOCK).shared()).isTrue();
        }
    }

    @Test
    default void writesOfAnyBytesReadBack() {
        long seed = Seeds.next();
        Random random = new Random(seed);
        try (Fixture f = fixture()) {
            int size = 1 << 20;
            byte[] expected = new byte[size];
            TestIo io = f.io();
            for (int i = 0; i < 150; i++) {
                int offset = random.nextInt(size);
                int count = 1 + random.nextInt(Math.min(size - offset, 1 << (1 + random.nextInt(17))));
                byte[] data = bytes(random.nextLong(), count);
                io.write(offset, data);
                System.arraycopy(data, 0, expected, offset, count);
                if (random.nextInt(10) == 0) {
                    f.space().flush();
                }
            }
            assertThat(Arrays.equals(io.read(0, size), expected))
                    .as("seed=" + seed)
                    .isTrue();
        }
    }

    @Test
    default void lastBlockOfTheVolumeCanBeWritten() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            f.io().write(space.sizeBytes() - 3, new byte[] {1, 2, 3});
            assertThat(f.io().read(space.sizeBytes() - 4, 4)).containsExactly(0, 1, 2, 3);
        }
    }

    @Test
    default void generationChangesWheneverABorrowedMappingMayBeWrong() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            long generation = space.generation();
            assertThat(f.map(space, 0, BLOCK).generation()).isEqualTo(generation);
            f.io().write(0, bytes(1, BLOCK));
            assertThat(space.generation()).isNotEqualTo(generation);
            generation = space.generation();
            f.pool().snapshot(List.of("vol@s"));
            assertThat(space.generation()).isNotEqualTo(generation);
            generation = space.generation();
            f.io().write(0, bytes(2, BLOCK));
            assertThat(space.generation()).isNotEqualTo(generation);
            generation = space.generation();
            space.discard(0, BLOCK);
            assertThat(space.generation()).isNotEqualTo(generation);
            generation = space.generation();
            f.io().read(0, BLOCK);
            assertThat(space.generation()).isEqualTo(generation);
        }
    }
}

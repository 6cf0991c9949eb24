package io.blkspc.host.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class DataLabelTest {

    private final DataLabel label = new DataLabel(Rings.POOL, 3, 4);
    private final MemorySegment memory = Arena.ofAuto().allocate(DataLabel.LENGTH, 8);
    private final MemorySegment scratch = Arena.ofAuto().allocate(DataLabel.LENGTH, 8);

    @Test
    void layoutIsFrozen() {
        assertThat(DataLabel.LENGTH).isEqualTo(4096);
        assertThat(DataLabel.MAGIC_OFFSET).isEqualTo(0);
        assertThat(DataLabel.CRC_OFFSET).isEqualTo(8);
        assertThat(DataLabel.CRC_FROM).isEqualTo(12);
        assertThat(DataLabel.UUID_OFFSET).isEqualTo(16);
        assertThat(DataLabel.BLOCK_OFFSET).isEqualTo(32);
        assertThat(DataLabel.NONCE_OFFSET).isEqualTo(40);
    }

    /** Byte by byte, without the class under test; what was there before is gone. */
    @Test
    void aLabelIsTheseBytes() {
        memory.fill((byte) -1);
        label.store(memory);
        byte[] bytes = memory.toArray(ValueLayout.JAVA_BYTE);
        ByteBuffer expected = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
        expected.put("BLKSPCDL".getBytes(StandardCharsets.US_ASCII));
        expected.putLong(16, 0x1122334455667788L);
        expected.putLong(24, 0x99aabbccddeeff00L);
        expected.putLong(32, 3);
        expected.putLong(40, 4);
        CRC32C crc = new CRC32C();
        crc.update(expected.array(), 12, 4084);
        expected.putInt(8, (int) crc.getValue());
        assertThat(bytes).isEqualTo(expected.array());
    }

    @Test
    void everyBitFlipIsFound() {
        label.store(memory);
        assertThat(label.problem(memory, scratch)).isNull();
        for (int bit = 0; bit < DataLabel.LENGTH * Byte.SIZE; bit++) {
            flip(bit);
            if (!"no label".equals(label.problem(memory, scratch))) {
                throw new AssertionError("not noticed: bit=" + bit);
            }
            flip(bit);
        }
    }

    private void flip(int bit) {
        byte flipped = (byte) (memory.get(ValueLayout.JAVA_BYTE, bit / 8) ^ 1 << bit % 8);
        memory.set(ValueLayout.JAVA_BYTE, bit / 8, flipped);
    }

    @Test
    void itTellsWhoseLabelIsThere() {
        UUID other = new UUID(1, 2);
        new DataLabel(other, 3, 4).store(memory);
        assertThat(label.problem(memory, scratch)).isEqualTo("label of pool " + other);
        new DataLabel(Rings.POOL, 3, 5).store(memory);
        assertThat(label.problem(memory, scratch)).isEqualTo("label of another stop");
        new DataLabel(Rings.POOL, 2, 4).store(memory);
        assertThat(label.problem(memory, scratch)).isEqualTo("label of another stop");
        memory.fill((byte) 0);
        assertThat(label.problem(memory, scratch)).isEqualTo("no label");
    }
}

package io.blkspc.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import java.util.zip.Checksum;
import org.junit.jupiter.api.Test;

/** What recovery tells one version of a block from another by. */
class DataChecksumTest {

    private static int of(byte[] bytes) {
        return new DataChecksum().update(ByteBuffer.wrap(bytes)).value();
    }

    @Test
    void valueIsFrozen() {
        // The check values of both polynomials for "123456789".
        assertThat(of("123456789".getBytes(StandardCharsets.US_ASCII))).isEqualTo(0xE3069283 ^ 0xCBF43926);
        assertThat(of(new byte[0])).isZero();
    }

    @Test
    void partsMakeTheSameAsTheWhole() {
        byte[] bytes = new byte[8192];
        new Random(1).nextBytes(bytes);
        DataChecksum parts =
                new DataChecksum().update(ByteBuffer.wrap(bytes, 0, 3)).reset();
        parts.update(ByteBuffer.wrap(bytes, 0, 4096)).update(ByteBuffer.wrap(bytes, 4096, 4096));
        assertThat(parts.value()).isEqualTo(of(bytes));
    }

    @Test
    void blocksThatEndWithTheirOwnCrcDiffer() {
        for (Checksum own : new Checksum[] {new CRC32C(), new CRC32()}) {
            byte[] one = selfChecked(own, 1);
            byte[] other = selfChecked(own, 2);
            assertThat(crc(own, one)).as("the trap: one CRC alone is the same").isEqualTo(crc(own, other));
            assertThat(of(one)).isNotEqualTo(of(other));
        }
    }

    private static byte[] selfChecked(Checksum own, long seed) {
        byte[] block = new byte[Geometry.BLOCK_BYTES];
        new Random(seed).nextBytes(block);
        own.reset();
        own.update(block, 0, block.length - Integer.BYTES);
        ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN).putInt(block.length - Integer.BYTES, (int)
                own.getValue());
        return block;
    }

    private static long crc(Checksum crc, byte[] bytes) {
        crc.reset();
        crc.update(bytes, 0, bytes.length);
        return crc.getValue();
    }
}

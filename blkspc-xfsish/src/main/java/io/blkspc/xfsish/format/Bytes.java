package io.blkspc.xfsish.format;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.UUID;
import java.util.zip.CRC32C;

/** Little-endian fields of a structure, and its checksum. */
final class Bytes {

    private static final ValueLayout.OfShort LE_SHORT = JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt LE_INT = JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LE_LONG = JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Bytes() {}

    static int u8(MemorySegment bytes, long offset) {
        return Byte.toUnsignedInt(bytes.get(JAVA_BYTE, offset));
    }

    static void u8(MemorySegment bytes, long offset, int value) {
        bytes.set(JAVA_BYTE, offset, (byte) value);
    }

    static int u16(MemorySegment bytes, long offset) {
        return Short.toUnsignedInt(bytes.get(LE_SHORT, offset));
    }

    static void u16(MemorySegment bytes, long offset, int value) {
        bytes.set(LE_SHORT, offset, (short) value);
    }

    static int i32(MemorySegment bytes, long offset) {
        return bytes.get(LE_INT, offset);
    }

    static long u32(MemorySegment bytes, long offset) {
        return Integer.toUnsignedLong(bytes.get(LE_INT, offset));
    }

    static void u32(MemorySegment bytes, long offset, long value) {
        bytes.set(LE_INT, offset, (int) value);
    }

    static long i64(MemorySegment bytes, long offset) {
        return bytes.get(LE_LONG, offset);
    }

    static void i64(MemorySegment bytes, long offset, long value) {
        bytes.set(LE_LONG, offset, value);
    }

    static UUID uuid(MemorySegment bytes, long offset) {
        return new UUID(i64(bytes, offset), i64(bytes, offset + Long.BYTES));
    }

    static void uuid(MemorySegment bytes, long offset, UUID value) {
        i64(bytes, offset, value.getMostSignificantBits());
        i64(bytes, offset + Long.BYTES, value.getLeastSignificantBits());
    }

    /** CRC-32C of {@code length} bytes, the field at {@code crcOffset} taken as zero. */
    static int checksum(MemorySegment bytes, long length, long crcOffset) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.asSlice(0, crcOffset).asByteBuffer());
        crc.update(new byte[Integer.BYTES]);
        long rest = crcOffset + Integer.BYTES;
        crc.update(bytes.asSlice(rest, length - rest).asByteBuffer());
        return (int) crc.getValue();
    }

    static boolean isZero(MemorySegment bytes, long offset, long length) {
        for (long i = offset; i < offset + length; i++) {
            if (bytes.get(JAVA_BYTE, i) != 0) {
                return false;
            }
        }
        return true;
    }
}

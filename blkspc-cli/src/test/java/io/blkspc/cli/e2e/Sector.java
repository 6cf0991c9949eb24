package io.blkspc.cli.e2e;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * One sector of test data that says where it belongs and which write made it. Little-endian.
 *
 * <pre>
 *  offset size field   meaning
 *       0    8 magic   {@link #MAGIC}
 *       8    4 volume  number of the volume it was written to
 *      12    8 lba     sector number in that volume
 *      20    8 seq     number of the write, unique over all volumes
 *      28  480 fill    a pattern that differs for each lba and seq, so that a mixture of two sectors shows
 *     508    4 crc     CRC-32C of bytes 0 to 508
 * </pre>
 *
 * <p>The checksum is a CRC-32C at the end on purpose: all such sectors have the same CRC-32C, which is the worst that can happen
 * to a server that tells data which has not arrived by a CRC.
 *
 * @param kind what the bytes are
 * @param volume meaningful only for {@link Kind#WRITTEN}
 * @param lba as volume
 * @param seq as volume
 */
record Sector(Kind kind, int volume, long lba, long seq) {

    static final int BYTES = 512;

    private static final long MAGIC = 0x31304543_41524F42L;
    private static final int VOLUME_OFFSET = 8;
    private static final int LBA_OFFSET = 12;
    private static final int SEQ_OFFSET = 20;
    private static final int FILL_OFFSET = 28;
    private static final int CRC_OFFSET = 508;
    private static final Sector ZERO = new Sector(Kind.ZERO, 0, 0, 0);
    private static final Sector GARBAGE = new Sector(Kind.GARBAGE, 0, 0, 0);

    /** What 512 bytes can be. */
    enum Kind {
        /** All bytes zero. */
        ZERO,
        /** A whole sector that some write made. */
        WRITTEN,
        /** Neither: torn, mixed or foreign bytes. */
        GARBAGE
    }

    /** Writes a sector at this place of a little-endian buffer. */
    static void encode(ByteBuffer buffer, int at, int volume, long lba, long seq) {
        buffer.order(ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(at, MAGIC).putInt(at + VOLUME_OFFSET, volume);
        buffer.putLong(at + LBA_OFFSET, lba).putLong(at + SEQ_OFFSET, seq);
        long state = seq * 0x9E3779B97F4A7C15L ^ lba * 0xC2B2AE3D27D4EB4FL ^ volume;
        for (int offset = FILL_OFFSET; offset < CRC_OFFSET; offset += Long.BYTES) {
            state = state * 6364136223846793005L + 1442695040888963407L;
            buffer.putLong(at + offset, state);
        }
        buffer.putInt(at + CRC_OFFSET, crc(buffer, at));
    }

    /** Says what the 512 bytes at this place are. */
    static Sector decode(ByteBuffer buffer, int at) {
        buffer.order(ByteOrder.LITTLE_ENDIAN);
        if (buffer.getLong(at) != MAGIC) {
            return isZero(buffer, at) ? ZERO : GARBAGE;
        }
        if (buffer.getInt(at + CRC_OFFSET) != crc(buffer, at)) {
            return GARBAGE;
        }
        return new Sector(
                Kind.WRITTEN,
                buffer.getInt(at + VOLUME_OFFSET),
                buffer.getLong(at + LBA_OFFSET),
                buffer.getLong(at + SEQ_OFFSET));
    }

    /** Whether the 512 bytes at this place begin as a sector does and do not go on as one. */
    static boolean isTorn(ByteBuffer buffer, int at) {
        buffer.order(ByteOrder.LITTLE_ENDIAN);
        return buffer.getLong(at) == MAGIC && decode(buffer, at).kind() == Kind.GARBAGE;
    }

    private static boolean isZero(ByteBuffer buffer, int at) {
        for (int offset = 0; offset < BYTES; offset += Long.BYTES) {
            if (buffer.getLong(at + offset) != 0) {
                return false;
            }
        }
        return true;
    }

    private static int crc(ByteBuffer buffer, int at) {
        CRC32C crc = new CRC32C();
        crc.update(buffer.slice(at, CRC_OFFSET));
        return (int) crc.getValue();
    }
}

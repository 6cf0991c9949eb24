package io.blkspc.host.journal;

import static io.blkspc.host.format.LittleEndian.INT;
import static io.blkspc.host.format.LittleEndian.LONG;

import io.blkspc.host.format.Crc32c;
import java.lang.foreign.MemorySegment;
import java.util.UUID;

/**
 * What a clean stop leaves in a free block of the data, so that the next opening can tell whether this is the data the pool was
 * stopped with: not that of another pool, and not an older or newer copy. Little-endian. See docs/format/superblock.md.
 *
 * <pre>
 *  offset size field    meaning
 *       0    8 magic    "BLKSPCDL"
 *       8    4 crc      CRC-32C of bytes 12 to 4096
 *      12    4 reserved zero
 *      16   16 poolUuid most significant half first, each half little-endian
 *      32    8 block    the block it is in
 *      40    8 nonce    random, new at each stop
 *      48 4048 reserved zero
 * </pre>
 *
 * <p>It counts only while the superblock names it. The block stays free: whoever gets it overwrites it.
 *
 * @param pool whose data it is
 * @param block number of the block it is in, from 0
 * @param nonce what tells one stop from every other
 */
public record DataLabel(UUID pool, long block, long nonce) {

    /** Bytes of a label: one block. */
    public static final int LENGTH = 4096;

    static final long MAGIC = 0x4c44_4350_534b_4c42L;
    static final int MAGIC_OFFSET = 0;
    static final int CRC_OFFSET = MAGIC_OFFSET + Long.BYTES;
    static final int CRC_FROM = CRC_OFFSET + Integer.BYTES;
    static final int UUID_OFFSET = CRC_FROM + Integer.BYTES;
    static final int BLOCK_OFFSET = UUID_OFFSET + 2 * Long.BYTES;
    static final int NONCE_OFFSET = BLOCK_OFFSET + Long.BYTES;

    /** Writes it to the first {@link #LENGTH} bytes of {@code target}. */
    public void store(MemorySegment target) {
        target.asSlice(0, LENGTH).fill((byte) 0);
        target.set(LONG, MAGIC_OFFSET, MAGIC);
        target.set(LONG, UUID_OFFSET, pool.getMostSignificantBits());
        target.set(LONG, UUID_OFFSET + Long.BYTES, pool.getLeastSignificantBits());
        target.set(LONG, BLOCK_OFFSET, block);
        target.set(LONG, NONCE_OFFSET, nonce);
        target.set(INT, CRC_OFFSET, crc(target));
    }

    /** {@code true} when the first {@link #LENGTH} bytes are a label, whosesoever it is. */
    static boolean isLabel(MemorySegment found) {
        return found.get(LONG, MAGIC_OFFSET) == MAGIC && found.get(INT, CRC_OFFSET) == crc(found);
    }

    /**
     * What is wrong with the first {@link #LENGTH} bytes of {@code found}, or {@code null} when they are exactly this label.
     *
     * @param scratch as many bytes, overwritten
     */
    public String problem(MemorySegment found, MemorySegment scratch) {
        store(scratch);
        if (MemorySegment.mismatch(found, 0, LENGTH, scratch, 0, LENGTH) < 0) {
            return null;
        }
        if (!isLabel(found)) {
            return "no label";
        }
        UUID other = new UUID(found.get(LONG, UUID_OFFSET), found.get(LONG, UUID_OFFSET + Long.BYTES));
        return other.equals(pool) ? "label of another stop" : "label of pool " + other;
    }

    private static int crc(MemorySegment label) {
        return new Crc32c(label).of(CRC_FROM, LENGTH - CRC_FROM);
    }
}

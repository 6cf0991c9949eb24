package io.blkspc.xfsish.format;

import io.blkspc.api.Geometry;
import java.lang.foreign.MemorySegment;
import java.util.UUID;

/**
 * First block of a record of the log; {@code count} images of whole blocks follow it. A record is one moment between
 * operations: applied as a whole or, when it is not whole, not at all.
 *
 * <pre>
 *  offset size field      meaning
 *       0   64 header     {@link BlockHeader}, owner = sequence
 *      64    8 sequence   grows by one with each record
 *      72    8 tail       oldest record that a replay needs; its own sequence when it needs none before
 *      80    4 count      images, 0 to {@value #MAX_IMAGES}
 *      84    4 imagesCrc  {@link io.blkspc.api.DataChecksum} of all images, 0 when there are none
 *      88   40 zero
 *     128  8*n addresses  where each image belongs, ascending; the rest is zero
 * </pre>
 *
 * @param address block of the log
 * @param sequence of this record
 * @param tail oldest record needed
 * @param imagesCrc checksum of the images
 * @param addresses where each image belongs
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, never changed
public record LogRecord(long address, long sequence, long tail, int imagesCrc, long[] addresses) {

    static final int SEQUENCE_OFFSET = BlockHeader.BYTES;
    static final int TAIL_OFFSET = 72;
    static final int COUNT_OFFSET = 80;
    static final int IMAGES_CRC_OFFSET = 84;
    static final int ZERO_OFFSET = 88;
    static final int ADDRESSES_OFFSET = 128;

    /** Most images of one record. */
    public static final int MAX_IMAGES = (Geometry.BLOCK_BYTES - ADDRESSES_OFFSET) / Long.BYTES;

    /** Blocks of the log it takes. */
    public int blocks() {
        return 1 + addresses.length;
    }

    /** Writes a whole block. */
    public void write(MemorySegment block, UUID uuid) {
        block.fill((byte) 0);
        BlockHeader.write(block, BlockKind.LOG, address, uuid, sequence);
        Bytes.i64(block, SEQUENCE_OFFSET, sequence);
        Bytes.i64(block, TAIL_OFFSET, tail);
        Bytes.u32(block, COUNT_OFFSET, addresses.length);
        Bytes.u32(block, IMAGES_CRC_OFFSET, imagesCrc);
        for (int i = 0; i < addresses.length; i++) {
            Bytes.i64(block, ADDRESSES_OFFSET + (long) i * Long.BYTES, addresses[i]);
        }
        BlockHeader.seal(block);
    }

    /**
     * Reads it.
     *
     * @return null when the block is not the first of a record, or is damaged
     */
    public static LogRecord read(MemorySegment block, long address, Superblock superblock) {
        if (!BlockHeader.is(block, BlockKind.LOG)) {
            return null;
        }
        try {
            BlockHeader.verify(block, BlockKind.LOG, address, superblock.uuid(), Bytes.i64(block, SEQUENCE_OFFSET));
        } catch (io.blkspc.api.CorruptSpaceException torn) {
            return null;
        }
        int count = Bytes.i32(block, COUNT_OFFSET);
        if (count < 0 || count > MAX_IMAGES) {
            return null;
        }
        long[] addresses = new long[count];
        for (int i = 0; i < count; i++) {
            addresses[i] = Bytes.i64(block, ADDRESSES_OFFSET + (long) i * Long.BYTES);
        }
        LogRecord read = new LogRecord(
                address,
                Bytes.i64(block, SEQUENCE_OFFSET),
                Bytes.i64(block, TAIL_OFFSET),
                Bytes.i32(block, IMAGES_CRC_OFFSET),
                addresses);
        boolean isZero = Bytes.isZero(block, ZERO_OFFSET, ADDRESSES_OFFSET - ZERO_OFFSET)
                && Bytes.isZero(
                        block, ADDRESSES_OFFSET + (long) count * Long.BYTES, (long) (MAX_IMAGES - count) * Long.BYTES);
        return isZero && read.isSound(superblock) ? read : null;
    }

    private boolean isSound(Superblock superblock) {
        boolean isSound = sequence > 0
                && tail > 0
                && tail <= sequence
                && address + blocks() <= superblock.logStart() + superblock.logBlocks();
        long after = -1;
        for (int i = 0; isSound && i < addresses.length; i++) {
            boolean inLog = addresses[i] >= superblock.logStart()
                    && addresses[i] < superblock.logStart() + superblock.logBlocks();
            isSound = addresses[i] > after && addresses[i] < superblock.blockCount() && !inLog;
            after = addresses[i];
        }
        return isSound;
    }
}

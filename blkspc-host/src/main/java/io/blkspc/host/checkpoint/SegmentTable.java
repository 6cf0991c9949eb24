package io.blkspc.host.checkpoint;

import static io.blkspc.host.format.LittleEndian.INT;
import static io.blkspc.host.format.LittleEndian.LONG;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.UUID;

/**
 * Start of a segment: a header and one entry per image, padded with zeros to a multiple of 512 bytes; the images follow.
 * Little-endian. See docs/format/segments.md.
 *
 * <pre>
 *  offset size field        meaning
 *       0    8 magic        "BLKSPCSG"
 *       8    4 crc          CRC-32C of bytes 12 to the end of the padding; the directory holds it too
 *      12    4 segmentIndex its own address
 *      16   16 poolUuid     most significant half first, each half little-endian
 *      32    8 generation   of the checkpoint it was written for
 *      40    8 writeNumber  counts the segments ever written
 *      48    4 count        entries
 *      52    4 imageBytes   bytes after the padding that hold images
 *      56    8 reserved     zero
 *      64      entries
 *
 *  entry, 24 bytes
 *       0    8 id           of the object; its eight highest bits are zero
 *       8    4 crc          CRC-32C of writeNumber, segmentIndex and kind, id (8 bytes each, see below), then the image
 *      12    4 offset       of the image in the segment
 *      16    4 length       of the image
 *      20    1 kind         {@link ObjectKind}
 *      21    3 reserved     zero
 * </pre>
 *
 * <p>An image's CRC begins with three 64-bit words: writeNumber; segmentIndex shifted left by 8, or kind; id. So an image
 * is valid only at the place and for the object it was written for.
 */
final class SegmentTable {

    static final long MAGIC = 0x4753_4350_534b_4c42L;
    static final int ALIGNMENT = 512;

    static final int MAGIC_OFFSET = 0;
    static final int CRC_OFFSET = MAGIC_OFFSET + Long.BYTES;
    static final int SEGMENT_INDEX_OFFSET = CRC_OFFSET + Integer.BYTES;
    static final int UUID_OFFSET = SEGMENT_INDEX_OFFSET + Integer.BYTES;
    static final int GENERATION_OFFSET = UUID_OFFSET + 2 * Long.BYTES;
    static final int WRITE_NUMBER_OFFSET = GENERATION_OFFSET + Long.BYTES;
    static final int COUNT_OFFSET = WRITE_NUMBER_OFFSET + Long.BYTES;
    static final int IMAGE_BYTES_OFFSET = COUNT_OFFSET + Integer.BYTES;
    static final int RESERVED_OFFSET = IMAGE_BYTES_OFFSET + Integer.BYTES;
    static final int HEADER_LENGTH = RESERVED_OFFSET + Long.BYTES;

    static final int ENTRY_ID_OFFSET = 0;
    static final int ENTRY_CRC_OFFSET = ENTRY_ID_OFFSET + Long.BYTES;
    static final int ENTRY_OFFSET_OFFSET = ENTRY_CRC_OFFSET + Integer.BYTES;
    static final int ENTRY_LENGTH_OFFSET = ENTRY_OFFSET_OFFSET + Integer.BYTES;
    static final int ENTRY_KIND_OFFSET = ENTRY_LENGTH_OFFSET + Integer.BYTES;
    static final int ENTRY_LENGTH = ENTRY_KIND_OFFSET + Integer.BYTES;

    private MemorySegment segment;
    private long start;

    SegmentTable wrap(MemorySegment buffer, long offset) {
        segment = buffer;
        start = offset;
        return this;
    }

    /** Bytes of header, entries and padding. */
    static int lengthFor(int count) {
        return (HEADER_LENGTH + count * ENTRY_LENGTH + ALIGNMENT - 1) & -ALIGNMENT;
    }

    long magic() {
        return segment.get(LONG, start + MAGIC_OFFSET);
    }

    int crc() {
        return segment.get(INT, start + CRC_OFFSET);
    }

    SegmentTable crc(int crc) {
        segment.set(INT, start + CRC_OFFSET, crc);
        return this;
    }

    int segmentIndex() {
        return segment.get(INT, start + SEGMENT_INDEX_OFFSET);
    }

    boolean isOf(UUID pool) {
        return segment.get(LONG, start + UUID_OFFSET) == pool.getMostSignificantBits()
                && segment.get(LONG, start + UUID_OFFSET + Long.BYTES) == pool.getLeastSignificantBits();
    }

    /** Sets magic, address and owner, and zeroes what is reserved. */
    SegmentTable identity(UUID pool, int segmentIndex) {
        segment.set(LONG, start + MAGIC_OFFSET, MAGIC);
        segment.set(INT, start + SEGMENT_INDEX_OFFSET, segmentIndex);
        segment.set(LONG, start + UUID_OFFSET, pool.getMostSignificantBits());
        segment.set(LONG, start + UUID_OFFSET + Long.BYTES, pool.getLeastSignificantBits());
        segment.set(LONG, start + RESERVED_OFFSET, 0);
        return this;
    }

    long generation() {
        return segment.get(LONG, start + GENERATION_OFFSET);
    }

    SegmentTable generation(long generation) {
        segment.set(LONG, start + GENERATION_OFFSET, generation);
        return this;
    }

    long writeNumber() {
        return segment.get(LONG, start + WRITE_NUMBER_OFFSET);
    }

    SegmentTable writeNumber(long number) {
        segment.set(LONG, start + WRITE_NUMBER_OFFSET, number);
        return this;
    }

    int count() {
        return segment.get(INT, start + COUNT_OFFSET);
    }

    SegmentTable count(int count) {
        segment.set(INT, start + COUNT_OFFSET, count);
        return this;
    }

    int imageBytes() {
        return segment.get(INT, start + IMAGE_BYTES_OFFSET);
    }

    SegmentTable imageBytes(int bytes) {
        segment.set(INT, start + IMAGE_BYTES_OFFSET, bytes);
        return this;
    }

    boolean reservedIsZero() {
        return segment.get(LONG, start + RESERVED_OFFSET) == 0;
    }

    long entryId(int entry) {
        return segment.get(LONG, at(entry) + ENTRY_ID_OFFSET);
    }

    int entryCrc(int entry) {
        return segment.get(INT, at(entry) + ENTRY_CRC_OFFSET);
    }

    int entryOffset(int entry) {
        return segment.get(INT, at(entry) + ENTRY_OFFSET_OFFSET);
    }

    SegmentTable entryOffset(int entry, int offset) {
        segment.set(INT, at(entry) + ENTRY_OFFSET_OFFSET, offset);
        return this;
    }

    int entryLength(int entry) {
        return segment.get(INT, at(entry) + ENTRY_LENGTH_OFFSET);
    }

    int entryKind(int entry) {
        return Byte.toUnsignedInt(segment.get(ValueLayout.JAVA_BYTE, at(entry) + ENTRY_KIND_OFFSET));
    }

    boolean entryReservedIsZero(int entry) {
        return segment.get(INT, at(entry) + ENTRY_KIND_OFFSET) >>> Byte.SIZE == 0;
    }

    /** Fills an entry but for its offset. */
    SegmentTable entry(int entry, ObjectKind kind, long id, int length, int crc) {
        segment.set(LONG, at(entry) + ENTRY_ID_OFFSET, id);
        segment.set(INT, at(entry) + ENTRY_CRC_OFFSET, crc);
        segment.set(INT, at(entry) + ENTRY_LENGTH_OFFSET, length);
        segment.set(INT, at(entry) + ENTRY_KIND_OFFSET, kind.code());
        return this;
    }

    private long at(int entry) {
        return start + HEADER_LENGTH + (long) entry * ENTRY_LENGTH;
    }
}

package io.blkspc.host.checkpoint;

import static io.blkspc.host.format.LittleEndian.INT;
import static io.blkspc.host.format.LittleEndian.LONG;
import static io.blkspc.host.format.LittleEndian.SHORT;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.UUID;

/**
 * Page of the segment directory: which segments hold live images, and which of their images live. Little-endian. See
 * docs/format/segments.md.
 *
 * <pre>
 *  offset size field        meaning
 *       0    4 magic        0x52444b42, "BKDR"
 *       4    4 crc          CRC-32C of bytes 8 to 4096
 *       8   16 poolUuid     most significant half first, each half little-endian
 *      24    4 pageIndex    its own address in the directory
 *      28    4 slot         directory slot, 0 or 1
 *      32      one entry per segment: page p holds segments p * entriesPerPage and following
 *
 *  entry, 16 bytes + one bit per possible image (segmentBytes / 512)
 *       0    8 writeNumber  of the segment; 0: nothing in it lives, and the whole entry is zero
 *       8    4 tableCrc     crc of the segment's table
 *      12    2 count        entries of the table
 *      14    2 sectors      512-byte sectors that were written
 *      16      live         bit i, least significant first: entry i of the table is live
 * </pre>
 *
 * <p>A page has no generation: one that did not change is not written again. That it is the right one is what the root's
 * directoryCrc is for.
 */
final class DirectoryPage {

    static final int LENGTH = 4096;
    static final int MAGIC = 0x52444b42;

    static final int MAGIC_OFFSET = 0;
    static final int CRC_OFFSET = MAGIC_OFFSET + Integer.BYTES;
    static final int UUID_OFFSET = CRC_OFFSET + Integer.BYTES;
    static final int PAGE_INDEX_OFFSET = UUID_OFFSET + 2 * Long.BYTES;
    static final int SLOT_OFFSET = PAGE_INDEX_OFFSET + Integer.BYTES;
    static final int HEADER_LENGTH = SLOT_OFFSET + Integer.BYTES;
    static final int CRC_FROM = UUID_OFFSET;

    static final int ENTRY_WRITE_NUMBER_OFFSET = 0;
    static final int ENTRY_TABLE_CRC_OFFSET = ENTRY_WRITE_NUMBER_OFFSET + Long.BYTES;
    static final int ENTRY_COUNT_OFFSET = ENTRY_TABLE_CRC_OFFSET + Integer.BYTES;
    static final int ENTRY_SECTORS_OFFSET = ENTRY_COUNT_OFFSET + Short.BYTES;
    static final int ENTRY_LIVE_OFFSET = ENTRY_SECTORS_OFFSET + Short.BYTES;

    private final int liveBytes;
    private MemorySegment segment;
    private long start;

    /** Pages of a directory whose segments have {@code imagesPerSegment} entries at most. */
    DirectoryPage(int imagesPerSegment) {
        liveBytes = imagesPerSegment / Byte.SIZE;
    }

    static int entriesPerPage(int imagesPerSegment) {
        return (LENGTH - HEADER_LENGTH) / (ENTRY_LIVE_OFFSET + imagesPerSegment / Byte.SIZE);
    }

    DirectoryPage wrap(MemorySegment buffer, long offset) {
        segment = buffer;
        start = offset;
        return this;
    }

    int magic() {
        return segment.get(INT, start + MAGIC_OFFSET);
    }

    int crc() {
        return segment.get(INT, start + CRC_OFFSET);
    }

    DirectoryPage crc(int crc) {
        segment.set(INT, start + CRC_OFFSET, crc);
        return this;
    }

    boolean isOf(UUID pool) {
        return segment.get(LONG, start + UUID_OFFSET) == pool.getMostSignificantBits()
                && segment.get(LONG, start + UUID_OFFSET + Long.BYTES) == pool.getLeastSignificantBits();
    }

    int pageIndex() {
        return segment.get(INT, start + PAGE_INDEX_OFFSET);
    }

    int slot() {
        return segment.get(INT, start + SLOT_OFFSET);
    }

    /** Zeroes the page and sets its header but for the crc. */
    DirectoryPage clear(UUID pool, int pageIndex, int slot) {
        for (int at = 0; at < LENGTH; at += Long.BYTES) {
            segment.set(LONG, start + at, 0);
        }
        segment.set(INT, start + MAGIC_OFFSET, MAGIC);
        segment.set(LONG, start + UUID_OFFSET, pool.getMostSignificantBits());
        segment.set(LONG, start + UUID_OFFSET + Long.BYTES, pool.getLeastSignificantBits());
        segment.set(INT, start + PAGE_INDEX_OFFSET, pageIndex);
        segment.set(INT, start + SLOT_OFFSET, slot);
        return this;
    }

    long writeNumber(int entry) {
        return segment.get(LONG, at(entry) + ENTRY_WRITE_NUMBER_OFFSET);
    }

    int tableCrc(int entry) {
        return segment.get(INT, at(entry) + ENTRY_TABLE_CRC_OFFSET);
    }

    int count(int entry) {
        return Short.toUnsignedInt(segment.get(SHORT, at(entry) + ENTRY_COUNT_OFFSET));
    }

    int sectors(int entry) {
        return Short.toUnsignedInt(segment.get(SHORT, at(entry) + ENTRY_SECTORS_OFFSET));
    }

    DirectoryPage entry(int entry, long writeNumber, int tableCrc, int count, int sectors) {
        segment.set(LONG, at(entry) + ENTRY_WRITE_NUMBER_OFFSET, writeNumber);
        segment.set(INT, at(entry) + ENTRY_TABLE_CRC_OFFSET, tableCrc);
        segment.set(SHORT, at(entry) + ENTRY_COUNT_OFFSET, (short) count);
        segment.set(SHORT, at(entry) + ENTRY_SECTORS_OFFSET, (short) sectors);
        return this;
    }

    /** Live bits {@code 8 * index} to {@code 8 * index + 7} of an entry. */
    int live(int entry, int index) {
        return Byte.toUnsignedInt(segment.get(ValueLayout.JAVA_BYTE, at(entry) + ENTRY_LIVE_OFFSET + index));
    }

    DirectoryPage live(int entry, int index, int bits) {
        segment.set(ValueLayout.JAVA_BYTE, at(entry) + ENTRY_LIVE_OFFSET + index, (byte) bits);
        return this;
    }

    private long at(int entry) {
        return start + HEADER_LENGTH + (long) entry * (ENTRY_LIVE_OFFSET + liveBytes);
    }
}

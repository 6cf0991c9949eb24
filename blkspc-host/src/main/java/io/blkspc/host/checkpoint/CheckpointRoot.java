package io.blkspc.host.checkpoint;

import static io.blkspc.host.format.LittleEndian.INT;
import static io.blkspc.host.format.LittleEndian.LONG;

import java.lang.foreign.MemorySegment;

/**
 * What the superblock holds of a checkpoint: where its directory is and a CRC over it. Through the directory, which holds
 * the CRC of each segment's table, which holds the CRC of each image, it vouches for every live byte.
 *
 * <pre>
 *  offset size field            meaning
 *       0    8 generation       0: no checkpoint yet
 *       8    8 writeNumber      highest write number of any segment
 *      16    8 directoryOffset  byte offset of the directory in the segment device
 *      24    8 segmentsOffset   byte offset of segment 0
 *      32    4 segmentCount     segments in the area
 *      36    4 segmentBytes     size of one
 *      40    4 directoryPages   pages of 4096 bytes
 *      44    4 directoryCrc     CRC-32C over the CRCs of all pages, in order
 *      48    8 objectCount      live objects
 *      56    8 reserved         zero
 * </pre>
 */
public record CheckpointRoot(
        long generation,
        long writeNumber,
        long directoryOffset,
        long segmentsOffset,
        int segmentCount,
        int segmentBytes,
        int directoryPages,
        int directoryCrc,
        long objectCount) {

    /** Bytes in the superblock. */
    public static final int LENGTH = 64;

    /** Root of a pool without a checkpoint: no objects. */
    public static final CheckpointRoot EMPTY = new CheckpointRoot(0, 0, 0, 0, 0, 0, 0, 0, 0);

    static final int GENERATION_OFFSET = 0;
    static final int WRITE_NUMBER_OFFSET = GENERATION_OFFSET + Long.BYTES;
    static final int DIRECTORY_OFFSET_OFFSET = WRITE_NUMBER_OFFSET + Long.BYTES;
    static final int SEGMENTS_OFFSET_OFFSET = DIRECTORY_OFFSET_OFFSET + Long.BYTES;
    static final int SEGMENT_COUNT_OFFSET = SEGMENTS_OFFSET_OFFSET + Long.BYTES;
    static final int SEGMENT_BYTES_OFFSET = SEGMENT_COUNT_OFFSET + Integer.BYTES;
    static final int DIRECTORY_PAGES_OFFSET = SEGMENT_BYTES_OFFSET + Integer.BYTES;
    static final int DIRECTORY_CRC_OFFSET = DIRECTORY_PAGES_OFFSET + Integer.BYTES;
    static final int OBJECT_COUNT_OFFSET = DIRECTORY_CRC_OFFSET + Integer.BYTES;
    static final int RESERVED_OFFSET = OBJECT_COUNT_OFFSET + Long.BYTES;

    /** {@code true} when there is no checkpoint yet. */
    public boolean isEmpty() {
        return generation == 0;
    }

    /** The root at {@code offset}; its bytes are covered by the superblock's CRC. */
    public static CheckpointRoot read(MemorySegment source, long offset) {
        return new CheckpointRoot(
                source.get(LONG, offset + GENERATION_OFFSET),
                source.get(LONG, offset + WRITE_NUMBER_OFFSET),
                source.get(LONG, offset + DIRECTORY_OFFSET_OFFSET),
                source.get(LONG, offset + SEGMENTS_OFFSET_OFFSET),
                source.get(INT, offset + SEGMENT_COUNT_OFFSET),
                source.get(INT, offset + SEGMENT_BYTES_OFFSET),
                source.get(INT, offset + DIRECTORY_PAGES_OFFSET),
                source.get(INT, offset + DIRECTORY_CRC_OFFSET),
                source.get(LONG, offset + OBJECT_COUNT_OFFSET));
    }

    /** Writes {@link #LENGTH} bytes at {@code offset}. */
    public void write(MemorySegment target, long offset) {
        target.set(LONG, offset + GENERATION_OFFSET, generation);
        target.set(LONG, offset + WRITE_NUMBER_OFFSET, writeNumber);
        target.set(LONG, offset + DIRECTORY_OFFSET_OFFSET, directoryOffset);
        target.set(LONG, offset + SEGMENTS_OFFSET_OFFSET, segmentsOffset);
        target.set(INT, offset + SEGMENT_COUNT_OFFSET, segmentCount);
        target.set(INT, offset + SEGMENT_BYTES_OFFSET, segmentBytes);
        target.set(INT, offset + DIRECTORY_PAGES_OFFSET, directoryPages);
        target.set(INT, offset + DIRECTORY_CRC_OFFSET, directoryCrc);
        target.set(LONG, offset + OBJECT_COUNT_OFFSET, objectCount);
        target.set(LONG, offset + RESERVED_OFFSET, 0);
    }
}

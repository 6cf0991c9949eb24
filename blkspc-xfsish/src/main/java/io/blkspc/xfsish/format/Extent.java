package io.blkspc.xfsish.format;

import java.lang.foreign.MemorySegment;

/**
 * A run of file blocks and where it is. Little-endian.
 *
 * <pre>
 *  offset size field      meaning
 *       0    4 fileBlock  first block of the file
 *       4    4 block      first block of the space
 *       8    4 count      blocks, at least 1
 *      12    4 flags      bit 0: unwritten, reads as zeros; the others are zero
 * </pre>
 *
 * @param fileBlock first block of the file, 0 to 2^32 - 1
 * @param block first block of the space
 * @param count blocks, at least 1
 * @param isUnwritten it reads as zeros whatever lies there
 */
public record Extent(long fileBlock, long block, int count, boolean isUnwritten) {

    static final int FILE_BLOCK_OFFSET = 0;
    static final int BLOCK_OFFSET = 4;
    static final int COUNT_OFFSET = 8;
    static final int FLAGS_OFFSET = 12;

    /** Bytes of one extent. */
    public static final int BYTES = 16;

    /** File blocks end here: 16 TiB. */
    public static final long MAX_FILE_BLOCKS = 1L << 32;

    private static final int UNWRITTEN = 1;

    /** First file block after it. */
    public long end() {
        return fileBlock + count;
    }

    /** Block of the space that holds a file block inside it. */
    public long blockOf(long wanted) {
        return block + (wanted - fileBlock);
    }

    void write(MemorySegment bytes, long offset) {
        Bytes.u32(bytes, offset + FILE_BLOCK_OFFSET, fileBlock);
        Bytes.u32(bytes, offset + BLOCK_OFFSET, block);
        Bytes.u32(bytes, offset + COUNT_OFFSET, count);
        Bytes.u32(bytes, offset + FLAGS_OFFSET, isUnwritten ? UNWRITTEN : 0);
    }

    /** Reads one; null when no extent looks like that. */
    static Extent read(MemorySegment bytes, long offset) {
        long flags = Bytes.u32(bytes, offset + FLAGS_OFFSET);
        Extent read = new Extent(
                Bytes.u32(bytes, offset + FILE_BLOCK_OFFSET),
                Bytes.u32(bytes, offset + BLOCK_OFFSET),
                Bytes.i32(bytes, offset + COUNT_OFFSET),
                (flags & UNWRITTEN) != 0);
        boolean isSound = (flags & ~UNWRITTEN) == 0 && read.count > 0 && read.end() <= MAX_FILE_BLOCKS;
        return isSound ? read : null;
    }
}

package io.blkspc.xfsish.format;

import io.blkspc.api.Geometry;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * A leaf of a file's extents, in ascending order of file blocks, not overlapping, at least one.
 *
 * <pre>
 *  offset size field    meaning
 *       0   64 header   {@link BlockHeader}, owner = inode number
 *      64    4 count    extents, 1 to {@value #MAX_EXTENTS}
 *      68   12 zero
 *      80 16*n extents  {@link Extent}; the rest is zero
 * </pre>
 */
public final class ExtentBlock {

    static final int COUNT_OFFSET = BlockHeader.BYTES;
    static final int ZERO_OFFSET = 68;
    static final int EXTENTS_OFFSET = 80;

    /** Most extents of one leaf. */
    public static final int MAX_EXTENTS = (Geometry.BLOCK_BYTES - EXTENTS_OFFSET) / Extent.BYTES;

    private ExtentBlock() {}

    /** Writes a whole block. */
    public static void write(MemorySegment block, long address, UUID uuid, long inode, List<Extent> extents) {
        block.fill((byte) 0);
        BlockHeader.write(block, BlockKind.EXTENTS, address, uuid, inode);
        Bytes.u32(block, COUNT_OFFSET, extents.size());
        for (int i = 0; i < extents.size(); i++) {
            extents.get(i).write(block, EXTENTS_OFFSET + (long) i * Extent.BYTES);
        }
        BlockHeader.seal(block);
    }

    /**
     * Reads and checks it.
     *
     * @throws io.blkspc.api.CorruptSpaceException {@code CORRUPT}
     */
    public static List<Extent> read(MemorySegment block, long address, UUID uuid, long inode) {
        BlockHeader.verify(block, BlockKind.EXTENTS, address, uuid, inode);
        int count = Bytes.i32(block, COUNT_OFFSET);
        boolean isSound = count >= 1
                && count <= MAX_EXTENTS
                && Bytes.isZero(block, ZERO_OFFSET, EXTENTS_OFFSET - ZERO_OFFSET)
                && Bytes.isZero(
                        block,
                        EXTENTS_OFFSET + (long) count * Extent.BYTES,
                        (long) (MAX_EXTENTS - count) * Extent.BYTES);
        List<Extent> extents = isSound ? readList(block, EXTENTS_OFFSET, count) : null;
        if (extents == null) {
            throw BlockHeader.damaged(BlockKind.EXTENTS, address, "count=" + count + ", inode=" + inode);
        }
        return extents;
    }

    /** Reads ascending extents; null when they are not. */
    static List<Extent> readList(MemorySegment bytes, long offset, int count) {
        List<Extent> extents = new ArrayList<>(count);
        long end = 0;
        for (int i = 0; i < count; i++) {
            Extent extent = Extent.read(bytes, offset + (long) i * Extent.BYTES);
            if (extent == null || extent.fileBlock() < end) {
                return null;
            }
            end = extent.end();
            extents.add(extent);
        }
        return extents;
    }
}

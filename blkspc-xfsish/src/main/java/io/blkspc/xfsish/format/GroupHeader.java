package io.blkspc.xfsish.format;

import io.blkspc.api.Geometry;
import java.lang.foreign.MemorySegment;
import java.util.UUID;

/**
 * Header of an allocation group: its counts. It is the first block of the group (of group 0 the second, after the
 * superblock), the three bitmaps follow it.
 *
 * <pre>
 *  offset size field        meaning
 *       0   64 header       {@link BlockHeader}, owner = index of the group
 *      64    4 blocks       blocks of this group
 *      68    4 freeBlocks   clear bits of the block bitmap
 *      72    4 inodeBlocks  set bits of the inode bitmap
 *      76    4 freeInodes   free inodes in these blocks
 *      80    4 unlinked     inodes without a name that are still to be removed
 *      84 4012 zero
 * </pre>
 *
 * @param index of the group
 * @param blocks blocks of this group
 * @param freeBlocks blocks not in use
 * @param inodeBlocks blocks that hold inodes
 * @param freeInodes free inodes in them
 * @param unlinked inodes still to be removed
 */
public record GroupHeader(int index, int blocks, int freeBlocks, int inodeBlocks, int freeInodes, int unlinked) {

    static final int BLOCKS_OFFSET = BlockHeader.BYTES;
    static final int FREE_BLOCKS_OFFSET = 68;
    static final int INODE_BLOCKS_OFFSET = 72;
    static final int FREE_INODES_OFFSET = 76;
    static final int UNLINKED_OFFSET = 80;
    static final int END_OFFSET = 84;

    /** Blocks of a group's own metadata: this one and three bitmaps. */
    public static final int METADATA_BLOCKS = 4;

    /** Where the header of a group is. */
    public static long address(int index, int groupBlocks) {
        return (long) index * groupBlocks + (index == 0 ? 1 : 0);
    }

    /** First block after a group's own metadata. */
    public static long firstDataBlock(int index, int groupBlocks) {
        return address(index, groupBlocks) + METADATA_BLOCKS;
    }

    /** Writes a whole block. */
    public void write(MemorySegment block, UUID uuid, int groupBlocks) {
        block.fill((byte) 0);
        BlockHeader.write(block, BlockKind.GROUP, address(index, groupBlocks), uuid, index);
        Bytes.u32(block, BLOCKS_OFFSET, blocks);
        Bytes.u32(block, FREE_BLOCKS_OFFSET, freeBlocks);
        Bytes.u32(block, INODE_BLOCKS_OFFSET, inodeBlocks);
        Bytes.u32(block, FREE_INODES_OFFSET, freeInodes);
        Bytes.u32(block, UNLINKED_OFFSET, unlinked);
        BlockHeader.seal(block);
    }

    /**
     * Reads and checks it.
     *
     * @throws io.blkspc.api.CorruptSpaceException {@code CORRUPT}
     */
    public static GroupHeader read(MemorySegment block, Superblock superblock, int index) {
        long address = address(index, superblock.groupBlocks());
        BlockHeader.verify(block, BlockKind.GROUP, address, superblock.uuid(), index);
        GroupHeader read = new GroupHeader(
                index,
                Bytes.i32(block, BLOCKS_OFFSET),
                Bytes.i32(block, FREE_BLOCKS_OFFSET),
                Bytes.i32(block, INODE_BLOCKS_OFFSET),
                Bytes.i32(block, FREE_INODES_OFFSET),
                Bytes.i32(block, UNLINKED_OFFSET));
        long expected =
                Math.min(superblock.groupBlocks(), superblock.blockCount() - (long) index * superblock.groupBlocks());
        boolean isSound = read.blocks == expected
                && read.freeBlocks >= 0
                && read.freeBlocks <= read.blocks
                && read.inodeBlocks >= 0
                && read.inodeBlocks <= read.blocks
                && read.freeInodes >= 0
                && read.freeInodes <= read.inodeBlocks * InodeRecord.PER_BLOCK
                && read.unlinked >= 0
                && read.unlinked <= read.inodeBlocks * InodeRecord.PER_BLOCK;
        if (!isSound || !Bytes.isZero(block, END_OFFSET, Geometry.BLOCK_BYTES - END_OFFSET)) {
            throw BlockHeader.damaged(BlockKind.GROUP, address, read.toString());
        }
        return read;
    }
}

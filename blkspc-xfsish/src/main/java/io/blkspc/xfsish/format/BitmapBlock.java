package io.blkspc.xfsish.format;

import io.blkspc.api.Geometry;
import java.lang.foreign.MemorySegment;

/**
 * One bit for each block of a group, the first block in the lowest bit of the first byte. Bits past the end of the group are
 * zero. The three bitmaps of a group follow its header in this order: {@link BlockKind#BLOCK_BITMAP}, {@link
 * BlockKind#INODE_BITMAP}, {@link BlockKind#FREE_INODE_BITMAP}.
 *
 * <pre>
 *  offset size field   meaning
 *       0   64 header  {@link BlockHeader}, owner = index of the group
 *      64 4032 bits
 * </pre>
 */
public final class BitmapBlock {

    static final int BITS_OFFSET = BlockHeader.BYTES;

    /** Bits of one block: the largest group. */
    public static final int BITS = (Geometry.BLOCK_BYTES - BITS_OFFSET) * Byte.SIZE;

    private BitmapBlock() {}

    /** Where a bitmap of a group is. */
    public static long address(BlockKind kind, int group, int groupBlocks) {
        int position = switch (kind) {
            case BLOCK_BITMAP -> 1;
            case INODE_BITMAP -> 2;
            case FREE_INODE_BITMAP -> 3;
            default -> throw new IllegalArgumentException("not a bitmap: kind=" + kind);
        };
        return GroupHeader.address(group, groupBlocks) + position;
    }

    /** Bit of the block at this index of the group. */
    public static boolean get(MemorySegment block, int index) {
        return ((Bytes.u8(block, BITS_OFFSET + index / Byte.SIZE) >>> (index % Byte.SIZE)) & 1) != 0;
    }

    /** Sets or clears a bit; {@link BlockHeader#seal} comes after the last. */
    public static void set(MemorySegment block, int index, boolean value) {
        int at = BITS_OFFSET + index / Byte.SIZE;
        int mask = 1 << (index % Byte.SIZE);
        Bytes.u8(block, at, value ? Bytes.u8(block, at) | mask : Bytes.u8(block, at) & ~mask);
    }

    /**
     * Checks it.
     *
     * @param count blocks of the group
     * @throws io.blkspc.api.CorruptSpaceException {@code CORRUPT}
     */
    public static void verify(MemorySegment block, BlockKind kind, Superblock superblock, int group, int count) {
        long address = address(kind, group, superblock.groupBlocks());
        BlockHeader.verify(block, kind, address, superblock.uuid(), group);
        for (int i = count; i < BITS; i++) {
            if (get(block, i)) {
                throw BlockHeader.damaged(kind, address, "bit past the end of the group: index=" + i);
            }
        }
    }
}

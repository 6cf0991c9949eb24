package io.blkspc.xfsish.group;

import io.blkspc.xfsish.format.BitmapBlock;
import io.blkspc.xfsish.format.BlockHeader;
import io.blkspc.xfsish.format.BlockKind;
import io.blkspc.xfsish.format.GroupHeader;
import io.blkspc.xfsish.format.Superblock;
import io.blkspc.xfsish.metadata.Metadata;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;

/**
 * One allocation group in memory: its counts, and copies of its bitmaps that are made when they are first needed. Every
 * change goes to the blocks of the running transaction as well. Guarded by the lock of the file system.
 */
final class Group {

    private final Metadata metadata;
    private final int index;
    private final long start;
    private GroupHeader header;
    /** Blocks that may be given out: free, and not waiting for anything. */
    private BitSet available;
    /** Blocks that hold a free inode. */
    private BitSet freeInodes;

    Group(Metadata metadata, int index) {
        this.metadata = metadata;
        this.index = index;
        Superblock superblock = metadata.superblock();
        this.start = (long) index * superblock.groupBlocks();
        this.header = GroupHeader.read(
                metadata.view(GroupHeader.address(index, superblock.groupBlocks())), superblock, index);
    }

    GroupHeader header() {
        return header;
    }

    private int indexOf(long block) {
        return (int) (block - start);
    }

    private BitSet load(BlockKind kind, boolean wanted) {
        Superblock superblock = metadata.superblock();
        MemorySegment block = metadata.view(BitmapBlock.address(kind, index, superblock.groupBlocks()));
        BitmapBlock.verify(block, kind, superblock, index, header.blocks());
        BitSet bits = new BitSet(header.blocks());
        for (int i = 0; i < header.blocks(); i++) {
            bits.set(i, BitmapBlock.get(block, i) == wanted);
        }
        return bits;
    }

    private BitSet available() {
        if (available == null) {
            available = load(BlockKind.BLOCK_BITMAP, false);
        }
        return available;
    }

    private BitSet freeInodes() {
        if (freeInodes == null) {
            freeInodes = load(BlockKind.FREE_INODE_BITMAP, true);
        }
        return freeInodes;
    }

    private void mark(BlockKind kind, int first, int count, boolean value) {
        int groupBlocks = metadata.superblock().groupBlocks();
        MemorySegment block = metadata.change(BitmapBlock.address(kind, index, groupBlocks));
        for (int i = first; i < first + count; i++) {
            if (BitmapBlock.get(block, i) == value) {
                throw new IllegalStateException("bit is so already: " + kind + " block=" + (start + i));
            }
            BitmapBlock.set(block, i, value);
        }
        BlockHeader.seal(block);
    }

    private void header(GroupHeader newer) {
        int groupBlocks = metadata.superblock().groupBlocks();
        newer.write(
                metadata.change(GroupHeader.address(index, groupBlocks)),
                metadata.superblock().uuid(),
                groupBlocks);
        header = newer;
    }

    /** Takes a run of at most {@code wanted} blocks at or after the goal, or from the front; null when there is none. */
    Run allocate(long goal, int wanted) {
        if (header.freeBlocks() == 0) {
            return null;
        }
        int first = available().nextSetBit(goal >= start ? Math.min(indexOf(goal), header.blocks()) : 0);
        first = first < 0 ? available().nextSetBit(0) : first;
        if (first < 0) {
            return null;
        }
        int count = Math.min(wanted, available().nextClearBit(first) - first);
        available().clear(first, first + count);
        mark(BlockKind.BLOCK_BITMAP, first, count, true);
        header(new GroupHeader(
                index,
                header.blocks(),
                header.freeBlocks() - count,
                header.inodeBlocks(),
                header.freeInodes(),
                header.unlinked()));
        return new Run(start + first, count);
    }

    /** Marks blocks free on disk; they are given out again after {@link #release}. */
    void free(long block, int count) {
        available(); // loaded before the bits say free
        mark(BlockKind.BLOCK_BITMAP, indexOf(block), count, false);
        header(new GroupHeader(
                index,
                header.blocks(),
                header.freeBlocks() + count,
                header.inodeBlocks(),
                header.freeInodes(),
                header.unlinked()));
    }

    void release(long block, int count) {
        available().set(indexOf(block), indexOf(block) + count);
    }

    /** A block with a free inode; -1 when there is none. */
    long blockWithFreeInode() {
        int bit = header.freeInodes() == 0 ? -1 : freeInodes().nextSetBit(0);
        return bit < 0 ? -1 : start + bit;
    }

    /** A block has become one of {@code inodes} free inodes. */
    void addInodeBlock(long block, int inodes) {
        freeInodes().set(indexOf(block));
        mark(BlockKind.INODE_BITMAP, indexOf(block), 1, true);
        mark(BlockKind.FREE_INODE_BITMAP, indexOf(block), 1, true);
        header(new GroupHeader(
                index,
                header.blocks(),
                header.freeBlocks(),
                header.inodeBlocks() + 1,
                header.freeInodes() + inodes,
                header.unlinked()));
    }

    /** One inode of a block was taken or given back; {@code isFirstOrLast} when the block's bit changes by it. */
    void countInode(long block, boolean isTaken, boolean isFirstOrLast) {
        if (isFirstOrLast) {
            freeInodes().set(indexOf(block), !isTaken);
            mark(BlockKind.FREE_INODE_BITMAP, indexOf(block), 1, !isTaken);
        }
        header(new GroupHeader(
                index,
                header.blocks(),
                header.freeBlocks(),
                header.inodeBlocks(),
                header.freeInodes() + (isTaken ? -1 : 1),
                header.unlinked()));
    }

    void countUnlinked(int change) {
        header(new GroupHeader(
                index,
                header.blocks(),
                header.freeBlocks(),
                header.inodeBlocks(),
                header.freeInodes(),
                header.unlinked() + change));
    }

    /** Blocks that hold inodes. */
    long[] inodeBlocks() {
        return load(BlockKind.INODE_BITMAP, true).stream()
                .mapToLong(bit -> start + bit)
                .toArray();
    }

    /** Runs that may be given out now. */
    void visitAvailable(java.util.function.Consumer<Run> visitor) {
        for (int from = available().nextSetBit(0); from >= 0; ) {
            int end = available().nextClearBit(from);
            visitor.accept(new Run(start + from, end - from));
            from = available().nextSetBit(end);
        }
    }
}

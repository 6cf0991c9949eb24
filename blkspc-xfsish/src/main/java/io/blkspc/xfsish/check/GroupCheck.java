package io.blkspc.xfsish.check;

import io.blkspc.xfsish.format.BitmapBlock;
import io.blkspc.xfsish.format.BlockKind;
import io.blkspc.xfsish.format.GroupHeader;
import io.blkspc.xfsish.format.InodeFields;
import io.blkspc.xfsish.format.InodeRecord;
import java.lang.foreign.MemorySegment;

/** One allocation group: first its inodes, and when all owners are known its bitmaps and counts. */
final class GroupCheck {

    private final Checked checked;
    private final int index;
    private final int groupBlocks;
    private final long start;
    private GroupHeader header;
    private MemorySegment blockBits;
    private int inodeBlocks;
    private int freeInodes;
    private int unlinked;

    GroupCheck(Checked checked, int index) {
        this.checked = checked;
        this.index = index;
        this.groupBlocks = checked.superblock.groupBlocks();
        this.start = (long) index * groupBlocks;
    }

    /** Reads header, bitmaps and inodes. */
    void readInodes() {
        checked.use(GroupHeader.address(index, groupBlocks), GroupHeader.METADATA_BLOCKS, "group " + index);
        checked.attempt(() -> header =
                GroupHeader.read(checked.block(GroupHeader.address(index, groupBlocks)), checked.superblock, index));
        if (header == null) {
            return;
        }
        checked.attempt(() -> blockBits = bitmap(BlockKind.BLOCK_BITMAP));
        checked.attempt(() -> {
            MemorySegment inodeBits = bitmap(BlockKind.INODE_BITMAP);
            MemorySegment freeBits = bitmap(BlockKind.FREE_INODE_BITMAP);
            for (int i = 0; i < header.blocks(); i++) {
                boolean hasFree = BitmapBlock.get(inodeBits, i) && readInodeBlock(start + i);
                if (hasFree != BitmapBlock.get(freeBits, i)) {
                    checked.found("bit of free inodes is wrong: block=" + (start + i) + ", has one=" + hasFree);
                }
            }
        });
    }

    private MemorySegment bitmap(BlockKind kind) {
        MemorySegment block = checked.block(BitmapBlock.address(kind, index, groupBlocks));
        BitmapBlock.verify(block, kind, checked.superblock, index, header.blocks());
        return block;
    }

    /** {@code true} when one of its inodes is free. */
    private boolean readInodeBlock(long block) {
        checked.use(block, 1, "inodes");
        inodeBlocks++;
        MemorySegment bytes = checked.block(block);
        int free = 0;
        for (int i = 0; i < InodeRecord.PER_BLOCK; i++) {
            long number = block * InodeRecord.PER_BLOCK + i;
            MemorySegment record = InodeRecord.slice(bytes, number);
            if (checked.attempt(() -> InodeRecord.verify(record, number, checked.superblock.uuid()))) {
                if (InodeRecord.mode(record) == 0) {
                    free++;
                } else {
                    checked.attempt(() -> add(number, record));
                }
            }
        }
        freeInodes += free;
        return free > 0;
    }

    private void add(long number, MemorySegment record) {
        InodeFields fields = InodeFields.read(record, number, checked.superblock.uuid());
        checked.inodes.put(number, fields);
        unlinked += fields.links == 0 ? 1 : 0;
    }

    long unlinked() {
        return unlinked;
    }

    /** Compares what the group says with what was found. */
    void compare() {
        if (header == null || blockBits == null) {
            return;
        }
        int free = 0;
        for (int i = 0; i < header.blocks(); i++) {
            boolean isUsed = checked.isUsed(start + i);
            free += isUsed ? 0 : 1;
            if (isUsed != BitmapBlock.get(blockBits, i)) {
                checked.found((isUsed ? "block in use is marked free" : "block without an owner is marked used")
                        + ": block=" + (start + i));
            }
        }
        boolean isRight = header.freeBlocks() == free
                && header.inodeBlocks() == inodeBlocks
                && header.freeInodes() == freeInodes
                && header.unlinked() == unlinked;
        if (!isRight) {
            checked.found("counts of a group are wrong: " + header + ", found freeBlocks=" + free + ", inodeBlocks="
                    + inodeBlocks + ", freeInodes=" + freeInodes + ", unlinked=" + unlinked);
        }
    }
}

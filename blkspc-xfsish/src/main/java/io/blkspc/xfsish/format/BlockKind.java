package io.blkspc.xfsish.format;

/** What a metadata block is; its magic is the first field of the block, four letters in little-endian order. */
public enum BlockKind {
    /** {@link Superblock}. */
    SUPERBLOCK("XSBK"),
    /** {@link GroupHeader}. */
    GROUP("XAGH"),
    /** {@link BitmapBlock}: blocks in use. */
    BLOCK_BITMAP("XBMB"),
    /** {@link BitmapBlock}: blocks that hold inodes. */
    INODE_BITMAP("XBMI"),
    /** {@link BitmapBlock}: blocks that hold a free inode. */
    FREE_INODE_BITMAP("XBMF"),
    /** {@link ExtentBlock}. */
    EXTENTS("XEXT"),
    /** {@link DirectoryBlock}. */
    DIRECTORY("XDIR"),
    /** {@link AttributeBlock}. */
    ATTRIBUTES("XATR"),
    /** {@link LogRecord}. */
    LOG("XLOG");

    private final int magic;

    BlockKind(String letters) {
        int value = 0;
        for (int i = 3; i >= 0; i--) {
            value = (value << 8) | letters.charAt(i);
        }
        this.magic = value;
    }

    /** First four bytes of such a block. */
    public int magic() {
        return magic;
    }
}

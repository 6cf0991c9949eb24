package io.blkspc.xfsish.file;

/**
 * Space of a file system, in blocks of 4096 bytes. Three numbers that differ: what the file system may use, what it has not
 * used yet, and what the pool would promise now.
 *
 * @param addressBlocks blocks of the address space
 * @param usableBlocks limit of blocks in use
 * @param freeBlocks of the limit, not in use and not spoken for by dirty data
 * @param grantedBlocks of these, what the host granted when it was asked just now, besides what metadata takes that a snapshot
 *     or clone holds as well: writing so much would succeed if nobody else took space meanwhile; on a volume with a standing
 *     guarantee nobody else can take that part
 * @param usedInodes files, directories and links
 */
public record SpaceStatus(long addressBlocks, long usableBlocks, long freeBlocks, long grantedBlocks, long usedInodes) {

    /** Of what is granted: for the operations and log records that it takes to write the rest. */
    private static final int OWN_BLOCKS = 128;

    /** And one block in so many, for extents, bitmaps and inodes. */
    private static final int DATA_PER_OWN = 64;

    /**
     * How many blocks of data can be written now, to one file or to several, before anything has to be refused: what {@code df}
     * calls available.
     */
    public long writableBlocks() {
        return Math.max(0, grantedBlocks - OWN_BLOCKS - grantedBlocks / DATA_PER_OWN);
    }
}

package io.blkspc.xfsish.file;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Geometry;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.xfsish.format.GroupHeader;
import io.blkspc.xfsish.format.Superblock;

/**
 * Metadata that a snapshot or clone holds as well: each such block takes one more of the pool when it is written the next time,
 * the whole log among them. Counted where it is cheap, and guessed too high elsewhere. Guarded by the lock of the file system.
 */
final class SharedMetadata {

    /** Groups that are looked at; of more the others count like these. */
    private static final int MAX_GROUPS = 4096;

    /** A write changes the header of a group and the bitmap of its used blocks. */
    private static final int PER_GROUP = 2;

    private final BlockSpace space;
    private final Mounted mounted;
    private final Mapping mapping = new Mapping();

    SharedMetadata(BlockSpace space, Mounted mounted) {
        this.space = space;
        this.mounted = mounted;
    }

    /**
     * The most that metadata can take out of {@code granted} blocks besides what new blocks of data need anyway.
     *
     * @param granted blocks of 4096 bytes, 0 or more
     */
    long blocks(long granted) {
        Superblock superblock = mounted.metadata.superblock();
        long log;
        long groups;
        boolean isShared;
        try (Lease _ = space.readLease()) {
            log = shared(superblock.logStart(), superblock.logBlocks());
            groups = groups(superblock);
            isShared = log + groups + shared(0, 1) > 0; // the first block hardly ever changes
        }
        if (!isShared) {
            return 0;
        }
        long fixed = log + PER_GROUP * Math.min(groups, granted);
        long left = Math.max(0, granted - fixed);
        // One block of data to each of as many files takes the block of its inode as well.
        return Math.min(granted, fixed + Math.min(mounted.groups.inodeBlocks(), left / 2));
    }

    private long groups(Superblock superblock) {
        int count = superblock.groupCount();
        int looked = Math.min(count, MAX_GROUPS);
        long shared = 0;
        for (int group = 0; group < looked; group++) {
            long header = GroupHeader.address(group, superblock.groupBlocks());
            shared += shared(header, GroupHeader.METADATA_BLOCKS) > 0 ? 1 : 0;
        }
        return shared == 0 ? 0 : shared + count - looked;
    }

    private long shared(long block, int count) {
        long shared = 0;
        long end = (block + count) << Geometry.BLOCK_SHIFT;
        for (long at = block << Geometry.BLOCK_SHIFT; at < end; at = mapping.endOffsetBytes()) {
            space.map(at, end - at, mapping);
            shared += mapping.shared() ? mapping.lengthBytes() >>> Geometry.BLOCK_SHIFT : 0;
        }
        return shared;
    }
}

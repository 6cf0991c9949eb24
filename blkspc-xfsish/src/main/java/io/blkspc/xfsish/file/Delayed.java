package io.blkspc.xfsish.file;

import io.blkspc.xfsish.inode.Inode;
import java.util.HashMap;
import java.util.Map;

/**
 * What giving all delayed blocks their place will take: reserved when they were written, so that it cannot fail later. Guarded
 * by the lock of the file system.
 */
final class Delayed {

    private record Share(int metadata, long taken) {
        static final Share NONE = new Share(0, 0);
    }

    private final Map<Long, Share> shares = new HashMap<>();
    private final int groupCount;
    private int metadata;
    private long taken;
    private long next;

    Delayed(int groupCount) {
        this.groupCount = groupCount;
    }

    /** A number for a new delayed block; neighbours get neighbouring ones. */
    long newBlock() {
        return io.blkspc.xfsish.buffer.BufferCache.DELAYED + next++;
    }

    /** Blocks of the file system that delayed blocks and their leaves will take. */
    long taken() {
        return taken;
    }

    private static Share shareOf(Inode inode, int more) {
        int count = inode.delayed().size() + more;
        return count == 0 ? Share.NONE : new Share(inode.blocksToStore(count), (long) count + inode.newLeaves(count));
    }

    /** The delayed blocks of this inode, or its extents, have changed. */
    void update(Inode inode) {
        Share share = shareOf(inode, 0);
        Share before = share.equals(Share.NONE) ? shares.remove(inode.number()) : shares.put(inode.number(), share);
        before = before == null ? Share.NONE : before;
        metadata += share.metadata - before.metadata;
        taken += share.taken - before.taken;
    }

    /** The worst case of an operation that delays nothing. */
    Need need(int metadataBlocks, int dataBlocks, long takenBlocks, boolean frees) {
        return new Need(metadataBlocks, dataBlocks, takenBlocks, withGroups(metadata, taken), taken, frees);
    }

    /** The worst case of an operation that delays up to {@code more} blocks of one inode. */
    Need need(int metadataBlocks, int dataBlocks, long takenBlocks, Inode inode, int more) {
        Share before = shares.getOrDefault(inode.number(), Share.NONE);
        Share after = shareOf(inode, more);
        long newTaken = taken + after.taken - before.taken;
        return new Need(
                metadataBlocks,
                dataBlocks,
                takenBlocks,
                withGroups(metadata + after.metadata - before.metadata, newTaken),
                newTaken,
                false);
    }

    /** What the transaction that places them all may change. */
    int blocksToPlace() {
        return withGroups(metadata, taken);
    }

    private int withGroups(int blocks, long takenBlocks) {
        return blocks + 2 * (int) Math.min(groupCount, takenBlocks);
    }
}

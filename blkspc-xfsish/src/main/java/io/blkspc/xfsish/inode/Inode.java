package io.blkspc.xfsish.inode;

import io.blkspc.xfsish.format.Extent;
import io.blkspc.xfsish.format.InodeFields;
import io.blkspc.xfsish.format.InodeRecord;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * An inode in memory: fields, extents, and delayed blocks, which are dirty in memory and have no place yet. A file block is in
 * an extent or delayed or a hole. Guarded by the lock of the file system.
 */
public final class Inode {

    /** Most extents a file may have, so that its leaves can always be split: reached by fragmentation only. */
    private static final int MAX_LEAVES = InodeRecord.MAX_LEAVES;

    private final long number;
    private final InodeFields fields;
    private final ExtentMap extents;
    private final TreeMap<Long, Long> delayed = new TreeMap<>();
    private long goal;

    Inode(long number, InodeFields fields, ExtentMap extents) {
        this.number = number;
        this.fields = fields;
        this.extents = extents;
    }

    /** Its number. */
    public long number() {
        return number;
    }

    /** Its fields; {@link Inodes#store} writes them. */
    public InodeFields fields() {
        return fields;
    }

    ExtentMap extents() {
        return extents;
    }

    /** {@code true} for a directory. */
    public boolean isDirectory() {
        return fields.type() == InodeFields.DIRECTORY;
    }

    /** The extent that holds a file block; null for a hole or a delayed block. */
    public Extent extentOf(long fileBlock) {
        return extents.find(fileBlock);
    }

    /** The first extent that ends after a file block, or null. */
    public Extent extentAtOrAfter(long fileBlock) {
        return extents.atOrAfter(fileBlock);
    }

    /** The last extent that begins before a file block, or null. */
    public Extent extentBefore(long fileBlock) {
        return extents.before(fileBlock);
    }

    /** Number of a delayed block in memory; null when this one is not delayed. */
    public Long delayedOf(long fileBlock) {
        return delayed.get(fileBlock);
    }

    /** Delayed blocks by file block. */
    public NavigableMap<Long, Long> delayed() {
        return delayed;
    }

    /** Adds an extent where there is a hole. */
    public void insert(Extent extent) {
        extents.insert(extent);
        goal = extent.block() + extent.count();
    }

    /** Makes a range of file blocks a hole, delayed blocks excepted; shows what it had. */
    public void remove(long from, long to, Consumer<Extent> removed) {
        extents.remove(from, to, removed);
    }

    /** Turns unwritten blocks of a range into written ones. */
    public void convert(long from, long to) {
        for (long at = from; at < to; ) {
            Extent extent = extents.atOrAfter(at);
            if (extent == null || extent.fileBlock() >= to) {
                return;
            }
            long first = Math.max(at, extent.fileBlock());
            long end = Math.min(to, extent.end());
            if (extent.isUnwritten()) {
                extents.remove(first, end, removed -> {});
                extents.insert(new Extent(first, extent.blockOf(first), (int) (end - first), false));
            }
            at = end;
        }
    }

    /** Where its next block should be. */
    public long goal(long fileBlock) {
        Extent before = extents.before(fileBlock);
        if (before != null) {
            return before.block() + before.count();
        }
        return goal != 0 ? goal : InodeRecord.block(number);
    }

    /** Metadata blocks that storing it can change when this many extents are added: the inode and its leaves. */
    public int blocksToStore(int moreExtents) {
        if (extents.fitsInInode(moreExtents)) {
            return 1;
        }
        int leaves = extents.leafCount() + extents.newLeaves(moreExtents);
        return 1 + Math.min(leaves, 2 * moreExtents + 2);
    }

    /** Blocks that leaves may take when this many extents are added. */
    public int newLeaves(int moreExtents) {
        return extents.newLeaves(moreExtents);
    }

    /** Block of the extent leaf that holds a file block; -1 when it is in the inode. */
    public long leafBlockOf(long fileBlock) {
        return extents.leafBlockOf(fileBlock);
    }

    /** {@code false} when this many more extents might not fit: the file is too fragmented. */
    public boolean mayAdd(int moreExtents) {
        return extents.leafCount() + extents.newLeaves(moreExtents) <= MAX_LEAVES;
    }
}

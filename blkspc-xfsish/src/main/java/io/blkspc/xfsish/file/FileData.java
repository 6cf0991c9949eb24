package io.blkspc.xfsish.file;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.xfsish.file.FileSystemException.Reason;
import io.blkspc.xfsish.format.Extent;
import io.blkspc.xfsish.inode.Inode;
import java.lang.foreign.MemorySegment;

/**
 * Reading and writing the bytes of a file. What is written to a hole is delayed: dirty in memory, its space reserved, its
 * place chosen by the next checkpoint. Bytes past the end of a file inside its last block mean nothing; who makes the file
 * longer makes them zeros. Guarded by the lock of the file system.
 */
final class FileData {

    private static final int BLOCK = Geometry.BLOCK_BYTES;

    /** Largest file, in bytes. */
    static final long MAX_BYTES = Extent.MAX_FILE_BLOCKS * BLOCK;

    private final Mounted mounted;

    FileData(Mounted mounted) {
        this.mounted = mounted;
    }

    // ---- reading

    long read(Inode inode, long offset, MemorySegment target, long start, long length) {
        long end = Math.min(inode.fields().size, Math.addExact(offset, length));
        for (long at = offset; at < end; ) {
            at += readSome(inode, at, end, target, start + at - offset);
        }
        return Math.max(0, end - offset);
    }

    private long readSome(Inode inode, long at, long end, MemorySegment target, long start) {
        long fileBlock = at / BLOCK;
        long inBlock = at % BLOCK;
        Long delayed = inode.delayedOf(fileBlock);
        if (delayed != null) {
            long count = Math.min(BLOCK - inBlock, end - at);
            mounted.subvolume.read(delayed * BLOCK + inBlock, count, target, start);
            return count;
        }
        Extent extent = inode.extentAtOrAfter(fileBlock);
        if (extent != null && extent.fileBlock() <= fileBlock) {
            long count = Math.min(extent.end() * BLOCK, end) - at;
            if (extent.isUnwritten()) {
                target.asSlice(start, count).fill((byte) 0);
            } else {
                mounted.subvolume.read(extent.blockOf(fileBlock) * BLOCK + inBlock, count, target, start);
            }
            return count;
        }
        long next = extent == null ? end : extent.fileBlock() * BLOCK;
        Long nextDelayed = inode.delayed().higherKey(fileBlock);
        next = nextDelayed == null ? next : Math.min(next, nextDelayed * BLOCK);
        long count = Math.min(next, end) - at;
        target.asSlice(start, count).fill((byte) 0);
        return count;
    }

    // ---- writing

    long write(Inode inode, long offset, MemorySegment source, long start, long length) {
        if (offset < 0 || length < 0 || offset > MAX_BYTES - length) {
            throw new FileSystemException(
                    Reason.TOO_LARGE, "beyond the largest file: offset=" + offset + ", length=" + length);
        }
        long done = 0;
        int chunk = mounted.chunkBlocks();
        while (done < length) {
            long at = offset + done;
            long part = Math.min(length - done, (long) chunk * BLOCK - at % BLOCK);
            try {
                writeChunk(inode, at, source, start + done, part);
                done += part;
            } catch (BlockSpaceException e) {
                if (e.code() == Code.OUT_OF_SPACE && chunk > 1) {
                    chunk /= 2; // what a transaction reserves besides its data grows with it
                } else if (done > 0 && !mounted.subvolume.isShutDown()) {
                    return done; // the next call says why
                } else {
                    throw e;
                }
            }
        }
        return done;
    }

    private void writeChunk(Inode inode, long offset, MemorySegment source, long start, long length) {
        long first = offset / BLOCK;
        long last = (offset + length - 1) / BLOCK;
        mounted.change(() -> needOf(inode, first, last), () -> look(inode, offset, offset + length), () -> {
            long size = inode.fields().size;
            if (offset + length > size) {
                zeroTail(inode, offset + length);
            }
            for (long done = 0; done < length; ) {
                long at = offset + done;
                long inBlock = at % BLOCK;
                long part = Math.min(BLOCK - inBlock, length - done);
                MemorySegment.copy(source, start + done, block(inode, at / BLOCK, part == BLOCK), inBlock, part);
                done += part;
            }
            inode.convert(first, last + 1);
            inode.fields().modified = mounted.now();
            inode.fields().changed = inode.fields().modified;
            inode.fields().size = Math.max(size, offset + length);
            mounted.inodes.store(inode);
            changed(inode);
            return null;
        });
    }

    /** Reads the blocks of which a write keeps some bytes. */
    private void look(Inode inode, long from, long to) {
        lookAtTail(inode, to);
        if (from % BLOCK != 0) {
            look(inode, from / BLOCK);
        }
        if (to % BLOCK != 0) {
            look(inode, to / BLOCK);
        }
    }

    private void look(Inode inode, long fileBlock) {
        Extent extent = inode.extentOf(fileBlock);
        if (extent != null && !extent.isUnwritten()) {
            mounted.running().join(extent.blockOf(fileBlock));
        }
    }

    private void lookAtTail(Inode inode, long newSize) {
        long size = inode.fields().size;
        if (size % BLOCK != 0 && newSize > size) {
            look(inode, size / BLOCK);
        }
    }

    private void changed(Inode inode) {
        mounted.delayed.update(inode);
        mounted.checkpoints.dataChanged();
    }

    private Need needOf(Inode inode, long first, long last) {
        int holes = 0;
        int unwritten = 0;
        Extent seen = null;
        for (long i = first; i <= last; i++) {
            Extent extent = seen != null && i < seen.end() ? seen : inode.extentOf(i);
            holes += extent == null && inode.delayedOf(i) == null ? 1 : 0;
            unwritten += extent != null && extent.isUnwritten() && !extent.equals(seen) ? 1 : 0;
            seen = extent;
        }
        int split = 2 * unwritten; // an unwritten extent may become three
        if (!inode.mayAdd(inode.delayed().size() + holes + split)) {
            throw new FileSystemException(Reason.TOO_LARGE, "file is too fragmented: inode=" + inode.number());
        }
        int leaves = split == 0 ? 0 : inode.newLeaves(split);
        int metadata = (split == 0 ? 1 : inode.blocksToStore(split)) + 2 * leaves;
        int data = (int) (last - first + 1) + 1; // and the block that held the end
        return mounted.delayed.need(metadata, data, leaves, inode, holes + split);
    }

    /** The bytes of a file block, to change; a delayed one when there was a hole. */
    private MemorySegment block(Inode inode, long fileBlock, boolean isWhole) {
        Long delayed = inode.delayedOf(fileBlock);
        if (delayed != null) {
            return mounted.running().changeDelayed(delayed);
        }
        Extent extent = inode.extentOf(fileBlock);
        if (extent == null) {
            long number = mounted.delayed.newBlock();
            inode.delayed().put(fileBlock, number);
            return mounted.running().overwrite(number);
        }
        long block = extent.blockOf(fileBlock);
        boolean isNew = isWhole || (extent.isUnwritten() && !isDirty(block));
        return isNew ? mounted.running().overwrite(block) : mounted.running().change(block);
    }

    private boolean isDirty(long block) {
        return mounted.running().held(block) != null;
    }

    /** Makes the bytes between the old end and a new one zeros, as far as the last block holds them. */
    private void zeroTail(Inode inode, long newSize) {
        long size = inode.fields().size;
        long inBlock = size % BLOCK;
        Extent extent = inode.extentOf(size / BLOCK);
        boolean isThere = extent != null ? !extent.isUnwritten() : inode.delayedOf(size / BLOCK) != null;
        if (inBlock != 0 && newSize > size && isThere) {
            block(inode, size / BLOCK, false).asSlice(inBlock, BLOCK - inBlock).fill((byte) 0);
            mounted.checkpoints.dataChanged();
        }
    }

    // ---- changing the size, and holes

    void truncate(Inode inode, long newSize) {
        if (newSize < 0 || newSize > MAX_BYTES) {
            throw new FileSystemException(Reason.TOO_LARGE, "beyond the largest file: size=" + newSize);
        }
        if (newSize > inode.fields().size) {
            mounted.change(() -> mounted.delayed.need(1, 1, 0, false), () -> lookAtTail(inode, newSize), () -> {
                zeroTail(inode, newSize);
                return setSize(inode, newSize);
            });
            return;
        }
        while (!shrinkStep(inode, newSize)) {}
    }

    private Void setSize(Inode inode, long newSize) {
        inode.fields().size = newSize;
        inode.fields().modified = mounted.now();
        inode.fields().changed = inode.fields().modified;
        mounted.inodes.store(inode);
        return null;
    }

    /** Cuts off as much as one transaction can; {@code true} when it is done. A crash between steps leaves a longer file. */
    boolean shrinkStep(Inode inode, long newSize) {
        long keep = (newSize + BLOCK - 1) / BLOCK;
        long cut = new HoleStep(mounted, inode).lowestCut(keep);
        mounted.change(() -> HoleStep.needOfCut(mounted), () -> {
            new HoleStep(mounted, inode).remove(cut, Extent.MAX_FILE_BLOCKS);
            long size = cut <= keep ? newSize : Math.min(inode.fields().size, cut * BLOCK);
            setSize(inode, size);
            mounted.delayed.update(inode);
            return null;
        });
        return cut <= keep;
    }

    /**
     * Makes whole blocks of a range holes, also such that were preallocated past the end, and the bytes around them zeros. The size
     * stays.
     */
    void punch(Inode inode, long offset, long length) {
        if (offset < 0
                || length <= 0
                || offset >= MAX_BYTES) { // behind the largest file there is nothing, and sums overflow
            return;
        }
        long end = length > MAX_BYTES - offset ? MAX_BYTES : offset + length;
        long first = (offset + BLOCK - 1) / BLOCK;
        long last = end >= inode.fields().size ? (end + BLOCK - 1) / BLOCK : end / BLOCK;
        if (first > last) {
            zeroInside(inode, offset, end);
            return;
        }
        zeroInside(inode, offset, first * BLOCK);
        zeroInside(inode, last * BLOCK, end);
        for (long at = first; at < last; ) {
            long from = at;
            long to = new HoleStep(mounted, inode).highestCut(from, last);
            mounted.change(() -> HoleStep.needOfHole(mounted, inode), () -> {
                new HoleStep(mounted, inode).remove(from, to);
                setSize(inode, inode.fields().size);
                mounted.delayed.update(inode);
                return null;
            });
            at = to;
        }
    }

    private void zeroInside(Inode inode, long from, long to) {
        long fileBlock = from / BLOCK;
        Extent extent = inode.extentOf(fileBlock);
        boolean isThere = extent != null ? !extent.isUnwritten() : inode.delayedOf(fileBlock) != null;
        if (from < to && isThere) {
            mounted.change(() -> mounted.delayed.need(1, 1, 0, false), () -> look(inode, fileBlock), () -> {
                block(inode, fileBlock, false).asSlice(from % BLOCK, to - from).fill((byte) 0);
                mounted.checkpoints.dataChanged();
                return setSize(inode, inode.fields().size);
            });
        }
    }
}

package io.blkspc.xfsish.file;

import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.xfsish.file.FileSystemException.Reason;
import io.blkspc.xfsish.format.Extent;
import io.blkspc.xfsish.group.Run;
import io.blkspc.xfsish.inode.Inode;
import java.util.ArrayList;
import java.util.List;

/**
 * Blocks for holes, before anything is written: unwritten extents here, unwritten blocks of the host below them. They read as
 * zeros. Guarded by the lock of the file system.
 */
final class Preallocation {

    private static final int BLOCK = Geometry.BLOCK_BYTES;

    private final Mounted mounted;

    Preallocation(Mounted mounted) {
        this.mounted = mounted;
    }

    /** Gives every hole of a range blocks; the size grows to the end of the range, unless it is to stay. */
    void allocate(Inode inode, long offset, long length, boolean keepSize) {
        if (offset < 0 || length <= 0 || offset > FileData.MAX_BYTES - length) {
            throw new FileSystemException(Reason.TOO_LARGE, "offset=" + offset + ", length=" + length);
        }
        long end = (offset + length + BLOCK - 1) / BLOCK;
        int chunk = mounted.chunkBlocks();
        for (long at = offset / BLOCK; at < end; at += chunk) {
            chunk(inode, at, Math.min(end, at + chunk));
        }
        if (!keepSize && offset + length > inode.fields().size) {
            new FileData(mounted).truncate(inode, offset + length);
        }
    }

    private void chunk(Inode inode, long first, long end) {
        List<Long> holes = new ArrayList<>();
        for (long i = first; i < end; i++) {
            if (inode.extentOf(i) == null && inode.delayedOf(i) == null) {
                holes.add(i);
            }
        }
        if (holes.isEmpty()) {
            return;
        }
        if (!inode.mayAdd(inode.delayed().size() + holes.size())) {
            throw new FileSystemException(Reason.TOO_LARGE, "file is too fragmented: inode=" + inode.number());
        }
        Cookie cookie = mounted.subvolume.reserve(holes.size());
        try {
            List<Run> runs = new ArrayList<>();
            mounted.change(() -> needOf(inode, holes.size()), () -> {
                holes.forEach(hole -> runs.add(takeBlock(inode, hole)));
                mounted.inodes.store(inode);
                mounted.delayed.update(inode);
                return null;
            });
            for (Run run : runs) {
                mounted.subvolume.space().preallocate(cookie, run.block() * BLOCK, (long) run.count() * BLOCK);
            }
        } finally {
            cookie.put();
        }
    }

    private Need needOf(Inode inode, int holes) {
        int leaves = inode.newLeaves(holes);
        int groups = 2 * Math.min(mounted.groups.count(), holes + leaves);
        return mounted.delayed.need(
                inode.blocksToStore(holes) + groups + 2 * leaves, 0, holes + (long) leaves, inode, holes);
    }

    private Run takeBlock(Inode inode, long fileBlock) {
        Run run = mounted.groups.allocate(inode.goal(fileBlock), 1);
        inode.insert(new Extent(fileBlock, run.block(), 1, true));
        inode.fields().blocks++;
        return run;
    }
}

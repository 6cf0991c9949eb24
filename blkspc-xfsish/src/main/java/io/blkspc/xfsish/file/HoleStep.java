package io.blkspc.xfsish.file;

import io.blkspc.xfsish.file.FileSystemException.Reason;
import io.blkspc.xfsish.format.Extent;
import io.blkspc.xfsish.inode.Inode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Gives back as many blocks of one file as one transaction can: a bounded number of extents in a bounded number of groups.
 * Guarded by the lock of the file system.
 */
final class HoleStep {

    private static final int MAX_EXTENTS = 64;
    private static final int MAX_GROUPS = 6;

    private final Mounted mounted;
    private final Inode inode;

    HoleStep(Mounted mounted, Inode inode) {
        this.mounted = mounted;
        this.inode = inode;
    }

    /** The worst case of a step that cuts the end off: the inode, leaves it touches or gives up, and the groups of all that. */
    static Need needOfCut(Mounted mounted) {
        return mounted.delayed.need(Reservations.OPERATION, 0, 0, true);
    }

    /** The worst case of a step in the middle, which may split an extent, and its leaf. */
    static Need needOfHole(Mounted mounted, Inode inode) {
        int leaves = inode.newLeaves(1);
        if (!inode.mayAdd(inode.delayed().size() + 1)) {
            throw new FileSystemException(Reason.TOO_LARGE, "file is too fragmented: inode=" + inode.number());
        }
        Need need = mounted.delayed.need(Reservations.OPERATION, 0, leaves, inode, 2);
        return new Need(need.metadata(), 0, leaves, need.delayedMetadata(), need.delayedTaken(), true);
    }

    /** Where to cut so that the end of the file from there on is one step; {@code keep} when that is possible. */
    long lowestCut(long keep) {
        Set<Integer> groups = new HashSet<>();
        long cut = Extent.MAX_FILE_BLOCKS;
        for (int count = 0; ; count++) {
            Extent extent = inode.extentBefore(cut);
            if (extent == null || extent.end() <= keep) {
                return keep;
            }
            addGroups(groups, extent);
            if (count == MAX_EXTENTS || groups.size() > MAX_GROUPS) {
                return cut;
            }
            cut = Math.max(keep, extent.fileBlock());
        }
    }

    /** How far from {@code from} on is one step; {@code to} when that is possible. */
    long highestCut(long from, long to) {
        Set<Integer> groups = new HashSet<>();
        long at = from;
        for (int count = 0; count < MAX_EXTENTS; count++) {
            Extent extent = inode.extentAtOrAfter(at);
            if (extent == null || extent.fileBlock() >= to) {
                return to;
            }
            addGroups(groups, extent);
            if (groups.size() > MAX_GROUPS) {
                return extent.fileBlock();
            }
            at = Math.min(to, extent.end());
        }
        return at;
    }

    /** Removing it frees blocks there, and those of its leaf when it was the last. */
    private void addGroups(Set<Integer> groups, Extent extent) {
        groups.add(mounted.groups.groupOf(extent.block()));
        long leaf = inode.leafBlockOf(extent.fileBlock());
        if (leaf >= 0) {
            groups.add(mounted.groups.groupOf(leaf));
        }
    }

    /** Makes a range a hole; the caller stores the inode. */
    void remove(long from, long to) {
        inode.remove(from, to, extent -> {
            // Images of a directory's blocks are in the log: a replay would put them over what is there by then.
            mounted.groups.free(extent.block(), extent.count(), inode.isDirectory());
            inode.fields().blocks -= extent.count();
        });
        for (long fileBlock : List.copyOf(inode.delayed().subMap(from, to).keySet())) {
            mounted.metadata.forget(inode.delayed().remove(fileBlock));
        }
    }
}

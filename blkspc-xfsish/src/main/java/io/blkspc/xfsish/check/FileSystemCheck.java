package io.blkspc.xfsish.check;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.api.client.SpaceIo;
import io.blkspc.xfsish.format.Extent;
import io.blkspc.xfsish.format.InodeFields;
import io.blkspc.xfsish.format.Superblock;
import io.blkspc.xfsish.log.LogScan;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Checks a file system that nobody has mounted: every structure, every block's owner, every name. A log that was not
 * replayed is looked at as if it had been. Changes nothing; snapshots can be checked too.
 */
public final class FileSystemCheck {

    private FileSystemCheck() {}

    /**
     * Checks the file system of a space, which stays the caller's to close.
     *
     * @throws BlockSpaceException {@code NOT_FOUND} when there is none; {@code TOO_NEW}; {@code IO}
     */
    public static CheckReport run(BlockSpace space) {
        try (SpaceIo io = SpaceIo.on(space)) {
            List<String> findings = new ArrayList<>();
            long blocks = Geometry.toBlocks(space.sizeBytes());
            Superblock superblock;
            try {
                superblock = Superblock.read(Checked.read(io, Superblock.ADDRESS), blocks);
            } catch (BlockSpaceException e) {
                if (e.code() != Code.CORRUPT) {
                    throw e;
                }
                return new CheckReport(List.of(e.getMessage()), false, 0, 0, 0, 0);
            }
            SortedMap<Long, MemorySegment> images = replayed(io, superblock, findings);
            if (images.containsKey(Superblock.ADDRESS)) {
                superblock = Superblock.read(images.get(Superblock.ADDRESS), blocks);
            }
            return check(new Checked(io, superblock, images, findings), !images.isEmpty());
        }
    }

    private static SortedMap<Long, MemorySegment> replayed(SpaceIo io, Superblock superblock, List<String> findings) {
        try {
            return LogScan.read(
                            (block, target) -> io.read(block << Geometry.BLOCK_SHIFT, Geometry.BLOCK_BYTES, target, 0),
                            superblock)
                    .images();
        } catch (BlockSpaceException e) {
            findings.add(e.getMessage());
            return new TreeMap<>();
        }
    }

    private static CheckReport check(Checked checked, boolean needsReplay) {
        Superblock superblock = checked.superblock;
        checked.use(Superblock.ADDRESS, 1, "superblock");
        checked.use(superblock.logStart(), superblock.logBlocks(), "log");
        List<GroupCheck> groups = new ArrayList<>();
        for (int i = 0; i < superblock.groupCount(); i++) {
            GroupCheck group = new GroupCheck(checked, i);
            group.readInodes();
            groups.add(group);
        }
        TreeCheck tree = new TreeCheck(checked);
        long directories = 0;
        for (var inode : checked.inodes.entrySet()) {
            List<Extent> extents = new InodeCheck(checked, inode.getKey(), inode.getValue()).run();
            if (inode.getValue().type() == InodeFields.DIRECTORY) {
                tree.directory(inode.getKey(), extents);
                directories++;
            }
        }
        tree.compare();
        long unlinked = 0;
        for (GroupCheck group : groups) {
            group.compare();
            unlinked += group.unlinked();
        }
        if (checked.usedBlocks() > superblock.usableBlocks()) {
            checked.found("more blocks are in use than allowed: used=" + checked.usedBlocks() + ", usable="
                    + superblock.usableBlocks());
        }
        long files = checked.inodes.size() - directories;
        return new CheckReport(
                List.copyOf(checked.findings), needsReplay, directories, files, checked.usedBlocks(), unlinked);
    }
}

package io.blkspc.xfsish.check;

import io.blkspc.xfsish.format.DirectoryBlock;
import io.blkspc.xfsish.format.Extent;
import io.blkspc.xfsish.format.InodeFields;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Names: what every directory says, how many names each inode has, and whether all of it hangs on the root. */
final class TreeCheck {

    private final Checked checked;
    private final Map<Long, Integer> names = new HashMap<>();
    private final Map<Long, List<Long>> subdirectories = new HashMap<>();

    TreeCheck(Checked checked) {
        this.checked = checked;
    }

    void directory(long number, List<Extent> extents) {
        Set<String> seen = new HashSet<>();
        subdirectories.put(number, new ArrayList<>());
        for (Extent extent : extents) {
            for (int i = 0; i < extent.count(); i++) {
                long block = extent.block() + i;
                if (block < checked.superblock.blockCount()) {
                    checked.attempt(() -> entries(number, block, seen));
                }
            }
        }
    }

    private void entries(long number, long block, Set<String> seen) {
        MemorySegment bytes = checked.block(block);
        DirectoryBlock.verify(bytes, block, checked.superblock.uuid(), number);
        DirectoryBlock.visit(bytes, (inode, type, name) -> {
            entry(number, inode, type, new String(name, StandardCharsets.ISO_8859_1), seen);
            return true;
        });
    }

    private void entry(long number, long inode, int type, String name, Set<String> seen) {
        String where = "directory " + number + " name=" + name;
        if (!seen.add(name)) {
            checked.found(where + " is there twice");
        }
        InodeFields fields = checked.inodes.get(inode);
        if (fields == null) {
            checked.found(where + " means no inode: number=" + inode);
            return;
        }
        if (fields.type() != type) {
            checked.found(where + " says another type: inode=" + inode);
        }
        names.merge(inode, 1, Integer::sum);
        if (fields.type() == InodeFields.DIRECTORY) {
            subdirectories.get(number).add(inode);
            if (fields.parent != number) {
                checked.found(where + ": that directory says its parent is inode=" + fields.parent);
            }
        }
    }

    /** After all directories: link counts, and reachability. */
    void compare() {
        long root = checked.superblock.rootInode();
        InodeFields rootFields = checked.inodes.get(root);
        if (rootFields == null || rootFields.type() != InodeFields.DIRECTORY || rootFields.parent != root) {
            checked.found("root is no directory, or not its own parent: inode=" + root);
            return;
        }
        checked.inodes.forEach((number, fields) -> {
            int found = names.getOrDefault(number, 0);
            boolean isDirectory = fields.type() == InodeFields.DIRECTORY;
            int links = isDirectory ? 2 + subdirectories.get(number).size() : found;
            int expectedNames = number == root || fields.links == 0 ? 0 : 1;
            if (isDirectory && found != expectedNames) {
                checked.found("directory has not one name: inode=" + number + ", names=" + found);
            }
            if (fields.links != links && !(isDirectory && fields.links == 0 && links == 2)) {
                checked.found("link count is wrong: inode=" + number + ", says=" + fields.links + ", found=" + links);
            }
        });
        Set<Long> reached = reach(root);
        subdirectories.keySet().forEach(number -> {
            if (!reached.contains(number) && checked.inodes.get(number).links != 0) {
                checked.found("directory does not hang on the root: inode=" + number);
            }
        });
    }

    private Set<Long> reach(long root) {
        Set<Long> reached = new HashSet<>(Set.of(root));
        Deque<Long> open = new ArrayDeque<>(reached);
        while (!open.isEmpty()) {
            for (long below : subdirectories.getOrDefault(open.remove(), List.of())) {
                if (reached.add(below)) {
                    open.add(below);
                }
            }
        }
        return reached;
    }
}

package io.blkspc.xfsish.file;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.xfsish.file.FileSystemException.Reason;
import io.blkspc.xfsish.file.Names.Place;
import io.blkspc.xfsish.format.InodeFields;
import io.blkspc.xfsish.format.InodeRecord;
import io.blkspc.xfsish.format.InodeRecord.ForkFormat;
import io.blkspc.xfsish.inode.Directories.Entry;
import io.blkspc.xfsish.inode.Inode;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Making, linking, moving and removing names. Each is one transaction: after a crash it happened or it did not. Guarded by
 * the lock of the file system.
 */
final class Namespace {

    /** A directory block, its leaves, an inode block: the most that names can take. */
    private static final int TAKEN = 8;

    private final Mounted mounted;
    private final FileData data;
    /** Without a name, not removed yet: somebody holds it, the pool was too full even for that, or a crash came between. */
    private final Set<Long> unlinked = new LinkedHashSet<>();
    /** How often each inode is held: it stays as long, also without a name. */
    private final Map<Long, Long> holds = new HashMap<>();

    Namespace(Mounted mounted, FileData data) {
        this.mounted = mounted;
        this.data = data;
    }

    private Need adding() {
        return mounted.delayed.need(Reservations.OPERATION, 0, TAKEN, false);
    }

    private Need removing() {
        return mounted.delayed.need(Reservations.OPERATION, 0, 0, true);
    }

    private void requireFree(Place place) {
        requireAlive(place.directory());
        if (mounted.directories.find(place.directory(), place.name()) != null) {
            throw new BlockSpaceException(Code.EXISTS, "file exists: name=" + text(place.name()));
        }
        requireRoom(place);
    }

    /** One that was removed and is still held takes no names. */
    private static void requireAlive(Inode directory) {
        if (directory.fields().links == 0) {
            throw new BlockSpaceException(Code.NOT_FOUND, "directory was removed: inode=" + directory.number());
        }
    }

    private void requireRoom(Place place) {
        Inode directory = place.directory();
        if (!directory.mayAdd(2)) {
            throw new FileSystemException(Reason.TOO_LARGE, "directory cannot grow: inode=" + directory.number());
        }
        mounted.directories.roomFor(directory, place.name());
    }

    private static String text(byte[] name) {
        return new String(name, StandardCharsets.UTF_8);
    }

    private void touch(Inode inode, boolean isModified) {
        long now = mounted.now();
        inode.fields().changed = now;
        inode.fields().modified = isModified ? now : inode.fields().modified;
    }

    Inode create(Place place, int mode, int uid, int gid, byte[] target) {
        requireFree(place);
        InodeFields fields = new InodeFields();
        fields.mode = mode;
        fields.uid = uid;
        fields.gid = gid;
        boolean isDirectory = fields.type() == InodeFields.DIRECTORY;
        fields.links = isDirectory ? 2 : 1;
        fields.parent = isDirectory ? place.directory().number() : 0;
        if (target != null) {
            fields.target = target.clone();
            fields.format = ForkFormat.TARGET;
            fields.size = fields.target.length;
            if (fields.target.length == 0 || fields.target.length > InodeRecord.AREA_BYTES) {
                throw new FileSystemException(
                        Reason.NAME_TOO_LONG,
                        "target of a symbolic link is 1 to " + InodeRecord.AREA_BYTES + " bytes: bytes="
                                + fields.target.length);
            }
        }
        fields.accessed = mounted.now();
        fields.modified = fields.accessed;
        fields.changed = fields.accessed;
        int group = isDirectory
                ? mounted.groups.emptiest()
                : mounted.groups.groupOf(InodeRecord.block(place.directory().number()));
        return mounted.change(this::adding, () -> {
            Inode inode = mounted.inodes.create(group, fields);
            mounted.directories.add(place.directory(), place.name(), inode.number(), fields.type());
            place.directory().fields().links += isDirectory ? 1 : 0;
            touch(place.directory(), true);
            mounted.inodes.store(place.directory());
            return inode;
        });
    }

    void link(Inode inode, Place place) {
        if (inode.isDirectory()) {
            throw new FileSystemException(Reason.IS_A_DIRECTORY, "a directory has one name: inode=" + inode.number());
        }
        requireFree(place);
        if (inode.fields().links == 0) {
            throw new BlockSpaceException(Code.NOT_FOUND, "file was removed: inode=" + inode.number());
        }
        mounted.change(this::adding, () -> {
            mounted.directories.add(
                    place.directory(),
                    place.name(),
                    inode.number(),
                    inode.fields().type());
            touch(place.directory(), true);
            mounted.inodes.store(place.directory());
            inode.fields().links++;
            touch(inode, false);
            mounted.inodes.store(inode);
            return null;
        });
    }

    void remove(Place place, boolean wantsDirectory) {
        Inode inode = mounted.inodes.get(require(place).inode());
        requireRemovable(inode, place, wantsDirectory);
        mounted.change(this::removing, () -> {
            mounted.directories.replace(place.directory(), place.name(), 0, 0);
            dropName(inode, place.directory());
            touch(place.directory(), true);
            mounted.inodes.store(place.directory());
            return null;
        });
        removeUnlinked();
    }

    private void requireRemovable(Inode inode, Place place, boolean wantsDirectory) {
        if (wantsDirectory) {
            Names.requireDirectory(inode, text(place.name()));
            if (!mounted.directories.isEmpty(inode)) {
                throw new FileSystemException(Reason.NOT_EMPTY, "directory is not empty: name=" + text(place.name()));
            }
        } else if (inode.isDirectory()) {
            throw new FileSystemException(Reason.IS_A_DIRECTORY, "is a directory: name=" + text(place.name()));
        }
    }

    /** One name less; without any the inode waits to be removed. The caller stores the directory. */
    private void dropName(Inode inode, Inode directory) {
        if (inode.isDirectory()) {
            inode.fields().links = 0;
            directory.fields().links--;
        } else {
            inode.fields().links--;
        }
        touch(inode, false);
        if (inode.fields().links == 0) {
            mounted.inodes.countUnlinked(inode, 1);
            unlinked.add(inode.number());
        }
        mounted.inodes.store(inode);
    }

    /** Moves a name; what has the new one is replaced, or with {@code keepsTarget} refused. */
    void rename(Place from, Place to, boolean keepsTarget) {
        Entry entry = require(from);
        requireAlive(to.directory());
        Inode moved = mounted.inodes.get(entry.inode());
        Entry target = mounted.directories.find(to.directory(), to.name());
        if (target != null && keepsTarget) {
            throw new BlockSpaceException(Code.EXISTS, "file exists: name=" + text(to.name()));
        }
        if (target != null && target.inode() == moved.number()) {
            return; // two names of one file stay, as POSIX has it
        }
        if (moved.isDirectory()) {
            requireNotBelow(to.directory(), moved);
        }
        Inode replaced = target == null ? null : mounted.inodes.get(target.inode());
        if (replaced != null) {
            requireRemovable(replaced, to, moved.isDirectory());
        } else {
            requireRoom(to);
        }
        mounted.change(this::adding, () -> {
            mounted.directories.replace(from.directory(), from.name(), 0, 0);
            int type = moved.fields().type();
            if (replaced != null) {
                mounted.directories.replace(to.directory(), to.name(), moved.number(), type);
                dropName(replaced, to.directory());
            } else {
                mounted.directories.add(to.directory(), to.name(), moved.number(), type);
            }
            moveTo(moved, from.directory(), to.directory());
            storeMoved(List.of(moved), from, to);
            return null;
        });
        removeUnlinked();
    }

    /** Lets two names mean each other's file. */
    void exchange(Place one, Place other) {
        Inode first = mounted.inodes.get(require(one).inode());
        Inode second = mounted.inodes.get(require(other).inode());
        if (first.number() == second.number()) {
            return;
        }
        if (first.isDirectory()) {
            requireNotBelow(other.directory(), first);
        }
        if (second.isDirectory()) {
            requireNotBelow(one.directory(), second);
        }
        mounted.change(this::adding, () -> {
            mounted.directories.replace(
                    one.directory(),
                    one.name(),
                    second.number(),
                    second.fields().type());
            mounted.directories.replace(
                    other.directory(),
                    other.name(),
                    first.number(),
                    first.fields().type());
            moveTo(first, one.directory(), other.directory());
            moveTo(second, other.directory(), one.directory());
            storeMoved(List.of(first, second), one, other);
            return null;
        });
    }

    private Entry require(Place place) {
        Entry entry = mounted.directories.find(place.directory(), place.name());
        if (entry == null) {
            throw Mounted.notFound(text(place.name()));
        }
        return entry;
    }

    private static void moveTo(Inode moved, Inode from, Inode to) {
        if (moved.isDirectory()) {
            from.fields().links--;
            to.fields().links++;
            moved.fields().parent = to.number();
        }
    }

    private void storeMoved(List<Inode> moved, Place from, Place to) {
        for (Inode inode : moved) {
            touch(inode, false);
            mounted.inodes.store(inode);
        }
        touch(from.directory(), true);
        touch(to.directory(), true);
        mounted.inodes.store(from.directory());
        mounted.inodes.store(to.directory());
    }

    private void requireNotBelow(Inode directory, Inode moved) {
        long root = mounted.metadata.superblock().rootInode();
        for (Inode at = directory; ; at = mounted.inodes.get(at.fields().parent)) {
            if (at.number() == moved.number()) {
                throw new FileSystemException(
                        Reason.INVALID, "a directory cannot move below itself: inode=" + moved.number());
            }
            if (at.number() == root) {
                return;
            }
        }
    }

    /** After a crash: finds the inodes whose removal was not finished. */
    void findUnlinked() {
        unlinked.addAll(mounted.inodes.unlinked());
    }

    /** The inode stays from now on, once for each call, also when its last name is removed. */
    void hold(long inode) {
        holds.merge(inode, 1L, Long::sum);
    }

    /** Ends holds; an inode that is not held and has no name is removed now. */
    void letGo(long inode, long count) {
        holds.computeIfPresent(inode, (_, held) -> held > count ? held - count : null);
        if (unlinked.contains(inode) && !holds.containsKey(inode)) {
            removeUnlinked();
        }
    }

    /** As {@link #letGo} of everything. */
    void letAllGo() {
        holds.clear();
        removeUnlinked();
    }

    /** Removes inodes that have no name and that nobody holds, as far as there is space for it; the rest stays for later. */
    void removeUnlinked() {
        try {
            for (long number : List.copyOf(unlinked)) {
                if (!holds.containsKey(number)) {
                    remove(mounted.inodes.get(number));
                    unlinked.remove(number);
                }
            }
        } catch (BlockSpaceException e) {
            boolean isLater = e.code() == Code.OUT_OF_SPACE || Checkpoints.mayPass(e);
            if (!isLater || mounted.subvolume.isShutDown()) {
                throw e;
            }
        }
    }

    private void remove(Inode inode) {
        boolean hasBlocks = inode.fields().format != ForkFormat.TARGET; // a link without its target would be damaged
        while (hasBlocks && !data.shrinkStep(inode, 0)) {}
        mounted.change(this::removing, () -> {
            if (inode.fields().attributes != 0) {
                mounted.groups.free(inode.fields().attributes, 1, true);
            }
            mounted.inodes.countUnlinked(inode, -1);
            mounted.inodes.remove(inode);
            return null;
        });
    }
}

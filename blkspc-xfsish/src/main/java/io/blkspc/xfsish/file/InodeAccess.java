package io.blkspc.xfsish.file;

import io.blkspc.api.Geometry;
import io.blkspc.xfsish.file.FileSystemException.Reason;
import io.blkspc.xfsish.file.Names.Place;
import io.blkspc.xfsish.format.Extent;
import io.blkspc.xfsish.format.InodeFields;
import io.blkspc.xfsish.inode.Directories.Entry;
import io.blkspc.xfsish.inode.Inode;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The files of a mounted {@link FileSystem} by number of their inode, and names as raw bytes: what a kernel that mounted it
 * asks for. What {@link #lookUp} and the makers of files return is <i>held</i> once more: it stays, also without a name, until
 * {@link #letGo}, an unmount or a crash; the next mount then removes it. Threads, space, crashes and errors are those of {@link
 * FileSystem}; besides, {@code NOT_FOUND} for the number of no inode.
 */
public final class InodeAccess {

    private static final int SET_USER = 04000;
    private static final int SET_GROUP = 02000;
    private static final int GROUP_EXECUTE = 010;

    private final FileSystem files;
    private final Mounted mounted;
    private final Names names;
    private final FileData data;
    private final Namespace namespace;
    private final Attributes attributes;

    InodeAccess(FileSystem files, Mounted mounted, FileData data, Namespace namespace, Attributes attributes) {
        this.files = files;
        this.mounted = mounted;
        this.names = new Names(mounted);
        this.data = data;
        this.namespace = namespace;
        this.attributes = attributes;
    }

    /**
     * Who makes a file, and with what.
     *
     * @param permissions the lower 12 bits of a mode
     * @param uid owner
     * @param gid group, unless the directory has the set-group-ID bit: then that of the directory
     */
    public record Maker(int permissions, int uid, int gid) {}

    /**
     * What of an inode is to change; {@code null} leaves it as it is.
     *
     * @param permissions the lower 12 bits of a mode
     * @param uid owner
     * @param gid group
     * @param accessed nanoseconds since 1970-01-01 UTC
     * @param modified likewise
     */
    public record Change(Integer permissions, Integer uid, Integer gid, Long accessed, Long modified) {}

    /** How {@link #rename} meets a file that has the new name. */
    public enum Renaming {
        /** It is replaced. */
        REPLACES,
        /** It is left, and the call fails with {@code EXISTS}. */
        KEEPS,
        /** It gets the old name. */
        EXCHANGES
    }

    /** How {@link #setAttribute} meets an attribute of that name. */
    public enum Setting {
        /** It may be there or not. */
        ANY,
        /** It must not be there: {@code EXISTS}. */
        CREATES,
        /** It must be there: {@link Reason#NO_ATTRIBUTE}. */
        REPLACES
    }

    private FileStatus held(Inode inode) {
        namespace.hold(inode.number());
        return FileSystem.statusOf(inode);
    }

    private Inode inode(long number) {
        return mounted.inodes.get(number);
    }

    private Inode file(long number) {
        return FileSystem.requireFile(inode(number));
    }

    private Inode directory(long number) {
        Inode inode = inode(number);
        Names.requireDirectory(inode, "inode=" + number);
        return inode;
    }

    // ---- names

    /** Number of the root directory. */
    public long root() {
        return files.reading(() -> mounted.metadata.superblock().rootInode());
    }

    /** What a name means; held. */
    public FileStatus lookUp(long directory, byte[] name) {
        return files.reading(() -> {
            Place place = names.place(directory, name);
            Entry entry = mounted.directories.find(place.directory(), place.name());
            if (entry == null) {
                throw Mounted.notFound("directory=" + directory);
            }
            return held(inode(entry.inode()));
        });
    }

    /** Ends {@code count} holds of an inode; without any, and without a name, it is removed. */
    public void letGo(long inode, long count) {
        files.change(() -> namespace.letGo(inode, count));
    }

    /** Facts. */
    public FileStatus status(long inode) {
        return files.reading(() -> FileSystem.statusOf(inode(inode)));
    }

    /** Names in a directory without {@code .} and {@code ..}, in no order: those of this moment. */
    public List<Entry> list(long directory) {
        return files.reading(() -> mounted.directories.list(directory(directory)));
    }

    /** Number of the directory above; of the root its own. */
    public long parent(long directory) {
        return files.reading(() -> directory(directory).fields().parent);
    }

    /** Target of a symbolic link. */
    public byte[] readLink(long inode) {
        return files.reading(() -> {
            InodeFields fields = inode(inode).fields();
            if (fields.type() != InodeFields.SYMLINK) {
                throw new FileSystemException(Reason.INVALID, "not a symbolic link: inode=" + inode);
            }
            return fields.target.clone();
        });
    }

    /** Makes an empty file; held. */
    public FileStatus create(long directory, byte[] name, Maker maker) {
        return make(directory, name, InodeFields.FILE, maker, null);
    }

    /** Makes an empty directory; held. It takes the set-group-ID bit after the one it is in. */
    public FileStatus mkdir(long directory, byte[] name, Maker maker) {
        return make(directory, name, InodeFields.DIRECTORY, maker, null);
    }

    /** Makes a symbolic link; held. */
    public FileStatus symlink(byte[] target, long directory, byte[] name, Maker maker) {
        return make(directory, name, InodeFields.SYMLINK, maker, target);
    }

    private FileStatus make(long directory, byte[] name, int type, Maker maker, byte[] target) {
        return files.changing(() -> {
            Place place = names.place(directory, name);
            InodeFields above = place.directory().fields();
            boolean inherits = (above.mode & SET_GROUP) != 0;
            int mode = type | (maker.permissions & 07777) | (inherits && type == InodeFields.DIRECTORY ? SET_GROUP : 0);
            return held(namespace.create(place, mode, maker.uid, inherits ? above.gid : maker.gid, target));
        });
    }

    /** Gives a file another name; held. */
    public FileStatus link(long inode, long directory, byte[] name) {
        return files.changing(() -> {
            namespace.link(inode(inode), names.place(directory, name));
            return held(inode(inode));
        });
    }

    /** Removes a name of a file that is no directory. */
    public void unlink(long directory, byte[] name) {
        files.change(() -> namespace.remove(names.place(directory, name), false));
    }

    /** Removes an empty directory. */
    public void rmdir(long directory, byte[] name) {
        files.change(() -> namespace.remove(names.place(directory, name), true));
    }

    /** Moves a file or directory. */
    public void rename(long directory, byte[] name, long newDirectory, byte[] newName, Renaming how) {
        files.change(() -> {
            Place from = names.place(directory, name);
            Place to = names.place(newDirectory, newName);
            if (how == Renaming.EXCHANGES) {
                namespace.exchange(from, to);
            } else {
                namespace.rename(from, to, how == Renaming.KEEPS);
            }
        });
    }

    // ---- data

    /** Reads up to {@code length} bytes and returns how many there were. */
    public long read(long inode, long offset, MemorySegment target, long start, long length) {
        return files.reading(() -> data.read(file(inode), offset, target, start, length));
    }

    /**
     * As {@link FileSystem#write}.
     *
     * @param dropsPrivileges the writer may not keep the set-user-ID and set-group-ID bits of a program
     */
    @SuppressWarnings("checkstyle:ParameterNumber") // those of pwrite, and one
    public long write(long inode, long offset, MemorySegment source, long start, long length, boolean dropsPrivileges) {
        return files.changing(() -> {
            Inode file = file(inode);
            if (dropsPrivileges) {
                dropPrivileges(file);
            }
            return data.write(file, offset, source, start, length);
        });
    }

    /** Sets the size; {@code dropsPrivileges} as in {@link #write}. */
    public void truncate(long inode, long size, boolean dropsPrivileges) {
        files.change(() -> {
            Inode file = file(inode);
            if (dropsPrivileges) {
                dropPrivileges(file);
            }
            data.truncate(file, size);
        });
    }

    /** As {@link FileSystem#punch}. */
    public void punch(long inode, long offset, long length) {
        files.change(() -> data.punch(file(inode), offset, length));
    }

    /** As {@link FileSystem#allocate}. */
    public void allocate(long inode, long offset, long length, boolean keepSize) {
        files.change(() -> new Preallocation(mounted).allocate(file(inode), offset, length, keepSize));
    }

    /**
     * The first offset from {@code offset} on that is in data, or with {@code wantsHole} in a hole, as which the end of the file
     * counts. Preallocated blocks are holes. -1 when there is none, or the offset is not in the file.
     */
    public long seek(long inode, long offset, boolean wantsHole) {
        return files.reading(() -> {
            Inode file = file(inode);
            long size = file.fields().size;
            if (offset < 0 || offset >= size) {
                return -1L;
            }
            long block = offset / Geometry.BLOCK_BYTES;
            long found = wantsHole ? firstHole(file, block) : firstData(file, block);
            long at = found < 0 ? -1 : Math.max(offset, found * Geometry.BLOCK_BYTES);
            return wantsHole ? Math.min(at, size) : at < size ? at : -1L;
        });
    }

    private static long firstData(Inode file, long from) {
        Long delayed = file.delayed().ceilingKey(from);
        Extent extent = file.extentAtOrAfter(from);
        while (extent != null && extent.isUnwritten()) {
            extent = file.extentAtOrAfter(extent.end());
        }
        long written = extent == null ? Long.MAX_VALUE : Math.max(from, extent.fileBlock());
        long first = Math.min(written, delayed == null ? Long.MAX_VALUE : delayed);
        return first == Long.MAX_VALUE ? -1 : first;
    }

    private static long firstHole(Inode file, long from) {
        long at = from;
        while (true) {
            Extent extent = file.extentOf(at);
            if (extent != null && !extent.isUnwritten()) {
                at = extent.end();
            } else if (extent == null && file.delayedOf(at) != null) {
                at++;
            } else {
                return at;
            }
        }
    }

    // ---- attributes

    /** Changes owner, permissions and times; another owner or group ends the set-ID bits of a file, unless they are set anew. */
    public FileStatus update(long inode, Change change) {
        return files.changing(() -> {
            Inode changed = inode(inode);
            boolean isOwned = change.uid != null || change.gid != null;
            store(changed, fields -> {
                if (isOwned && change.permissions == null && fields.type() != InodeFields.DIRECTORY) {
                    fields.mode = withoutPrivileges(fields.mode);
                }
                fields.mode = change.permissions == null ? fields.mode : fields.type() | (change.permissions & 07777);
                fields.uid = change.uid == null ? fields.uid : change.uid;
                fields.gid = change.gid == null ? fields.gid : change.gid;
                fields.accessed = change.accessed == null ? fields.accessed : change.accessed;
                fields.modified = change.modified == null ? fields.modified : change.modified;
            });
            return FileSystem.statusOf(changed);
        });
    }

    private static int withoutPrivileges(int mode) {
        return mode & ~SET_USER & ~((mode & GROUP_EXECUTE) != 0 ? SET_GROUP : 0);
    }

    private void dropPrivileges(Inode file) {
        if (withoutPrivileges(file.fields().mode) != file.fields().mode) {
            store(file, fields -> fields.mode = withoutPrivileges(fields.mode));
        }
    }

    private void store(Inode inode, java.util.function.Consumer<InodeFields> edit) {
        mounted.change(() -> mounted.delayed.need(1, 0, 0, false), () -> {
            edit.accept(inode.fields());
            inode.fields().changed = mounted.now();
            mounted.inodes.store(inode);
            return null;
        });
    }

    /** Names of the extended attributes, in order. */
    public List<String> attributeNames(long inode) {
        return files.reading(() -> List.copyOf(attributes.all(inode(inode)).keySet()));
    }

    /** Value of an extended attribute. */
    public byte[] attribute(long inode, String name) {
        return files.reading(() -> attributes.require(inode(inode), name));
    }

    /** Sets an extended attribute. All of a file's fit into 4 KiB. */
    public void setAttribute(long inode, String name, byte[] value, Setting how) {
        files.change(() -> {
            Inode owner = inode(inode);
            if (how == Setting.REPLACES) {
                attributes.require(owner, name);
            } else if (how == Setting.CREATES) {
                attributes.requireNone(owner, name);
            }
            attributes.set(owner, name, value);
        });
    }

    /** Removes an extended attribute. */
    public void removeAttribute(long inode, String name) {
        files.change(() -> attributes.set(inode(inode), name, null));
    }
}

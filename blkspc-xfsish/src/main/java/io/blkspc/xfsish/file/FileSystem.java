package io.blkspc.xfsish.file;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.xfsish.Freeze;
import io.blkspc.xfsish.file.FileSystemException.Reason;
import io.blkspc.xfsish.format.InodeFields;
import io.blkspc.xfsish.format.Superblock;
import io.blkspc.xfsish.inode.Directories;
import io.blkspc.xfsish.inode.Directories.Entry;
import io.blkspc.xfsish.inode.Inode;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * A mounted file system in a space. Paths are absolute, names UTF-8; a symbolic link at the end of a path is not followed.
 * Permissions are kept, not enforced. Any thread may call anything; one at a time gets its way.
 *
 * <p><b>Space</b> runs out when an operation begins or not at all: once it returned, no later write-back can fail for
 * space. <b>Crash</b>: after one, names and sizes are those of one moment between operations, at or after the last {@link
 * #sync} that returned; bytes overwritten since then are the old or the new, sector by
 * sector, and bytes cut off since then the old or zeros.
 *
 * <p>Errors: {@link FileSystemException}; {@link BlockSpaceException} with {@code NOT_FOUND}, {@code EXISTS}, {@code
 * OUT_OF_SPACE} (nothing changed), {@code OUT_OF_BACKING} (nor then; it goes on when there is room), {@code IO}, {@code CORRUPT},
 * {@code FAILED}, {@code CLOSED} after the first failure inside a change, or {@link #close}.
 */
public final class FileSystem implements AutoCloseable {

    private final BlockSpace space;
    private final Mounted mounted;
    private final Names names;
    private final FileData data;
    private final Namespace namespace;
    private final Attributes attributes;
    private final InodeAccess inodes;
    private final boolean wasReplayed;
    private final long mountedSequence;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition thawed = lock.newCondition();
    private Freeze freeze;
    private boolean closed;

    private FileSystem(BlockSpace space, Mount.Result mount) {
        this.space = space;
        this.mounted = mount.mounted();
        this.wasReplayed = mount.wasReplayed();
        this.mountedSequence = mount.sequence();
        this.names = new Names(mounted);
        this.data = new FileData(mounted);
        this.namespace = new Namespace(mounted, data);
        this.attributes = new Attributes(mounted);
        this.inodes = new InodeAccess(this, mounted, data, namespace, attributes);
    }

    /**
     * Mounts the file system of a writable space, which stays the caller's to close. Replays the log if need be.
     *
     * @throws BlockSpaceException {@code NOT_FOUND} when there is none; {@code CORRUPT}; {@code TOO_NEW}; {@code READ_ONLY};
     *     {@code OUT_OF_SPACE} when the replay found no space: nothing changed
     */
    public static FileSystem mount(BlockSpace space, FileSystemOptions options) {
        FileSystem mounted = new FileSystem(space, Mount.run(space, options));
        boolean done = false;
        try {
            mounted.change(() -> {
                mounted.namespace.findUnlinked(); // a crash left them, or a pool without space even for a removal
                mounted.namespace.removeUnlinked();
            });
            done = true;
            return mounted;
        } finally {
            if (!done) {
                mounted.shutDown();
            }
        }
    }

    /** {@code true} when the last user did not unmount, so that the log was replayed. */
    public boolean wasReplayed() {
        return wasReplayed;
    }

    /** Sequence of the newest record that the mount found. */
    public long mountedSequence() {
        return mountedSequence;
    }

    <T> T reading(Supplier<T> body) {
        lock.lock();
        try {
            requireOpen();
            return body.get();
        } finally {
            lock.unlock();
        }
    }

    <T> T changing(Supplier<T> body) {
        lock.lock();
        try {
            while (freeze != null && !closed) {
                thawed.awaitUninterruptibly();
            }
            requireOpen();
            return body.get();
        } finally {
            lock.unlock();
        }
    }

    /** The same files by number of their inode, as a kernel asks for them. */
    public InodeAccess inodes() {
        return inodes;
    }

    private void requireOpen() {
        if (closed) {
            throw new BlockSpaceException(Code.CLOSED, "file system is not mounted: name=" + space.name());
        }
    }

    // ---- names

    /** Facts of a file. */
    public FileStatus status(String path) {
        return reading(() -> statusOf(names.resolve(path, false)));
    }

    static FileStatus statusOf(Inode inode) {
        InodeFields fields = inode.fields();
        return new FileStatus(
                inode.number(),
                fields.generation,
                fields.mode,
                fields.uid,
                fields.gid,
                fields.links,
                fields.size,
                fields.blocks + inode.delayed().size(),
                fields.accessed,
                fields.modified,
                fields.changed);
    }

    /** Facts of what a path means when a symbolic link at its end is followed. */
    public FileStatus followedStatus(String path) {
        return reading(() -> statusOf(names.resolve(path, true)));
    }

    /** Names in a directory, in no order. */
    public List<String> list(String path) {
        return reading(() -> {
            Inode directory = names.resolve(path, true);
            Names.requireDirectory(directory, path);
            return mounted.directories.list(directory).stream()
                    .map(Entry::name)
                    .map(name -> new String(name, StandardCharsets.UTF_8))
                    .toList();
        });
    }

    /** Target of a symbolic link. */
    public String readLink(String path) {
        return reading(() -> {
            InodeFields fields = names.resolve(path, false).fields();
            if (fields.type() != InodeFields.SYMLINK) {
                throw new FileSystemException(Reason.INVALID, "not a symbolic link: " + path);
            }
            return new String(fields.target, StandardCharsets.UTF_8);
        });
    }

    /** Makes an empty file. */
    public FileStatus create(String path, int permissions) {
        return make(path, InodeFields.FILE | (permissions & 07777), null);
    }

    /** Makes an empty directory. */
    public FileStatus mkdir(String path, int permissions) {
        return make(path, InodeFields.DIRECTORY | (permissions & 07777), null);
    }

    /** Makes a symbolic link to any text. */
    public FileStatus symlink(String target, String path) {
        return make(path, InodeFields.SYMLINK | 0777, target);
    }

    private FileStatus make(String path, int mode, String target) {
        return changing(() -> statusOf(namespace.create(
                names.place(path), mode, 0, 0, target == null ? null : target.getBytes(StandardCharsets.UTF_8))));
    }

    /** Gives a file that is no directory another name. */
    public void link(String path, String newPath) {
        change(() -> namespace.link(names.resolve(path, false), names.place(newPath)));
    }

    /** Removes a name of a file that is no directory; with the last one its blocks. */
    public void unlink(String path) {
        change(() -> namespace.remove(names.place(path), false));
    }

    /** Removes an empty directory. */
    public void rmdir(String path) {
        change(() -> namespace.remove(names.place(path), true));
    }

    /** Moves a file or directory; what had the new name is replaced, if it could be removed. */
    public void rename(String path, String newPath) {
        change(() -> namespace.rename(names.place(path), names.place(newPath), false));
    }

    void change(Runnable body) {
        changing(() -> {
            body.run();
            return null;
        });
    }

    // ---- data

    private Inode file(String path) {
        return requireFile(names.resolve(path, true));
    }

    static Inode requireFile(Inode inode) {
        if (inode.fields().type() != InodeFields.FILE) {
            throw new FileSystemException(
                    inode.isDirectory() ? Reason.IS_A_DIRECTORY : Reason.INVALID,
                    "not a file: inode=" + inode.number());
        }
        return inode;
    }

    /** Reads up to {@code length} bytes and returns how many there were. */
    public long read(String path, long offset, MemorySegment target, long start, long length) {
        return reading(() -> data.read(file(path), offset, target, start, length));
    }

    /**
     * Writes, and returns how many bytes: fewer than asked when space ran out on the way.
     *
     * @throws BlockSpaceException {@code OUT_OF_SPACE} when not even the first of them found space
     */
    public long write(String path, long offset, MemorySegment source, long start, long length) {
        return changing(() -> data.write(file(path), offset, source, start, length));
    }

    /** Sets the size. */
    public void truncate(String path, long size) {
        change(() -> data.truncate(file(path), size));
    }

    /** Makes a range zeros and gives its whole blocks back; the size stays. */
    public void punch(String path, long offset, long length) {
        change(() -> data.punch(file(path), offset, length));
    }

    /** Gives the holes of a range blocks, so that writing there needs none later; the bytes stay zeros. */
    public void allocate(String path, long offset, long length, boolean keepSize) {
        change(() -> new Preallocation(mounted).allocate(file(path), offset, length, keepSize));
    }

    // ---- attributes

    /** Sets the permission bits. */
    public void chmod(String path, int permissions) {
        edit(path, fields -> fields.mode = fields.type() | (permissions & 07777));
    }

    /** Sets owner and group. */
    public void chown(String path, int uid, int gid) {
        edit(path, fields -> {
            fields.uid = uid;
            fields.gid = gid;
        });
    }

    /** Sets the times of access and modification, in nanoseconds since 1970-01-01 UTC. */
    public void setTimes(String path, long accessed, long modified) {
        edit(path, fields -> {
            fields.accessed = accessed;
            fields.modified = modified;
        });
    }

    private void edit(String path, java.util.function.Consumer<InodeFields> edit) {
        change(() -> {
            Inode inode = names.resolve(path, false);
            mounted.change(() -> mounted.delayed.need(1, 0, 0, false), () -> {
                edit.accept(inode.fields());
                inode.fields().changed = mounted.now();
                mounted.inodes.store(inode);
                return null;
            });
        });
    }

    /** Names of the extended attributes, in order. */
    public List<String> attributeNames(String path) {
        return reading(
                () -> List.copyOf(attributes.all(names.resolve(path, false)).keySet()));
    }

    /** Value of an extended attribute. */
    public byte[] attribute(String path, String name) {
        return reading(() -> attributes.require(names.resolve(path, false), name));
    }

    /** Sets an extended attribute; null removes it. All of a file's fit into 4 KiB. */
    public void setAttribute(String path, String name, byte[] value) {
        change(() -> attributes.set(names.resolve(path, false), name, value));
    }

    // ---- the whole

    /**
     * On return everything done before survives power loss: one record for all of it, so it is also what an fsync of one
     * file does.
     *
     * @throws BlockSpaceException {@code OUT_OF_BACKING}, {@code IO}, {@code BUSY} when something could not be written, be it data,
     *     a record of the log or metadata in place: nothing is lost, a later call goes on with it, and where it was more than data,
     *     changes are refused with the same code until it is done; {@code FAILED}, {@code CLOSED}. Never {@code OUT_OF_SPACE}
     */
    public void sync() {
        change(() -> mounted.checkpoints.run(false));
    }

    /** As {@link #sync}; metadata goes in place as well, and all freed space goes back. */
    public void checkpoint() {
        change(() -> mounted.checkpoints.run(true));
    }

    /** Sequence of the newest record of the log: a number for the moment of the last sync. */
    public long sequence() {
        return reading(mounted.checkpoints::sequence);
    }

    /**
     * Sets the limit of blocks in use: growing and shrinking are accounting, whatever the size of the address space. Durable on
     * return.
     *
     * @param blocks from what is used now to all there are
     * @throws BlockSpaceException {@code OUT_OF_SPACE} when more is used, or the pool has no room for the change; {@link
     *     FileSystemException} when there are fewer blocks; nothing changed then
     */
    public void setUsable(long blocks) {
        change(() -> {
            mounted.checkpoints.run(true); // gives back what was freed
            Superblock superblock = mounted.metadata.superblock();
            long used = superblock.blockCount() - mounted.groups.freeBlocks();
            if (blocks > superblock.blockCount()) {
                throw new FileSystemException(
                        Reason.INVALID,
                        "limit is above the size of the file system: usable=" + Geometry.toBytes(blocks) + ", size="
                                + Geometry.toBytes(superblock.blockCount()));
            }
            if (blocks < used) {
                throw new BlockSpaceException(
                        Code.OUT_OF_SPACE,
                        "limit is below what is used: usable=" + Geometry.toBytes(blocks) + ", used="
                                + Geometry.toBytes(used));
            }
            mounted.change(() -> mounted.delayed.need(1, 0, 0, false), () -> {
                mounted.metadata.superblock(superblock.withUsableBlocks(blocks));
                return null;
            });
            mounted.checkpoints.run(false);
        });
    }

    /** What names have cost since the mount. */
    Directories.Work nameWork() {
        return reading(mounted.directories::work);
    }

    /** What there is, what is used, and what the host would grant now. */
    public SpaceStatus space() {
        return reading(() -> {
            Superblock superblock = mounted.metadata.superblock();
            long free = Math.max(0, mounted.groups.availableBlocks() - mounted.delayed.taken());
            return new SpaceStatus(
                    superblock.blockCount(),
                    superblock.usableBlocks(),
                    free,
                    new Granted(space, mounted).blocks(free),
                    mounted.groups.usedInodes());
        });
    }

    /**
     * Brings the file system to a moment between operations, with everything in place, for a snapshot or clone: it mounts
     * without a replay. Changes wait until {@link #thaw}.
     */
    public void freeze() {
        change(() -> {
            mounted.checkpoints.run(true);
            freeze = mounted.subvolume.freeze();
        });
    }

    /** Lets changes go on. */
    public void thaw() {
        lock.lock();
        try {
            if (freeze != null) {
                freeze.close();
                freeze = null;
                thawed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Ends at once and loses what no sync covered: reservations are cancelled and given back. Idempotent. */
    public void shutDown() {
        lock.lock();
        try {
            closed = true;
            thawed.signalAll();
            mounted.reservations.close();
            mounted.subvolume.shutDown();
            mounted.directories.forgetAll();
        } finally {
            lock.unlock();
        }
    }

    /** Unmounts: everything is durable and in place. When that fails it is shut down all the same. Idempotent. */
    @Override
    public void close() {
        lock.lock();
        try {
            if (!closed) {
                thaw();
                namespace.letAllGo();
                mounted.checkpoints.run(true);
            }
        } finally {
            shutDown();
            lock.unlock();
        }
    }
}

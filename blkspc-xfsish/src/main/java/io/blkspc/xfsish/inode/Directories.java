package io.blkspc.xfsish.inode;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CorruptSpaceException;
import io.blkspc.api.Geometry;
import io.blkspc.xfsish.format.DirectoryBlock;
import io.blkspc.xfsish.format.Extent;
import io.blkspc.xfsish.group.Groups;
import io.blkspc.xfsish.group.Run;
import io.blkspc.xfsish.metadata.Metadata;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Names in directories. A directory has its blocks from 0 to its size, without holes. A large one gets an index in memory
 * ({@link DirectoryIndex}) when a name is looked up; with it or without it every change is the same on disk. Guarded by the
 * lock of the file system.
 *
 * <pre>
 *  an index        when
 *  is built        at the first search in a directory of {@link IndexLimits#fromBlocks} blocks or more
 *  is changed      by {@link #add} and {@link #replace}, which every change of names is made of
 *  is dropped      when its inode is removed or leaves memory; when memory for indexes runs out
 *  all are         after a failure inside a change, which ends the subvolume: there is no before-image of an index either
 * </pre>
 */
public final class Directories {

    private final Metadata metadata;
    private final Groups groups;
    private final DirectoryIndexes indexes;
    private long viewed;

    /** The directories of a file system. */
    public Directories(Metadata metadata, Groups groups, IndexLimits limits) {
        this.metadata = metadata;
        this.groups = groups;
        this.indexes = new DirectoryIndexes(limits);
    }

    /**
     * One name.
     *
     * @param name bytes of the name
     * @param inode number it means
     * @param type of that inode
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared, never changed
    public record Entry(byte[] name, long inode, int type) {}

    /**
     * What names have cost since the mount.
     *
     * @param blocksViewed blocks of directories that were looked at
     * @param built indexes
     * @param dropped indexes
     * @param kept indexes in memory now
     * @param keptBytes what these take of the heap
     */
    public record Work(long blocksViewed, long built, long dropped, int kept, long keptBytes) {}

    private record Found(long fileBlock, Entry entry) {}

    /** What names have cost so far. */
    public Work work() {
        return new Work(viewed, indexes.built(), indexes.dropped(), indexes.count(), indexes.bytes());
    }

    private MemorySegment view(Inode directory, long fileBlock) {
        Extent extent = directory.extentOf(fileBlock);
        if (extent == null) {
            throw new CorruptSpaceException(
                    Code.CORRUPT,
                    "directory",
                    fileBlock << Geometry.BLOCK_SHIFT,
                    "has a hole: inode=" + directory.number());
        }
        viewed++;
        long block = extent.blockOf(fileBlock);
        MemorySegment bytes = metadata.view(block);
        DirectoryBlock.verify(bytes, block, metadata.superblock().uuid(), directory.number());
        return bytes;
    }

    private static long blocks(Inode directory) {
        return directory.fields().size >>> Geometry.BLOCK_SHIFT;
    }

    /** The index of a directory, or null when it has none. */
    private DirectoryIndex index(Inode directory) {
        if (metadata.isShutDown()) {
            indexes.clear(); // what a change that failed left in them is not true
            return null;
        }
        DirectoryIndex index = indexes.get(directory.number());
        if (index != null && index.room().count() != blocks(directory)) {
            indexes.drop(directory.number()); // its blocks are being given back
            index = null;
        }
        if (index == null && indexes.isWanted(directory.number(), blocks(directory))) {
            index = build(directory);
        }
        return index;
    }

    /** Null as well when a block cannot be read: a walk finds the names in front of it all the same. */
    private DirectoryIndex build(Inode directory) {
        DirectoryIndex index = new DirectoryIndex(metadata.superblock().uuid().getLeastSignificantBits());
        try {
            for (int i = 0; i < blocks(directory); i++) {
                int block = i;
                MemorySegment bytes = view(directory, i);
                index.room().set(block, DirectoryBlock.room(bytes));
                DirectoryBlock.visit(bytes, (_, _, name) -> {
                    index.add(name, block);
                    return true;
                });
                if (!indexes.fits(index)) {
                    indexes.refuse(directory.number());
                    return null;
                }
            }
        } catch (BlockSpaceException damaged) {
            return null;
        }
        indexes.keep(directory.number(), index);
        return index;
    }

    private Found search(Inode directory, byte[] name) {
        DirectoryIndex index = index(directory);
        Found found = null;
        if (index == null) {
            for (long i = 0; i < blocks(directory) && found == null; i++) {
                found = searchBlock(directory, i, name);
            }
        } else {
            int hash = index.hash(name);
            for (int at = index.first(hash); at >= 0 && found == null; at = index.next(at, hash)) {
                found = searchBlock(directory, index.blockOf(at), name);
            }
        }
        return found;
    }

    private Found searchBlock(Inode directory, long fileBlock, byte[] name) {
        MemorySegment bytes = view(directory, fileBlock);
        int at = DirectoryBlock.find(bytes, name);
        return at < 0
                ? null
                : new Found(
                        fileBlock, new Entry(name, DirectoryBlock.inode(bytes, at), DirectoryBlock.type(bytes, at)));
    }

    /** What a name means, or null. */
    public Entry find(Inode directory, byte[] name) {
        Found found = search(directory, name);
        return found == null ? null : found.entry();
    }

    /** All names. */
    public List<Entry> list(Inode directory) {
        List<Entry> entries = new ArrayList<>();
        for (long i = 0; i < blocks(directory); i++) {
            DirectoryBlock.visit(view(directory, i), (inode, type, name) -> entries.add(new Entry(name, inode, type)));
        }
        return entries;
    }

    /** {@code true} when there is no name in it. */
    public boolean isEmpty(Inode directory) {
        for (long i = 0; i < blocks(directory); i++) {
            if (!DirectoryBlock.visit(view(directory, i), (inode, type, name) -> false)) {
                return false;
            }
        }
        return true;
    }

    /**
     * The first block with room for this name, looked at and found sound; -1 when adding it takes a block. Asked before a
     * change as well, because damage that is found inside one ends the file system.
     */
    public long roomFor(Inode directory, byte[] name) {
        int needed = DirectoryBlock.space(name.length);
        DirectoryIndex index = index(directory);
        if (index != null) {
            int block = index.room().first(needed);
            if (block >= 0) {
                view(directory, block);
            }
            return block;
        }
        for (long i = 0; i < blocks(directory); i++) {
            if (DirectoryBlock.room(view(directory, i)) >= needed) {
                return i;
            }
        }
        return -1;
    }

    /** Adds a name that is not there; the caller stores the directory. */
    public void add(Inode directory, byte[] name, long inode, int type) {
        long fileBlock = roomFor(directory, name);
        DirectoryIndex index = indexes.get(directory.number());
        MemorySegment block;
        if (fileBlock >= 0) {
            block = metadata.change(directory.extentOf(fileBlock).blockOf(fileBlock));
        } else {
            fileBlock = blocks(directory);
            block = addBlock(directory, fileBlock);
        }
        if (!DirectoryBlock.add(block, inode, type, name)) {
            throw new IllegalStateException("block has no room: inode=" + directory.number() + ", block=" + fileBlock);
        }
        if (index != null) {
            long before = index.bytes();
            index.add(name, (int) fileBlock);
            index.room().set((int) fileBlock, DirectoryBlock.room(block));
            indexes.grown(directory.number(), index, index.bytes() - before);
        }
    }

    private MemorySegment addBlock(Inode directory, long fileBlock) {
        Run run = groups.allocate(directory.goal(fileBlock), 1);
        MemorySegment block = metadata.create(run.block());
        DirectoryBlock.format(block, run.block(), metadata.superblock().uuid(), directory.number());
        directory.insert(new Extent(fileBlock, run.block(), 1, false));
        directory.fields().blocks++;
        directory.fields().size += Geometry.BLOCK_BYTES;
        return block;
    }

    /** Makes a name mean another inode, or removes it with inode 0; the caller stores the directory. */
    public void replace(Inode directory, byte[] name, long inode, int type) {
        Found found = search(directory, name);
        if (found == null) {
            throw new IllegalStateException("name is not there: directory=" + directory.number());
        }
        long fileBlock = found.fileBlock();
        MemorySegment block = metadata.change(directory.extentOf(fileBlock).blockOf(fileBlock));
        DirectoryBlock.replace(block, name, inode, type);
        DirectoryIndex index = indexes.get(directory.number());
        if (index != null && inode == 0) {
            index.remove(name, (int) fileBlock);
            index.room().set((int) fileBlock, DirectoryBlock.room(block));
        }
    }

    /** The inode of a directory was removed or left memory; any other number means nothing. */
    public void forget(long directory) {
        indexes.forget(directory);
    }

    /** Drops every index. */
    public void forgetAll() {
        indexes.clear();
    }
}

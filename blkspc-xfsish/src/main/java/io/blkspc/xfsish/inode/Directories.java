package io.blkspc.xfsish.inode;

import io.blkspc.api.Geometry;
import io.blkspc.xfsish.format.DirectoryBlock;
import io.blkspc.xfsish.format.Extent;
import io.blkspc.xfsish.group.Groups;
import io.blkspc.xfsish.group.Run;
import io.blkspc.xfsish.metadata.Metadata;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Names in directories. A directory has its blocks from 0 to its size, without holes. Guarded by the lock of the file system. */
public final class Directories {

    private final Metadata metadata;
    private final Groups groups;

    /** The directories of a file system. */
    public Directories(Metadata metadata, Groups groups) {
        this.metadata = metadata;
        this.groups = groups;
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

    private MemorySegment view(Inode directory, long fileBlock) {
        Extent extent = directory.extentOf(fileBlock);
        if (extent == null) {
            throw new io.blkspc.api.CorruptSpaceException(
                    io.blkspc.api.BlockSpaceException.Code.CORRUPT,
                    "directory",
                    fileBlock << Geometry.BLOCK_SHIFT,
                    "has a hole: inode=" + directory.number());
        }
        long block = extent.blockOf(fileBlock);
        MemorySegment bytes = metadata.view(block);
        DirectoryBlock.verify(bytes, block, metadata.superblock().uuid(), directory.number());
        return bytes;
    }

    private static long blocks(Inode directory) {
        return directory.fields().size >>> Geometry.BLOCK_SHIFT;
    }

    /** What a name means, or null. */
    public Entry find(Inode directory, byte[] name) {
        Entry[] found = new Entry[1];
        for (long i = 0; i < blocks(directory) && found[0] == null; i++) {
            DirectoryBlock.visit(view(directory, i), (inode, type, candidate) -> {
                if (Arrays.equals(candidate, name)) {
                    found[0] = new Entry(candidate, inode, type);
                }
                return found[0] == null;
            });
        }
        return found[0];
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

    /** {@code true} when adding this name takes a block. */
    public boolean needsBlock(Inode directory, byte[] name) {
        for (long i = 0; i < blocks(directory); i++) {
            if (DirectoryBlock.hasRoom(view(directory, i), name.length)) {
                return false;
            }
        }
        return true;
    }

    /** Adds a name that is not there; the caller stores the directory. */
    public void add(Inode directory, byte[] name, long inode, int type) {
        for (long i = 0; i < blocks(directory); i++) {
            if (DirectoryBlock.hasRoom(view(directory, i), name.length)) {
                DirectoryBlock.add(metadata.change(directory.extentOf(i).blockOf(i)), inode, type, name);
                return;
            }
        }
        long fileBlock = blocks(directory);
        Run run = groups.allocate(directory.goal(fileBlock), 1);
        MemorySegment block = metadata.create(run.block());
        DirectoryBlock.format(block, run.block(), metadata.superblock().uuid(), directory.number());
        DirectoryBlock.add(block, inode, type, name);
        directory.insert(new Extent(fileBlock, run.block(), 1, false));
        directory.fields().blocks++;
        directory.fields().size += Geometry.BLOCK_BYTES;
    }

    /** Makes a name mean another inode, or removes it with inode 0; the caller stores the directory. */
    public void replace(Inode directory, byte[] name, long inode, int type) {
        for (long i = 0; i < blocks(directory); i++) {
            boolean[] isHere = {false};
            DirectoryBlock.visit(view(directory, i), (_, _, candidate) -> {
                isHere[0] = Arrays.equals(candidate, name);
                return !isHere[0];
            });
            if (isHere[0]) {
                DirectoryBlock.replace(metadata.change(directory.extentOf(i).blockOf(i)), name, inode, type);
                return;
            }
        }
        throw new IllegalStateException("name is not there: directory=" + directory.number());
    }
}

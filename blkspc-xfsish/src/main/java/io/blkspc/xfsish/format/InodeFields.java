package io.blkspc.xfsish.format;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.blkspc.xfsish.format.InodeRecord.ForkFormat;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** The fields of an inode in memory, read from and written to an {@link InodeRecord}. Mutable, no thread rules of its own. */
public final class InodeFields {

    /** Type bits of a mode. */
    public static final int TYPE_MASK = 0xF000;

    /** Type of a directory. */
    public static final int DIRECTORY = 0x4000;

    /** Type of a regular file. */
    public static final int FILE = 0x8000;

    /** Type of a symlink. */
    public static final int SYMLINK = 0xA000;

    /** Address of a leaf and the first file block it may hold: 0 of the first leaf. */
    public record Leaf(long fileBlock, long block) {}

    public int generation;
    public int mode;
    public int uid;
    public int gid;
    public int links;
    public ForkFormat format = ForkFormat.EXTENTS;
    public long size;
    public long blocks;
    public long accessed;
    public long modified;
    public long changed;
    public long attributes;
    public long parent;
    /** Where {@link #format} is EXTENTS. */
    public List<Extent> extents = List.of();
    /** Where {@link #format} is LEAVES. */
    public List<Leaf> leaves = List.of();
    /** Where {@link #format} is TARGET. */
    public byte[] target = new byte[0];

    /** {@link #DIRECTORY}, {@link #FILE} or {@link #SYMLINK}. */
    public int type() {
        return mode & TYPE_MASK;
    }

    /** Writes all of an inode. */
    public void write(MemorySegment inode, long number, UUID uuid) {
        InodeRecord.writeFree(inode, number, uuid, generation);
        Bytes.u32(inode, InodeRecord.MODE_OFFSET, mode);
        Bytes.u32(inode, InodeRecord.UID_OFFSET, uid);
        Bytes.u32(inode, InodeRecord.GID_OFFSET, gid);
        Bytes.u32(inode, InodeRecord.LINKS_OFFSET, links);
        Bytes.u32(inode, InodeRecord.FORMAT_OFFSET, format.code());
        Bytes.i64(inode, InodeRecord.SIZE_OFFSET, size);
        Bytes.i64(inode, InodeRecord.BLOCKS_OFFSET, blocks);
        Bytes.i64(inode, InodeRecord.ACCESSED_OFFSET, accessed);
        Bytes.i64(inode, InodeRecord.MODIFIED_OFFSET, modified);
        Bytes.i64(inode, InodeRecord.CHANGED_OFFSET, changed);
        Bytes.i64(inode, InodeRecord.ATTRIBUTES_OFFSET, attributes);
        Bytes.i64(inode, InodeRecord.PARENT_OFFSET, parent);
        Bytes.u32(inode, InodeRecord.COUNT_OFFSET, writeArea(inode));
        InodeRecord.seal(inode);
    }

    private int writeArea(MemorySegment inode) {
        return switch (format) {
            case EXTENTS -> {
                for (int i = 0; i < extents.size(); i++) {
                    extents.get(i).write(inode, InodeRecord.AREA_OFFSET + (long) i * Extent.BYTES);
                }
                yield extents.size();
            }
            case LEAVES -> {
                for (int i = 0; i < leaves.size(); i++) {
                    Bytes.u32(
                            inode,
                            InodeRecord.AREA_OFFSET + 8L * i,
                            leaves.get(i).fileBlock());
                    Bytes.u32(
                            inode,
                            InodeRecord.AREA_OFFSET + 8L * i + 4,
                            leaves.get(i).block());
                }
                yield leaves.size();
            }
            case TARGET -> {
                MemorySegment.copy(target, 0, inode, JAVA_BYTE, InodeRecord.AREA_OFFSET, target.length);
                yield target.length;
            }
        };
    }

    /**
     * Reads and checks an inode that is not free.
     *
     * @throws io.blkspc.api.CorruptSpaceException {@code CORRUPT}
     */
    public static InodeFields read(MemorySegment inode, long number, UUID uuid) {
        InodeRecord.verify(inode, number, uuid);
        InodeFields read = new InodeFields();
        read.generation = Bytes.i32(inode, InodeRecord.GENERATION_OFFSET);
        read.mode = Bytes.i32(inode, InodeRecord.MODE_OFFSET);
        read.uid = Bytes.i32(inode, InodeRecord.UID_OFFSET);
        read.gid = Bytes.i32(inode, InodeRecord.GID_OFFSET);
        read.links = Bytes.i32(inode, InodeRecord.LINKS_OFFSET);
        read.size = Bytes.i64(inode, InodeRecord.SIZE_OFFSET);
        read.blocks = Bytes.i64(inode, InodeRecord.BLOCKS_OFFSET);
        read.accessed = Bytes.i64(inode, InodeRecord.ACCESSED_OFFSET);
        read.modified = Bytes.i64(inode, InodeRecord.MODIFIED_OFFSET);
        read.changed = Bytes.i64(inode, InodeRecord.CHANGED_OFFSET);
        read.attributes = Bytes.i64(inode, InodeRecord.ATTRIBUTES_OFFSET);
        read.parent = Bytes.i64(inode, InodeRecord.PARENT_OFFSET);
        int format = Bytes.i32(inode, InodeRecord.FORMAT_OFFSET);
        int count = Bytes.i32(inode, InodeRecord.COUNT_OFFSET);
        ForkFormat area = ForkFormat.of(format);
        if (area == null || !read.isSound() || !read.readArea(inode, area, count)) {
            throw InodeRecord.damaged(
                    number,
                    "mode=" + Integer.toOctalString(read.mode) + ", format=" + format + ", count=" + count + ", links="
                            + read.links + ", size=" + read.size + ", parent=" + read.parent);
        }
        return read;
    }

    private boolean isSound() {
        boolean knownType = type() == DIRECTORY || type() == FILE || type() == SYMLINK;
        return knownType
                && (mode & ~0xFFFF) == 0
                && links >= 0
                && size >= 0
                && size <= Extent.MAX_FILE_BLOCKS * 4096
                && blocks >= 0
                && attributes >= 0
                && (type() == DIRECTORY) == (parent != 0);
    }

    private boolean readArea(MemorySegment inode, ForkFormat area, int count) {
        format = area;
        if ((area == ForkFormat.TARGET) != (type() == SYMLINK) || count < 0) {
            return false;
        }
        int used = switch (area) {
            case EXTENTS -> count * Extent.BYTES;
            case LEAVES -> count * 8;
            case TARGET -> count;
        };
        if (count > InodeRecord.AREA_BYTES
                || used > InodeRecord.AREA_BYTES
                || !Bytes.isZero(inode, InodeRecord.AREA_OFFSET + used, InodeRecord.AREA_BYTES - used)) {
            return false;
        }
        switch (area) {
            case EXTENTS -> extents = ExtentBlock.readList(inode, InodeRecord.AREA_OFFSET, count);
            case LEAVES -> leaves = readLeaves(inode, count);
            case TARGET ->
                target = inode.asSlice(InodeRecord.AREA_OFFSET, count).toArray(JAVA_BYTE);
        }
        return switch (area) {
            case EXTENTS -> extents != null;
            case LEAVES -> leaves != null && !leaves.isEmpty();
            case TARGET -> size == count && count > 0;
        };
    }

    private static List<Leaf> readLeaves(MemorySegment inode, int count) {
        List<Leaf> leaves = new ArrayList<>(count);
        long after = -1;
        for (int i = 0; i < count; i++) {
            Leaf leaf = new Leaf(
                    Bytes.u32(inode, InodeRecord.AREA_OFFSET + 8L * i),
                    Bytes.u32(inode, InodeRecord.AREA_OFFSET + 8L * i + 4));
            if (leaf.fileBlock() <= after || (i == 0 && leaf.fileBlock() != 0)) {
                return null;
            }
            after = leaf.fileBlock();
            leaves.add(leaf);
        }
        return leaves;
    }
}

package io.blkspc.xfsish.format;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.blkspc.api.Geometry;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.UUID;

/**
 * A block of a directory: entries one after the other, which together fill it. Names are bytes, 1 to 255, without {@code /}
 * and zero; {@code .} and {@code ..} are not stored. An unused entry has inode 0.
 *
 * <pre>
 *  offset size field    meaning
 *       0   64 header   {@link BlockHeader}, owner = inode number of the directory
 *      64      entries
 *
 *  of an entry
 *       0    8 inode    number, 0 = unused
 *       8    2 length   bytes to the next entry, a multiple of 8
 *      10    1 nameLength
 *      11    1 type     highest 4 bits of the mode, as in readdir
 *      12      name     then bytes without meaning up to the length
 * </pre>
 */
public final class DirectoryBlock {

    static final int ENTRIES_OFFSET = BlockHeader.BYTES;
    static final int INODE_OFFSET = 0;
    static final int LENGTH_OFFSET = 8;
    static final int NAME_LENGTH_OFFSET = 10;
    static final int TYPE_OFFSET = 11;
    static final int NAME_OFFSET = 12;

    /** Longest name, in bytes. */
    public static final int MAX_NAME_BYTES = 255;

    private DirectoryBlock() {}

    /** Takes the entries of a block in their order; {@code false} ends it. */
    @FunctionalInterface
    public interface Visitor {
        /** One used entry. */
        boolean entry(long inode, int type, byte[] name);
    }

    /** Writes an empty block. */
    public static void format(MemorySegment block, long address, UUID uuid, long inode) {
        block.fill((byte) 0);
        BlockHeader.write(block, BlockKind.DIRECTORY, address, uuid, inode);
        Bytes.u16(block, ENTRIES_OFFSET + LENGTH_OFFSET, Geometry.BLOCK_BYTES - ENTRIES_OFFSET);
        BlockHeader.seal(block);
    }

    /**
     * Checks header and entries.
     *
     * @throws io.blkspc.api.CorruptSpaceException {@code CORRUPT}
     */
    public static void verify(MemorySegment block, long address, UUID uuid, long inode) {
        BlockHeader.verify(block, BlockKind.DIRECTORY, address, uuid, inode);
        int at = ENTRIES_OFFSET;
        while (at < Geometry.BLOCK_BYTES) {
            int length = Geometry.BLOCK_BYTES - at < NAME_OFFSET ? 0 : Bytes.u16(block, at + LENGTH_OFFSET);
            boolean isSound = length >= 16
                    && length % 8 == 0
                    && at + length <= Geometry.BLOCK_BYTES
                    && Bytes.i64(block, at + INODE_OFFSET) >= 0
                    && (Bytes.i64(block, at + INODE_OFFSET) == 0 || isNamed(block, at, length));
            if (!isSound) {
                throw BlockHeader.damaged(BlockKind.DIRECTORY, address, "entry at=" + at + ", length=" + length);
            }
            at += length;
        }
    }

    private static boolean isNamed(MemorySegment block, int at, int length) {
        int nameLength = Bytes.u8(block, at + NAME_LENGTH_OFFSET);
        int type = Bytes.u8(block, at + TYPE_OFFSET) << 12;
        boolean isSound = nameLength > 0
                && space(nameLength) <= length
                && (type == InodeFields.DIRECTORY || type == InodeFields.FILE || type == InodeFields.SYMLINK);
        for (int i = 0; isSound && i < nameLength; i++) {
            int letter = Bytes.u8(block, at + NAME_OFFSET + i);
            isSound = letter != 0 && letter != '/';
        }
        return isSound;
    }

    /** Bytes that an entry with a name of so many bytes takes; a multiple of 8. */
    public static int space(int nameLength) {
        return NAME_OFFSET + nameLength + 7 & -8;
    }

    /** Shows every used entry of a verified block. */
    public static boolean visit(MemorySegment block, Visitor visitor) {
        for (int at = ENTRIES_OFFSET; at < Geometry.BLOCK_BYTES; at += Bytes.u16(block, at + LENGTH_OFFSET)) {
            long inode = Bytes.i64(block, at + INODE_OFFSET);
            if (inode != 0 && !visitor.entry(inode, Bytes.u8(block, at + TYPE_OFFSET) << 12, name(block, at))) {
                return false;
            }
        }
        return true;
    }

    private static byte[] name(MemorySegment block, int at) {
        return block.asSlice(at + (long) NAME_OFFSET, Bytes.u8(block, at + NAME_LENGTH_OFFSET))
                .toArray(JAVA_BYTE);
    }

    /** Adds an entry where there is room; the block is sealed. {@code false}: there is none. */
    public static boolean add(MemorySegment block, long inode, int type, byte[] name) {
        int needed = space(name.length);
        for (int at = ENTRIES_OFFSET; at < Geometry.BLOCK_BYTES; at += Bytes.u16(block, at + LENGTH_OFFSET)) {
            int length = Bytes.u16(block, at + LENGTH_OFFSET);
            boolean isUsed = Bytes.i64(block, at + INODE_OFFSET) != 0;
            int used = isUsed ? space(Bytes.u8(block, at + NAME_LENGTH_OFFSET)) : 0;
            if (length - used >= needed) {
                if (isUsed) {
                    Bytes.u16(block, at + LENGTH_OFFSET, used);
                    Bytes.u16(block, at + used + LENGTH_OFFSET, length - used);
                }
                write(block, at + used, inode, type, name);
                BlockHeader.seal(block);
                return true;
            }
        }
        return false;
    }

    private static void write(MemorySegment block, int at, long inode, int type, byte[] name) {
        Bytes.i64(block, at + INODE_OFFSET, inode);
        Bytes.u8(block, at + NAME_LENGTH_OFFSET, name.length);
        Bytes.u8(block, at + TYPE_OFFSET, type >>> 12);
        MemorySegment.copy(name, 0, block, JAVA_BYTE, at + (long) NAME_OFFSET, name.length);
    }

    /** Most bytes an entry may take for {@link #add} to find room, in a verified block. */
    public static int room(MemorySegment block) {
        int most = 0;
        for (int at = ENTRIES_OFFSET; at < Geometry.BLOCK_BYTES; at += Bytes.u16(block, at + LENGTH_OFFSET)) {
            boolean isUsed = Bytes.i64(block, at + INODE_OFFSET) != 0;
            int used = isUsed ? space(Bytes.u8(block, at + NAME_LENGTH_OFFSET)) : 0;
            most = Math.max(most, Bytes.u16(block, at + LENGTH_OFFSET) - used);
        }
        return most;
    }

    /** Offset of the used entry with this name in a verified block, or -1. */
    public static int find(MemorySegment block, byte[] name) {
        MemorySegment wanted = MemorySegment.ofArray(name);
        for (int at = ENTRIES_OFFSET; at < Geometry.BLOCK_BYTES; at += Bytes.u16(block, at + LENGTH_OFFSET)) {
            if (Bytes.i64(block, at + INODE_OFFSET) != 0
                    && Bytes.u8(block, at + NAME_LENGTH_OFFSET) == name.length
                    && block.asSlice(at + (long) NAME_OFFSET, name.length).mismatch(wanted) < 0) {
                return at;
            }
        }
        return -1;
    }

    /** Number in the entry at an offset that {@link #find} told. */
    public static long inode(MemorySegment block, int at) {
        return Bytes.i64(block, at + INODE_OFFSET);
    }

    /** Type in the entry at an offset that {@link #find} told. */
    public static int type(MemorySegment block, int at) {
        return Bytes.u8(block, at + TYPE_OFFSET) << 12;
    }

    /** Makes a name mean another inode, or removes it with inode 0; the block is sealed. {@code false}: it is not here. */
    public static boolean replace(MemorySegment block, byte[] name, long inode, int type) {
        int before = -1;
        for (int at = ENTRIES_OFFSET; at < Geometry.BLOCK_BYTES; at += Bytes.u16(block, at + LENGTH_OFFSET)) {
            if (Bytes.i64(block, at + INODE_OFFSET) != 0 && Arrays.equals(name(block, at), name)) {
                if (inode != 0) {
                    write(block, at, inode, type, name);
                } else {
                    remove(block, before, at);
                }
                BlockHeader.seal(block);
                return true;
            }
            before = at;
        }
        return false;
    }

    private static void remove(MemorySegment block, int before, int at) {
        int length = Bytes.u16(block, at + LENGTH_OFFSET);
        block.asSlice(at, length).fill((byte) 0);
        Bytes.u16(block, at + LENGTH_OFFSET, length);
        int next = at + length;
        if (next < Geometry.BLOCK_BYTES && Bytes.i64(block, next + INODE_OFFSET) == 0) {
            Bytes.u16(block, at + LENGTH_OFFSET, length + Bytes.u16(block, next + LENGTH_OFFSET));
        }
        if (before >= 0) { // joins the one before, also when that is used: its name tells where it ends
            Bytes.u16(
                    block,
                    before + LENGTH_OFFSET,
                    Bytes.u16(block, before + LENGTH_OFFSET) + Bytes.u16(block, at + LENGTH_OFFSET));
        }
    }
}

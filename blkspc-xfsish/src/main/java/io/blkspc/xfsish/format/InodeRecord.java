package io.blkspc.xfsish.format;

import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CorruptSpaceException;
import io.blkspc.api.Geometry;
import java.lang.foreign.MemorySegment;
import java.util.UUID;

/**
 * An inode: 512 bytes, eight in a block; its number says where it is ({@code block * 8 + index}). Free if and only if the
 * mode is zero; then all after the generation is zero too.
 *
 * <pre>
 *  offset size field       meaning
 *       0    4 magic       {@value #MAGIC}
 *       4    4 crc         CRC-32C of the 512 bytes, this field taken as zero
 *       8    8 number      its own
 *      16   16 uuid        of the file system
 *      32    4 generation  grows by one each time the number is used again
 *      36    4 mode        type (4 bits, as in stat) and permissions (12 bits); 0 = free
 *      40    4 uid
 *      44    4 gid
 *      48    4 links       names; of a directory 2 + its subdirectories; 0 = still to be removed
 *      52    4 format      {@link ForkFormat} of the area: 0 extents, 1 leaves, 2 target
 *      56    8 size        bytes of a file or symlink target; of a directory, bytes of its blocks
 *      64    8 blocks      blocks of the space it has: data, extent leaves, attributes
 *      72    8 accessed    nanoseconds since 1970-01-01 UTC
 *      80    8 modified
 *      88    8 changed
 *      96    8 attributes  block of {@link AttributeBlock}, 0 = none
 *     104    8 parent      of a directory: the directory above, of the root itself; else 0
 *     112    4 count       entries in the area
 *     116   12 zero
 *     128  384 area        24 extents, or 48 leaves {fileBlock u32, block u32}, or the target of a symlink
 * </pre>
 */
public final class InodeRecord {

    static final int MAGIC = 0x4F4E4958; // "XINO"
    static final int MAGIC_OFFSET = 0;
    static final int CRC_OFFSET = 4;
    static final int NUMBER_OFFSET = 8;
    static final int UUID_OFFSET = 16;
    static final int GENERATION_OFFSET = 32;
    static final int MODE_OFFSET = 36;
    static final int UID_OFFSET = 40;
    static final int GID_OFFSET = 44;
    static final int LINKS_OFFSET = 48;
    static final int FORMAT_OFFSET = 52;
    static final int SIZE_OFFSET = 56;
    static final int BLOCKS_OFFSET = 64;
    static final int ACCESSED_OFFSET = 72;
    static final int MODIFIED_OFFSET = 80;
    static final int CHANGED_OFFSET = 88;
    static final int ATTRIBUTES_OFFSET = 96;
    static final int PARENT_OFFSET = 104;
    static final int COUNT_OFFSET = 112;
    static final int ZERO_OFFSET = 116;
    static final int AREA_OFFSET = 128;

    /** Bytes of one inode. */
    public static final int BYTES = 512;

    /** Inodes of one block. */
    public static final int PER_BLOCK = Geometry.BLOCK_BYTES / BYTES;

    /** Bytes of the area: the longest symlink target. */
    public static final int AREA_BYTES = BYTES - AREA_OFFSET;

    /** Most extents in the area. */
    public static final int MAX_EXTENTS = AREA_BYTES / Extent.BYTES;

    /** Most leaves in the area. */
    public static final int MAX_LEAVES = AREA_BYTES / 8;

    /** What the area holds. */
    public enum ForkFormat {
        /** Extents. */
        EXTENTS(0),
        /** Addresses of extent leaves. */
        LEAVES(1),
        /** The target of a symlink. */
        TARGET(2);

        private final int code;

        ForkFormat(int code) {
            this.code = code;
        }

        int code() {
            return code;
        }

        /** Null when there is none of this code. */
        static ForkFormat of(int code) {
            for (ForkFormat each : values()) {
                if (each.code == code) {
                    return each;
                }
            }
            return null;
        }
    }

    private InodeRecord() {}

    /** Block of an inode. */
    public static long block(long number) {
        return number >>> 3;
    }

    /** Its position in the block. */
    public static int index(long number) {
        return (int) (number & (PER_BLOCK - 1));
    }

    /** Its bytes in the block. */
    public static MemorySegment slice(MemorySegment block, long number) {
        return block.asSlice((long) index(number) * BYTES, BYTES);
    }

    /** Writes a free inode. */
    public static void writeFree(MemorySegment inode, long number, UUID uuid, int generation) {
        inode.fill((byte) 0);
        Bytes.u32(inode, MAGIC_OFFSET, MAGIC);
        Bytes.i64(inode, NUMBER_OFFSET, number);
        Bytes.uuid(inode, UUID_OFFSET, uuid);
        Bytes.u32(inode, GENERATION_OFFSET, generation);
        seal(inode);
    }

    static void seal(MemorySegment inode) {
        Bytes.u32(inode, CRC_OFFSET, Bytes.checksum(inode, BYTES, CRC_OFFSET));
    }

    /** 0 = free; only of a verified inode. */
    public static int mode(MemorySegment inode) {
        return Bytes.i32(inode, MODE_OFFSET);
    }

    /** Only of a verified inode. */
    public static int generation(MemorySegment inode) {
        return Bytes.i32(inode, GENERATION_OFFSET);
    }

    /** Names; only of a verified inode. */
    public static int links(MemorySegment inode) {
        return Bytes.i32(inode, LINKS_OFFSET);
    }

    /**
     * Checks checksum, identity and reserved bytes.
     *
     * @throws CorruptSpaceException {@code CORRUPT}
     */
    public static void verify(MemorySegment inode, long number, UUID uuid) {
        if (Bytes.i32(inode, MAGIC_OFFSET) != MAGIC) {
            throw damaged(number, "magic=" + Integer.toHexString(Bytes.i32(inode, MAGIC_OFFSET)));
        }
        if (Bytes.i32(inode, CRC_OFFSET) != Bytes.checksum(inode, BYTES, CRC_OFFSET)) {
            throw damaged(number, "crc does not match");
        }
        if (Bytes.i64(inode, NUMBER_OFFSET) != number) {
            throw damaged(number, "says it is inode=" + Bytes.i64(inode, NUMBER_OFFSET));
        }
        if (!Bytes.uuid(inode, UUID_OFFSET).equals(uuid)) {
            throw damaged(number, "belongs to uuid=" + Bytes.uuid(inode, UUID_OFFSET));
        }
        if (mode(inode) == 0 && !Bytes.isZero(inode, MODE_OFFSET, BYTES - MODE_OFFSET)) {
            throw damaged(number, "is free but not empty");
        }
        if (!Bytes.isZero(inode, ZERO_OFFSET, AREA_OFFSET - ZERO_OFFSET)) {
            throw damaged(number, "reserved bytes are not zero");
        }
    }

    static CorruptSpaceException damaged(long number, String facts) {
        return new CorruptSpaceException(
                Code.CORRUPT,
                "inode",
                (block(number) << Geometry.BLOCK_SHIFT) + (long) index(number) * BYTES,
                "number=" + number + ", " + facts);
    }
}

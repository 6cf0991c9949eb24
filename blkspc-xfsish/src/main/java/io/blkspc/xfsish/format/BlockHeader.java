package io.blkspc.xfsish.format;

import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CorruptSpaceException;
import io.blkspc.api.Geometry;
import java.lang.foreign.MemorySegment;
import java.util.UUID;

/**
 * First bytes of every metadata block but those of inodes. Little-endian. A block says what it is, where it belongs and whose
 * it is, so that one written to the wrong place, or left from another file system, is told from the right one.
 *
 * <pre>
 *  offset size field    meaning
 *       0    4 magic    {@link BlockKind}
 *       4    4 crc      CRC-32C of the 4096 bytes, this field taken as zero
 *       8    8 address  number of this block in the space
 *      16   16 uuid     of the file system; the high half first
 *      32    8 owner    inode number, group index, or sequence of a log record
 *      40   24 zero
 * </pre>
 *
 * <p>Valid if and only if all of these are as expected.
 */
public final class BlockHeader {

    static final int MAGIC_OFFSET = 0;
    static final int CRC_OFFSET = 4;
    static final int ADDRESS_OFFSET = 8;
    static final int UUID_OFFSET = 16;
    static final int OWNER_OFFSET = 32;
    static final int ZERO_OFFSET = 40;

    /** Where the rest of a block begins. */
    public static final int BYTES = 64;

    private BlockHeader() {}

    /** Writes the header of a new block, whose other bytes are zeros. {@link #seal} it when it is complete. */
    public static void write(MemorySegment block, BlockKind kind, long address, UUID uuid, long owner) {
        Bytes.u32(block, MAGIC_OFFSET, kind.magic());
        Bytes.i64(block, ADDRESS_OFFSET, address);
        Bytes.uuid(block, UUID_OFFSET, uuid);
        Bytes.i64(block, OWNER_OFFSET, owner);
    }

    /** Makes the checksum that of the bytes as they are now. */
    public static void seal(MemorySegment block) {
        Bytes.u32(block, CRC_OFFSET, Bytes.checksum(block, Geometry.BLOCK_BYTES, CRC_OFFSET));
    }

    /** Inode number, group index or sequence. */
    public static long owner(MemorySegment block) {
        return Bytes.i64(block, OWNER_OFFSET);
    }

    /** {@code true} when the block is of this kind at all; says nothing about damage. */
    public static boolean is(MemorySegment block, BlockKind kind) {
        return Bytes.i32(block, MAGIC_OFFSET) == kind.magic();
    }

    /**
     * Checks the header.
     *
     * @throws CorruptSpaceException {@code CORRUPT}
     */
    public static void verify(MemorySegment block, BlockKind kind, long address, UUID uuid, long owner) {
        if (!is(block, kind)) {
            throw damaged(kind, address, "magic=" + Integer.toHexString(Bytes.i32(block, MAGIC_OFFSET)));
        }
        int crc = Bytes.checksum(block, Geometry.BLOCK_BYTES, CRC_OFFSET);
        if (crc != Bytes.i32(block, CRC_OFFSET)) {
            throw damaged(
                    kind,
                    address,
                    "crc=" + Integer.toHexString(Bytes.i32(block, CRC_OFFSET)) + ", computed="
                            + Integer.toHexString(crc));
        }
        if (Bytes.i64(block, ADDRESS_OFFSET) != address) {
            throw damaged(kind, address, "says it is block=" + Bytes.i64(block, ADDRESS_OFFSET));
        }
        if (!Bytes.uuid(block, UUID_OFFSET).equals(uuid)) {
            throw damaged(kind, address, "belongs to uuid=" + Bytes.uuid(block, UUID_OFFSET) + ", expected=" + uuid);
        }
        if (Bytes.i64(block, OWNER_OFFSET) != owner) {
            throw damaged(kind, address, "owner=" + Bytes.i64(block, OWNER_OFFSET) + ", expected=" + owner);
        }
        requireZero(block, kind, address, ZERO_OFFSET, BYTES);
    }

    static void requireZero(MemorySegment block, BlockKind kind, long address, int from, int to) {
        if (!Bytes.isZero(block, from, to - from)) {
            throw damaged(kind, address, "reserved bytes are not zero: from=" + from);
        }
    }

    static CorruptSpaceException damaged(BlockKind kind, long address, String facts) {
        return new CorruptSpaceException(Code.CORRUPT, kind.name(), address << Geometry.BLOCK_SHIFT, facts);
    }
}

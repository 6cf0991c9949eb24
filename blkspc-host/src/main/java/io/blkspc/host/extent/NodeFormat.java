package io.blkspc.host.extent;

import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CorruptSpaceException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * Image of one node of the extent tree, in the node store and in checkpoint segments. Little-endian, of one fixed size, so
 * that a changed node always fits where it was.
 *
 * <pre>
 *  offset size field       meaning
 *       0    4 magic       {@value #MAGIC} ("XTND")
 *       4    4 crc         CRC-32C of bytes 8 to 3112
 *       8    8 nodeId      1 to 2^54 - 1
 *      16    8 poolTag     first 8 bytes of the pool's uuid
 *      24    1 level       0 leaf … 3 root
 *      25    1 reserved    0
 *      26    2 count       leaf: extents; inner: used slots; 1 to 256
 *      28    4 reserved    0
 *      32    8 firstBlock  first logical block of the span, a multiple of 256^(level + 1), below 2^32
 *      40 3072 entries     256 entries of 12 bytes; entry i at 40 + 12 * i
 *
 *  entry: the u64 at +0 holds bits 0..63, the u32 at +8 bits 64..95
 *  leaf   bits  0.. 7 start       first block, relative to firstBlock
 *               8..15 length - 1  in blocks; start + length is at most 256
 *              16..17 state       1 unwritten, 2 written
 *              18..55 physical    first physical block; physical + length is at most 2^38
 *              56..95 birth       epoch of the pointer
 *  inner  bits  0.. 1 kind        0 none, 1 child, 2 direct extent (written)
 *               2..55 target      child: node id; direct: first of 256 physical blocks, 38 bits
 *              56..95 birth       epoch of the pointer
 * </pre>
 *
 * <p>Valid if and only if: magic, crc and reserved bytes are as above; nodeId and poolTag are the expected ones; in a leaf the
 * first {@code count} entries are extents in ascending order that do not overlap, and all bytes after them are zero; in an
 * inner node entry i is slot i, {@code count} of them are used, the unused ones are zero, and only level 1 has direct ones.
 */
public final class NodeFormat {

    /** Bytes of an image. */
    public static final int BYTES = 3112;

    static final int MAGIC = 0x444E5458;

    static final int MAGIC_OFFSET = 0;
    static final int CRC_OFFSET = MAGIC_OFFSET + Integer.BYTES;
    static final int NODE_ID_OFFSET = CRC_OFFSET + Integer.BYTES;
    static final int POOL_TAG_OFFSET = NODE_ID_OFFSET + Long.BYTES;
    static final int LEVEL_OFFSET = POOL_TAG_OFFSET + Long.BYTES;
    static final int RESERVED_BYTE_OFFSET = LEVEL_OFFSET + Byte.BYTES;
    static final int COUNT_OFFSET = RESERVED_BYTE_OFFSET + Byte.BYTES;
    static final int RESERVED_INT_OFFSET = COUNT_OFFSET + Short.BYTES;
    static final int FIRST_BLOCK_OFFSET = RESERVED_INT_OFFSET + Integer.BYTES;
    static final int ENTRIES_OFFSET = FIRST_BLOCK_OFFSET + Long.BYTES;
    static final int ENTRY_BYTES = Long.BYTES + Integer.BYTES;

    private static final String STRUCTURE = "extent node";

    private static final ValueLayout.OfShort LE_SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt LE_INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LE_LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private NodeFormat() {}

    /**
     * Writes the image of a node.
     *
     * @param target at least {@link #BYTES} bytes; all of the first {@link #BYTES} are written
     */
    public static void encode(Node node, long poolTag, MemorySegment target) {
        target.asSlice(0, BYTES).fill((byte) 0);
        target.set(LE_INT, MAGIC_OFFSET, MAGIC);
        target.set(LE_LONG, NODE_ID_OFFSET, node.id());
        target.set(LE_LONG, POOL_TAG_OFFSET, poolTag);
        target.set(ValueLayout.JAVA_BYTE, LEVEL_OFFSET, (byte) node.level());
        target.set(LE_SHORT, COUNT_OFFSET, (short) node.count());
        target.set(LE_LONG, FIRST_BLOCK_OFFSET, node.firstBlock());
        int slot = -1;
        for (int index = 0; index < node.count(); index++) {
            slot = node.isLeaf() ? index : node.nextBit(slot + 1);
            long birth = node.birth(index);
            int offset = ENTRIES_OFFSET + slot * ENTRY_BYTES;
            target.set(LE_LONG, offset, node.word(index) | (birth << Entry.WORD_BITS));
            target.set(LE_INT, offset + Long.BYTES, (int) (birth >>> (Long.SIZE - Entry.WORD_BITS)));
        }
        target.set(LE_INT, CRC_OFFSET, crc(target));
    }

    /**
     * Reads and verifies an image.
     *
     * @param source at least {@link #BYTES} bytes
     * @param nodeId the id asked for
     * @param poolTag tag of the pool asked
     * @throws CorruptSpaceException with code {@code CORRUPT}; its offset counts from the start of the image
     */
    public static Node decode(MemorySegment source, long nodeId, long poolTag) {
        expect(source.get(LE_INT, MAGIC_OFFSET), MAGIC, "magic", MAGIC_OFFSET, nodeId);
        expect(source.get(LE_INT, CRC_OFFSET), crc(source), "crc", CRC_OFFSET, nodeId);
        expect(source.get(LE_LONG, NODE_ID_OFFSET), nodeId, "nodeId", NODE_ID_OFFSET, nodeId);
        expect(source.get(LE_LONG, POOL_TAG_OFFSET), poolTag, "poolTag", POOL_TAG_OFFSET, nodeId);
        expect(source.get(ValueLayout.JAVA_BYTE, RESERVED_BYTE_OFFSET), 0, "reserved", RESERVED_BYTE_OFFSET, nodeId);
        expect(source.get(LE_INT, RESERVED_INT_OFFSET), 0, "reserved", RESERVED_INT_OFFSET, nodeId);
        int level = source.get(ValueLayout.JAVA_BYTE, LEVEL_OFFSET);
        int count = source.get(LE_SHORT, COUNT_OFFSET);
        long firstBlock = source.get(LE_LONG, FIRST_BLOCK_OFFSET);
        check(level >= 0 && level <= Node.ROOT_LEVEL, "level", level, LEVEL_OFFSET, nodeId);
        check(count >= 1 && count <= Node.FANOUT, "count", count, COUNT_OFFSET, nodeId);
        check(
                (firstBlock & (Node.spanBlocks(level) - 1)) == 0 && (firstBlock >>> 32) == 0,
                "firstBlock",
                firstBlock,
                FIRST_BLOCK_OFFSET,
                nodeId);
        long[] bits = new long[4];
        long[] words = new long[2 * count];
        if (level == 0) {
            readLeaf(source, nodeId, bits, words);
        } else {
            readInner(source, nodeId, level, bits, words);
        }
        return new Node(nodeId, level, firstBlock, bits, words);
    }

    private static void readLeaf(MemorySegment source, long nodeId, long[] bits, long[] words) {
        int end = 0;
        for (int index = 0; index < words.length >> 1; index++) {
            int offset = ENTRIES_OFFSET + index * ENTRY_BYTES;
            long word = word(source, offset);
            int start = Entry.start(word);
            int state = Entry.state(word);
            check(start >= end, "start", start, offset, nodeId);
            end = Entry.end(word);
            check(end <= Node.FANOUT, "end", end, offset, nodeId);
            check(state == ExtentRun.UNWRITTEN || state == ExtentRun.WRITTEN, "state", state, offset, nodeId);
            checkPhysical(Entry.physical(word), Entry.length(word), offset, nodeId);
            bits[start >>> 6] |= 1L << start;
            words[2 * index] = word;
            words[2 * index + 1] = birth(source, offset);
        }
        long unused = ENTRIES_OFFSET + (words.length >> 1) * (long) ENTRY_BYTES;
        for (long offset = unused; offset < BYTES; offset += Integer.BYTES) {
            expect(source.get(LE_INT, offset), 0, "unused entry", (int) offset, nodeId);
        }
    }

    private static void readInner(MemorySegment source, long nodeId, int level, long[] bits, long[] words) {
        int index = 0;
        for (int slot = 0; slot < Node.FANOUT; slot++) {
            int offset = ENTRIES_OFFSET + slot * ENTRY_BYTES;
            long word = word(source, offset);
            long birth = birth(source, offset);
            int kind = Entry.kind(word);
            if (kind == Entry.KIND_NONE) {
                check(word == 0 && birth == 0, "unused slot", word, offset, nodeId);
                continue;
            }
            if (kind == Entry.KIND_CHILD) {
                check(Entry.target(word) != 0, "child", 0, offset, nodeId);
            } else {
                check(kind == Entry.KIND_DIRECT, "kind", kind, offset, nodeId);
                check(level == 1, "direct extent at level", level, offset, nodeId);
                checkPhysical(Entry.target(word), Node.FANOUT, offset, nodeId);
            }
            check(2 * index < words.length, "used slots above", index, COUNT_OFFSET, nodeId);
            bits[slot >>> 6] |= 1L << slot;
            words[2 * index] = word;
            words[2 * index + 1] = birth;
            index++;
        }
        check(2 * index == words.length, "used slots", index, COUNT_OFFSET, nodeId);
    }

    private static long word(MemorySegment source, int offset) {
        return source.get(LE_LONG, offset) & Entry.WORD_MASK;
    }

    private static long birth(MemorySegment source, int offset) {
        long high = Integer.toUnsignedLong(source.get(LE_INT, offset + Long.BYTES));
        return (source.get(LE_LONG, offset) >>> Entry.WORD_BITS) | (high << (Long.SIZE - Entry.WORD_BITS));
    }

    private static int crc(MemorySegment image) {
        CRC32C crc = new CRC32C();
        crc.update(image.asSlice(NODE_ID_OFFSET, BYTES - NODE_ID_OFFSET).asByteBuffer());
        return (int) crc.getValue();
    }

    private static void checkPhysical(long physical, int length, int offset, long nodeId) {
        check(physical <= Entry.MAX_PHYSICAL_BLOCKS - length, "physical", physical, offset, nodeId);
    }

    private static void check(boolean valid, String field, long actual, int offset, long nodeId) {
        if (!valid) {
            throw new CorruptSpaceException(
                    Code.CORRUPT, STRUCTURE, offset, field + "=" + actual + " is not valid, node=" + nodeId);
        }
    }

    private static void expect(long actual, long expected, String field, int offset, long nodeId) {
        if (actual != expected) {
            String facts = field + "=" + Long.toHexString(actual) + ", expected=" + Long.toHexString(expected);
            throw new CorruptSpaceException(Code.CORRUPT, STRUCTURE, offset, facts + ", node=" + nodeId);
        }
    }
}

package io.blkspc.xfsish.format;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.blkspc.api.Geometry;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;

/**
 * The extended attributes of one inode, all in one block, ordered by name.
 *
 * <pre>
 *  offset size field    meaning
 *       0   64 header   {@link BlockHeader}, owner = inode number
 *      64    4 count    attributes, at least 1
 *      68    4 bytes    of all entries
 *      72      entries  {nameLength u8, 0 u8, valueLength u16, name UTF-8, value}; the rest is zero
 * </pre>
 */
public final class AttributeBlock {

    static final int COUNT_OFFSET = BlockHeader.BYTES;
    static final int BYTES_OFFSET = 68;
    static final int ENTRIES_OFFSET = 72;

    private AttributeBlock() {}

    /** {@code true} when these attributes fit into one block. */
    public static boolean fits(Map<String, byte[]> attributes) {
        long bytes = ENTRIES_OFFSET;
        for (Map.Entry<String, byte[]> entry : attributes.entrySet()) {
            int nameBytes = entry.getKey().getBytes(StandardCharsets.UTF_8).length;
            if (nameBytes < 1 || nameBytes > DirectoryBlock.MAX_NAME_BYTES) {
                return false;
            }
            bytes += 4 + nameBytes + entry.getValue().length;
        }
        return bytes <= Geometry.BLOCK_BYTES;
    }

    /** Writes a whole block. */
    public static void write(
            MemorySegment block, long address, UUID uuid, long inode, SortedMap<String, byte[]> attributes) {
        block.fill((byte) 0);
        BlockHeader.write(block, BlockKind.ATTRIBUTES, address, uuid, inode);
        int at = ENTRIES_OFFSET;
        for (Map.Entry<String, byte[]> entry : attributes.entrySet()) {
            byte[] name = entry.getKey().getBytes(StandardCharsets.UTF_8);
            byte[] value = entry.getValue();
            Bytes.u8(block, at, name.length);
            Bytes.u16(block, at + 2L, value.length);
            MemorySegment.copy(name, 0, block, JAVA_BYTE, at + 4L, name.length);
            MemorySegment.copy(value, 0, block, JAVA_BYTE, at + 4L + name.length, value.length);
            at += 4 + name.length + value.length;
        }
        Bytes.u32(block, COUNT_OFFSET, attributes.size());
        Bytes.u32(block, BYTES_OFFSET, at - ENTRIES_OFFSET);
        BlockHeader.seal(block);
    }

    /**
     * Reads and checks it.
     *
     * @throws io.blkspc.api.CorruptSpaceException {@code CORRUPT}
     */
    public static SortedMap<String, byte[]> read(MemorySegment block, long address, UUID uuid, long inode) {
        BlockHeader.verify(block, BlockKind.ATTRIBUTES, address, uuid, inode);
        int count = Bytes.i32(block, COUNT_OFFSET);
        int bytes = Bytes.i32(block, BYTES_OFFSET);
        SortedMap<String, byte[]> attributes = new TreeMap<>();
        int end = ENTRIES_OFFSET + bytes;
        boolean isSound = count >= 1 && bytes >= 0 && end <= Geometry.BLOCK_BYTES;
        int at = ENTRIES_OFFSET;
        for (int i = 0; isSound && i < count; i++) {
            int nameLength = at + 4 <= end ? Bytes.u8(block, at) : 0;
            int length = nameLength == 0 ? end : 4 + nameLength + Bytes.u16(block, at + 2L);
            isSound = nameLength > 0 && at + length <= end && Bytes.u8(block, at + 1L) == 0;
            if (isSound) {
                String name = new String(block.asSlice(at + 4L, nameLength).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
                byte[] value = block.asSlice(at + 4L + nameLength, length - 4 - nameLength)
                        .toArray(JAVA_BYTE);
                isSound = attributes.put(name, value) == null;
                at += length;
            }
        }
        if (!isSound || at != end || !Bytes.isZero(block, end, Geometry.BLOCK_BYTES - end)) {
            throw BlockHeader.damaged(BlockKind.ATTRIBUTES, address, "count=" + count + ", bytes=" + bytes);
        }
        return attributes;
    }
}

package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CorruptSpaceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Payload of an EXTENTS record: absolute facts about where runs of one head lie now (SEMANTICS R2). What an entry replaces
 * is not stored: replay works it out again. Little-endian.
 *
 * <pre>
 *  offset size field         meaning
 *       0    8 versionId     the head
 *       8    8 birth         epoch stamped on every pointer of this record
 *      16    4 entryCount    1 or more
 *      20    4 reserved      zero
 *      24   24 entries
 *        +0  4 startBlock    unsigned
 *        +4  4 lastBlock     unsigned, inclusive: a run may be 2^32 blocks long
 *        +8  8 target        bits 0-37 physical block, bits 38-39 state (0 none, 1 unwritten, 2 written),
 *                            bit 40 = 1 when the entry carries a checksum; other bits zero
 *       +16  4 dataCrc       DataChecksum of the whole run, 0 without one
 *       +20  4 reserved      zero
 * </pre>
 *
 * <p>Written and read in place; one instance is reused for every commit. Guarded by the order lock.
 */
final class ExtentsPayload {

    static final int HEADER_BYTES = 24;
    static final int ENTRY_BYTES = 24;
    static final int NONE = 0;
    static final int UNWRITTEN = 1;
    static final int WRITTEN = 2;

    private static final long PHYSICAL_MASK = (1L << 38) - 1;
    private static final int STATE_SHIFT = 38;
    private static final long CRC_BIT = 1L << 40;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment segment;
    private final int maxEntries;
    private int count;

    private ExtentsPayload(MemorySegment segment, int maxEntries) {
        this.segment = segment;
        this.maxEntries = maxEntries;
    }

    /** A buffer to build payloads of at most {@code maxBytes} in. */
    static ExtentsPayload allocate(Arena arena, int maxBytes) {
        return new ExtentsPayload(arena.allocate(maxBytes, 8), (maxBytes - HEADER_BYTES) / ENTRY_BYTES);
    }

    /** A view of a payload read from the journal, verified. */
    static ExtentsPayload view(MemorySegment payload) {
        if (payload.byteSize() < HEADER_BYTES) {
            throw damaged("length=" + payload.byteSize());
        }
        ExtentsPayload view = new ExtentsPayload(payload, Integer.MAX_VALUE);
        view.count = payload.get(INT, 16);
        if (view.count <= 0
                || payload.get(INT, 20) != 0
                || payload.byteSize() != HEADER_BYTES + (long) view.count * ENTRY_BYTES) {
            throw damaged("entries=" + view.count + ", length=" + payload.byteSize());
        }
        for (int i = 0; i < view.count; i++) {
            long target = payload.get(LONG, at(i) + 8);
            if (view.state(i) > WRITTEN
                    || target >>> 41 != 0
                    || view.blockCount(i) <= 0
                    || payload.get(INT, at(i) + 20) != 0) {
                throw damaged("entry=" + i);
            }
        }
        return view;
    }

    private static CorruptSpaceException damaged(String facts) {
        return new CorruptSpaceException(Code.NEEDS_CHECK, "extents record", 0, facts);
    }

    ExtentsPayload begin(long versionId, long birth) {
        segment.set(LONG, 0, versionId);
        segment.set(LONG, 8, birth);
        segment.set(INT, 20, 0);
        count = 0;
        return this;
    }

    boolean isFull() {
        return count >= maxEntries;
    }

    ExtentsPayload add(long startBlock, long blockCount, long physical, int state, boolean hasCrc, int crc) {
        long at = at(count++);
        segment.set(INT, at, (int) startBlock);
        segment.set(INT, at + 4, (int) (startBlock + blockCount - 1));
        segment.set(LONG, at + 8, physical | (long) state << STATE_SHIFT | (hasCrc ? CRC_BIT : 0));
        segment.set(INT, at + 16, crc);
        segment.set(INT, at + 20, 0);
        segment.set(INT, 16, count);
        return this;
    }

    MemorySegment segment() {
        return segment;
    }

    /** Largest payload this buffer holds. */
    int capacityBytes() {
        return HEADER_BYTES + maxEntries * ENTRY_BYTES;
    }

    int lengthBytes() {
        if (count == 0) {
            throw new IllegalStateException(
                    "no entries: a record of nothing would be refused as damaged when it is read");
        }
        return HEADER_BYTES + count * ENTRY_BYTES;
    }

    long versionId() {
        return segment.get(LONG, 0);
    }

    long birth() {
        return segment.get(LONG, 8);
    }

    int count() {
        return count;
    }

    long startBlock(int index) {
        return Integer.toUnsignedLong(segment.get(INT, at(index)));
    }

    long blockCount(int index) {
        return Integer.toUnsignedLong(segment.get(INT, at(index) + 4)) - startBlock(index) + 1;
    }

    long physicalBlock(int index) {
        return segment.get(LONG, at(index) + 8) & PHYSICAL_MASK;
    }

    int state(int index) {
        return (int) (segment.get(LONG, at(index) + 8) >>> STATE_SHIFT) & 3;
    }

    boolean hasCrc(int index) {
        return (segment.get(LONG, at(index) + 8) & CRC_BIT) != 0;
    }

    int crc(int index) {
        return segment.get(INT, at(index) + 16);
    }

    private static long at(int index) {
        return HEADER_BYTES + (long) index * ENTRY_BYTES;
    }
}

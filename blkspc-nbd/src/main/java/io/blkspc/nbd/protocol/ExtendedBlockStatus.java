package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;

/**
 * Data of a chunk that describes extents in one metadata context, with extended headers. Big-endian.
 *
 * <pre>
 *  offset size field          meaning
 *       0    4 contextId      as told by SET_META_CONTEXT
 *       4    4 extentCount    number of extents, at least one
 *       8      extents        {@link ExtendedBlockStatusExtent}
 * </pre>
 *
 * Source: the NBD protocol, doc/proto.md, its extension EXTENDED_HEADERS. Owned by one thread.
 */
public final class ExtendedBlockStatus {

    static final int CONTEXT_ID_OFFSET = 0;
    static final int EXTENT_COUNT_OFFSET = CONTEXT_ID_OFFSET + Integer.BYTES;

    /** Length in bytes of the fixed part. */
    public static final int BYTES = EXTENT_COUNT_OFFSET + Integer.BYTES;

    private MemorySegment segment;
    private long offset;

    /** Looks at {@code buffer} from {@code start}. */
    public ExtendedBlockStatus wrap(MemorySegment buffer, long start) {
        segment = buffer;
        offset = start;
        return this;
    }

    /** Context id. */
    public int contextId() {
        return segment.get(Wire.U32, offset + CONTEXT_ID_OFFSET);
    }

    public ExtendedBlockStatus contextId(int value) {
        segment.set(Wire.U32, offset + CONTEXT_ID_OFFSET, value);
        return this;
    }

    /** Number of extents. */
    public int extentCount() {
        return segment.get(Wire.U32, offset + EXTENT_COUNT_OFFSET);
    }

    public ExtendedBlockStatus extentCount(int value) {
        segment.set(Wire.U32, offset + EXTENT_COUNT_OFFSET, value);
        return this;
    }
}

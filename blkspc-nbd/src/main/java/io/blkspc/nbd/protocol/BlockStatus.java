package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;

/**
 * Data of a chunk that describes extents in one metadata context. Big-endian.
 *
 * <pre>
 *  offset size field          meaning
 *       0    4 contextId      as told by SET_META_CONTEXT
 *       4      extents        {@link BlockStatusExtent}, at least one
 * </pre>
 *
 * Source: the NBD protocol, doc/proto.md. Owned by one thread.
 */
public final class BlockStatus {

    static final int CONTEXT_ID_OFFSET = 0;

    /** Length in bytes of the fixed part. */
    public static final int BYTES = CONTEXT_ID_OFFSET + Integer.BYTES;

    private MemorySegment segment;
    private long offset;

    /** Looks at {@code buffer} from {@code start}. */
    public BlockStatus wrap(MemorySegment buffer, long start) {
        segment = buffer;
        offset = start;
        return this;
    }

    /** Context id. */
    public int contextId() {
        return segment.get(Wire.U32, offset + CONTEXT_ID_OFFSET);
    }

    public BlockStatus contextId(int value) {
        segment.set(Wire.U32, offset + CONTEXT_ID_OFFSET, value);
        return this;
    }
}

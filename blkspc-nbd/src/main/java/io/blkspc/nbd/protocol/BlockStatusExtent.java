package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;

/**
 * One extent of {@link BlockStatus}; the first begins at the request's offset. Big-endian.
 *
 * <pre>
 *  offset size field          meaning
 *       0    4 length         bytes, unsigned, not 0
 *       4    4 flags          of its context, see {@link MetaContext}
 * </pre>
 *
 * Source: the NBD protocol, doc/proto.md. Owned by one thread.
 */
public final class BlockStatusExtent {

    static final int LENGTH_OFFSET = 0;
    static final int FLAGS_OFFSET = LENGTH_OFFSET + Integer.BYTES;

    /** Length in bytes. */
    public static final int BYTES = FLAGS_OFFSET + Integer.BYTES;

    private MemorySegment segment;
    private long offset;

    /** Looks at {@code buffer} from {@code start}. */
    public BlockStatusExtent wrap(MemorySegment buffer, long start) {
        segment = buffer;
        offset = start;
        return this;
    }

    /** Length in bytes. */
    public long length() {
        return Integer.toUnsignedLong(segment.get(Wire.U32, offset + LENGTH_OFFSET));
    }

    public BlockStatusExtent length(long value) {
        segment.set(Wire.U32, offset + LENGTH_OFFSET, (int) value);
        return this;
    }

    /** Flags of its context. */
    public int flags() {
        return segment.get(Wire.U32, offset + FLAGS_OFFSET);
    }

    public BlockStatusExtent flags(int value) {
        segment.set(Wire.U32, offset + FLAGS_OFFSET, value);
        return this;
    }
}

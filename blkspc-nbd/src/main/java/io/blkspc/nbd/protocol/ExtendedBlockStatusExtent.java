package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;

/**
 * One extent of {@link ExtendedBlockStatus}; the first begins at the request's offset. Big-endian.
 *
 * <pre>
 *  offset size field          meaning
 *       0    8 length         bytes, not 0
 *       8    8 flags          of its context; those of {@link BlockStatusExtent}, the upper half is 0
 * </pre>
 *
 * Source: the NBD protocol, doc/proto.md, its extension EXTENDED_HEADERS. Owned by one thread.
 */
public final class ExtendedBlockStatusExtent {

    static final int LENGTH_OFFSET = 0;
    static final int FLAGS_OFFSET = LENGTH_OFFSET + Long.BYTES;

    /** Length in bytes. */
    public static final int BYTES = FLAGS_OFFSET + Long.BYTES;

    private MemorySegment segment;
    private long offset;

    /** Looks at {@code buffer} from {@code start}. */
    public ExtendedBlockStatusExtent wrap(MemorySegment buffer, long start) {
        segment = buffer;
        offset = start;
        return this;
    }

    /** Length in bytes. */
    public long length() {
        return segment.get(Wire.U64, offset + LENGTH_OFFSET);
    }

    public ExtendedBlockStatusExtent length(long value) {
        segment.set(Wire.U64, offset + LENGTH_OFFSET, value);
        return this;
    }

    /** Flags of its context. */
    public long flags() {
        return segment.get(Wire.U64, offset + FLAGS_OFFSET);
    }

    public ExtendedBlockStatusExtent flags(long value) {
        segment.set(Wire.U64, offset + FLAGS_OFFSET, value);
        return this;
    }
}

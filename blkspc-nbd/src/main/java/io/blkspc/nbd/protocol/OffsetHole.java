package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;

/**
 * Data of a chunk that stands for zeros. Big-endian.
 *
 * <pre>
 *  offset size field          meaning
 *       0    8 atOffset       first byte in the export
 *       8    4 length         number of zeros, at least one
 * </pre>
 *
 * Source: the NBD protocol, doc/proto.md. Owned by one thread.
 */
public final class OffsetHole {

    static final int AT_OFFSET_OFFSET = 0;
    static final int LENGTH_OFFSET = AT_OFFSET_OFFSET + Long.BYTES;

    /** Length in bytes. */
    public static final int BYTES = LENGTH_OFFSET + Integer.BYTES;

    private MemorySegment segment;
    private long offset;

    /** Looks at {@code buffer} from {@code start}. */
    public OffsetHole wrap(MemorySegment buffer, long start) {
        segment = buffer;
        offset = start;
        return this;
    }

    /** First byte in the export. */
    public long atOffset() {
        return segment.get(Wire.U64, offset + AT_OFFSET_OFFSET);
    }

    public OffsetHole atOffset(long value) {
        segment.set(Wire.U64, offset + AT_OFFSET_OFFSET, value);
        return this;
    }

    /** Number of zeros. */
    public long length() {
        return Integer.toUnsignedLong(segment.get(Wire.U32, offset + LENGTH_OFFSET));
    }

    public OffsetHole length(long value) {
        segment.set(Wire.U32, offset + LENGTH_OFFSET, (int) value);
        return this;
    }
}

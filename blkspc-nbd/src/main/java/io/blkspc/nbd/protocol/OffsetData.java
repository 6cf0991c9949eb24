package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;

/**
 * Data of a chunk that carries bytes. Big-endian.
 *
 * <pre>
 *  offset size field          meaning
 *       0    8 atOffset       first byte in the export
 *       8      bytes          the rest of the chunk, at least one byte
 * </pre>
 *
 * Source: the NBD protocol, doc/proto.md. Owned by one thread.
 */
public final class OffsetData {

    static final int AT_OFFSET_OFFSET = 0;

    /** Length in bytes of the fixed part. */
    public static final int BYTES = AT_OFFSET_OFFSET + Long.BYTES;

    private MemorySegment segment;
    private long offset;

    /** Looks at {@code buffer} from {@code start}. */
    public OffsetData wrap(MemorySegment buffer, long start) {
        segment = buffer;
        offset = start;
        return this;
    }

    /** First byte in the export. */
    public long atOffset() {
        return segment.get(Wire.U64, offset + AT_OFFSET_OFFSET);
    }

    public OffsetData atOffset(long value) {
        segment.set(Wire.U64, offset + AT_OFFSET_OFFSET, value);
        return this;
    }
}

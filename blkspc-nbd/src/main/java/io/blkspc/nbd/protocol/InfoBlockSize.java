package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;

/**
 * Data of an INFO reply that carries size rules. Big-endian.
 *
 * <pre>
 *  offset size field          meaning
 *       0    2 type           {@link #TYPE}
 *       2    4 minimum        smallest request and alignment, in bytes
 *       6    4 preferred      best request size and alignment, in bytes
 *      10    4 maximum        largest payload a client may count on, in bytes
 * </pre>
 *
 * Source: the NBD protocol, doc/proto.md. Owned by one thread.
 */
public final class InfoBlockSize {

    /** NBD_INFO_BLOCK_SIZE. */
    public static final int TYPE = 3;

    static final int TYPE_OFFSET = 0;
    static final int MINIMUM_OFFSET = TYPE_OFFSET + Short.BYTES;
    static final int PREFERRED_OFFSET = MINIMUM_OFFSET + Integer.BYTES;
    static final int MAXIMUM_OFFSET = PREFERRED_OFFSET + Integer.BYTES;

    /** Length in bytes. */
    public static final int BYTES = MAXIMUM_OFFSET + Integer.BYTES;

    private MemorySegment segment;
    private long offset;

    /** Looks at {@code buffer} from {@code start}. */
    public InfoBlockSize wrap(MemorySegment buffer, long start) {
        segment = buffer;
        offset = start;
        return this;
    }

    /** Information type. */
    public int type() {
        return Short.toUnsignedInt(segment.get(Wire.U16, offset + TYPE_OFFSET));
    }

    public InfoBlockSize type(int value) {
        segment.set(Wire.U16, offset + TYPE_OFFSET, (short) value);
        return this;
    }

    /** Smallest request in bytes. */
    public long minimum() {
        return Integer.toUnsignedLong(segment.get(Wire.U32, offset + MINIMUM_OFFSET));
    }

    public InfoBlockSize minimum(long value) {
        segment.set(Wire.U32, offset + MINIMUM_OFFSET, (int) value);
        return this;
    }

    /** Preferred request size in bytes. */
    public long preferred() {
        return Integer.toUnsignedLong(segment.get(Wire.U32, offset + PREFERRED_OFFSET));
    }

    public InfoBlockSize preferred(long value) {
        segment.set(Wire.U32, offset + PREFERRED_OFFSET, (int) value);
        return this;
    }

    /** Largest payload in bytes. */
    public long maximum() {
        return Integer.toUnsignedLong(segment.get(Wire.U32, offset + MAXIMUM_OFFSET));
    }

    public InfoBlockSize maximum(long value) {
        segment.set(Wire.U32, offset + MAXIMUM_OFFSET, (int) value);
        return this;
    }
}

package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;

/**
 * Data of an INFO reply that carries size and flags. Big-endian.
 *
 * <pre>
 *  offset size field          meaning
 *       0    2 type           {@link #TYPE}
 *       2    8 size           size of the export in bytes
 *      10    2 flags          see {@link TransmissionFlags}
 * </pre>
 *
 * Source: the NBD protocol, doc/proto.md. Owned by one thread.
 */
public final class InfoExport {

    /** NBD_INFO_EXPORT. */
    public static final int TYPE = 0;

    static final int TYPE_OFFSET = 0;
    static final int SIZE_OFFSET = TYPE_OFFSET + Short.BYTES;
    static final int FLAGS_OFFSET = SIZE_OFFSET + Long.BYTES;

    /** Length in bytes. */
    public static final int BYTES = FLAGS_OFFSET + Short.BYTES;

    private MemorySegment segment;
    private long offset;

    /** Looks at {@code buffer} from {@code start}. */
    public InfoExport wrap(MemorySegment buffer, long start) {
        segment = buffer;
        offset = start;
        return this;
    }

    /** Information type. */
    public int type() {
        return Short.toUnsignedInt(segment.get(Wire.U16, offset + TYPE_OFFSET));
    }

    public InfoExport type(int value) {
        segment.set(Wire.U16, offset + TYPE_OFFSET, (short) value);
        return this;
    }

    /** Size in bytes. */
    public long size() {
        return segment.get(Wire.U64, offset + SIZE_OFFSET);
    }

    public InfoExport size(long value) {
        segment.set(Wire.U64, offset + SIZE_OFFSET, value);
        return this;
    }

    /** Transmission flags. */
    public int flags() {
        return Short.toUnsignedInt(segment.get(Wire.U16, offset + FLAGS_OFFSET));
    }

    public InfoExport flags(int value) {
        segment.set(Wire.U16, offset + FLAGS_OFFSET, (short) value);
        return this;
    }
}

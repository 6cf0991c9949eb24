package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;

/**
 * The only reply to EXPORT_NAME; transmission follows. Big-endian.
 *
 * <pre>
 *  offset size field          meaning
 *       0    8 size           size of the export in bytes
 *       8    2 flags          see {@link TransmissionFlags}
 *      10  124 zeroes         left out when both sides set NO_ZEROES
 * </pre>
 *
 * Source: the NBD protocol, doc/proto.md. Owned by one thread.
 */
public final class ExportNameReply {

    /** Length in bytes of the padding. */
    public static final int PADDING_BYTES = 124;

    static final int SIZE_OFFSET = 0;
    static final int FLAGS_OFFSET = SIZE_OFFSET + Long.BYTES;

    /** Length in bytes of the fixed part. */
    public static final int BYTES = FLAGS_OFFSET + Short.BYTES;

    private MemorySegment segment;
    private long offset;

    /** Looks at {@code buffer} from {@code start}. */
    public ExportNameReply wrap(MemorySegment buffer, long start) {
        segment = buffer;
        offset = start;
        return this;
    }

    /** Size in bytes. */
    public long size() {
        return segment.get(Wire.U64, offset + SIZE_OFFSET);
    }

    public ExportNameReply size(long value) {
        segment.set(Wire.U64, offset + SIZE_OFFSET, value);
        return this;
    }

    /** Transmission flags. */
    public int flags() {
        return Short.toUnsignedInt(segment.get(Wire.U16, offset + FLAGS_OFFSET));
    }

    public ExportNameReply flags(int value) {
        segment.set(Wire.U16, offset + FLAGS_OFFSET, (short) value);
        return this;
    }
}

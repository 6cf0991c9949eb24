package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;

/**
 * Header of every reply to an option, except to EXPORT_NAME. Big-endian.
 *
 * <pre>
 *  offset size field          meaning
 *       0    8 magic          {@link #MAGIC}
 *       8    4 option         the option replied to
 *      12    4 type           see {@link NbdReply}
 *      16    4 length         bytes of data, unsigned
 *      20      data           as long as {@code length} says
 * </pre>
 *
 * Source: the NBD protocol, doc/proto.md. Owned by one thread.
 */
public final class OptionReplyHeader {

    /** Magic number of option replies. */
    public static final long MAGIC = 0x0003e889045565a9L;

    static final int MAGIC_OFFSET = 0;
    static final int OPTION_OFFSET = MAGIC_OFFSET + Long.BYTES;
    static final int TYPE_OFFSET = OPTION_OFFSET + Integer.BYTES;
    static final int LENGTH_OFFSET = TYPE_OFFSET + Integer.BYTES;

    /** Length in bytes of the fixed part. */
    public static final int BYTES = LENGTH_OFFSET + Integer.BYTES;

    private MemorySegment segment;
    private long offset;

    /** Looks at {@code buffer} from {@code start}. */
    public OptionReplyHeader wrap(MemorySegment buffer, long start) {
        segment = buffer;
        offset = start;
        return this;
    }

    /** Magic number. */
    public long magic() {
        return segment.get(Wire.U64, offset + MAGIC_OFFSET);
    }

    public OptionReplyHeader magic(long value) {
        segment.set(Wire.U64, offset + MAGIC_OFFSET, value);
        return this;
    }

    /** Option number. */
    public int option() {
        return segment.get(Wire.U32, offset + OPTION_OFFSET);
    }

    public OptionReplyHeader option(int value) {
        segment.set(Wire.U32, offset + OPTION_OFFSET, value);
        return this;
    }

    /** Reply type. */
    public int type() {
        return segment.get(Wire.U32, offset + TYPE_OFFSET);
    }

    public OptionReplyHeader type(int value) {
        segment.set(Wire.U32, offset + TYPE_OFFSET, value);
        return this;
    }

    /** Length of the data in bytes. */
    public long length() {
        return Integer.toUnsignedLong(segment.get(Wire.U32, offset + LENGTH_OFFSET));
    }

    public OptionReplyHeader length(long value) {
        segment.set(Wire.U32, offset + LENGTH_OFFSET, (int) value);
        return this;
    }
}

package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;

/**
 * Header of every request in transmission once extended headers were agreed. Big-endian.
 *
 * <pre>
 *  offset size field          meaning
 *       0    4 magic          {@link #MAGIC}
 *       4    2 flags          see {@link CommandFlags}
 *       6    2 type           see {@link NbdCommand}
 *       8    8 requestCookie  chosen by the client, repeated in the reply
 *      16    8 fromOffset     first byte in the export, unsigned; repeated in the reply
 *      24    8 length         bytes, unsigned: of the payload with {@link CommandFlags#PAYLOAD_LEN}, else of the range
 *      32      payload        only with {@link CommandFlags#PAYLOAD_LEN}, {@code length} bytes
 * </pre>
 *
 * Source: the NBD protocol, doc/proto.md, its extension EXTENDED_HEADERS. Owned by one thread.
 */
public final class ExtendedRequestHeader {

    /** Magic number of extended requests. */
    public static final int MAGIC = 0x21e41c71;

    static final int MAGIC_OFFSET = 0;
    static final int FLAGS_OFFSET = MAGIC_OFFSET + Integer.BYTES;
    static final int TYPE_OFFSET = FLAGS_OFFSET + Short.BYTES;
    static final int REQUEST_COOKIE_OFFSET = TYPE_OFFSET + Short.BYTES;
    static final int FROM_OFFSET_OFFSET = REQUEST_COOKIE_OFFSET + Long.BYTES;
    static final int LENGTH_OFFSET = FROM_OFFSET_OFFSET + Long.BYTES;

    /** Length in bytes of the fixed part. */
    public static final int BYTES = LENGTH_OFFSET + Long.BYTES;

    private MemorySegment segment;
    private long offset;

    /** Looks at {@code buffer} from {@code start}. */
    public ExtendedRequestHeader wrap(MemorySegment buffer, long start) {
        segment = buffer;
        offset = start;
        return this;
    }

    /** Magic number. */
    public int magic() {
        return segment.get(Wire.U32, offset + MAGIC_OFFSET);
    }

    public ExtendedRequestHeader magic(int value) {
        segment.set(Wire.U32, offset + MAGIC_OFFSET, value);
        return this;
    }

    /** Command flags. */
    public int flags() {
        return Short.toUnsignedInt(segment.get(Wire.U16, offset + FLAGS_OFFSET));
    }

    public ExtendedRequestHeader flags(int value) {
        segment.set(Wire.U16, offset + FLAGS_OFFSET, (short) value);
        return this;
    }

    /** Command. */
    public int type() {
        return Short.toUnsignedInt(segment.get(Wire.U16, offset + TYPE_OFFSET));
    }

    public ExtendedRequestHeader type(int value) {
        segment.set(Wire.U16, offset + TYPE_OFFSET, (short) value);
        return this;
    }

    /** Request cookie. */
    public long requestCookie() {
        return segment.get(Wire.U64, offset + REQUEST_COOKIE_OFFSET);
    }

    public ExtendedRequestHeader requestCookie(long value) {
        segment.set(Wire.U64, offset + REQUEST_COOKIE_OFFSET, value);
        return this;
    }

    /** First byte in the export; negative where the unsigned value is beyond any export. */
    public long fromOffset() {
        return segment.get(Wire.U64, offset + FROM_OFFSET_OFFSET);
    }

    public ExtendedRequestHeader fromOffset(long value) {
        segment.set(Wire.U64, offset + FROM_OFFSET_OFFSET, value);
        return this;
    }

    /** Length in bytes; negative stands for 2^63 and more. */
    public long length() {
        return segment.get(Wire.U64, offset + LENGTH_OFFSET);
    }

    public ExtendedRequestHeader length(long value) {
        segment.set(Wire.U64, offset + LENGTH_OFFSET, value);
        return this;
    }
}

package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;

/**
 * Header of every request in transmission. Big-endian.
 *
 * <pre>
 *  offset size field          meaning
 *       0    4 magic          {@link #MAGIC}
 *       4    2 flags          see {@link CommandFlags}
 *       6    2 type           see {@link NbdCommand}
 *       8    8 requestCookie  chosen by the client, repeated in the reply
 *      16    8 fromOffset     first byte in the export, unsigned
 *      24    4 length         bytes, unsigned
 *      28      payload        only of WRITE, {@code length} bytes
 * </pre>
 *
 * Source: the NBD protocol, doc/proto.md. Owned by one thread.
 */
public final class RequestHeader {

    /** Magic number of requests. */
    public static final int MAGIC = 0x25609513;

    static final int MAGIC_OFFSET = 0;
    static final int FLAGS_OFFSET = MAGIC_OFFSET + Integer.BYTES;
    static final int TYPE_OFFSET = FLAGS_OFFSET + Short.BYTES;
    static final int REQUEST_COOKIE_OFFSET = TYPE_OFFSET + Short.BYTES;
    static final int FROM_OFFSET_OFFSET = REQUEST_COOKIE_OFFSET + Long.BYTES;
    static final int LENGTH_OFFSET = FROM_OFFSET_OFFSET + Long.BYTES;

    /** Length in bytes of the fixed part. */
    public static final int BYTES = LENGTH_OFFSET + Integer.BYTES;

    private MemorySegment segment;
    private long offset;

    /** Looks at {@code buffer} from {@code start}. */
    public RequestHeader wrap(MemorySegment buffer, long start) {
        segment = buffer;
        offset = start;
        return this;
    }

    /** Magic number. */
    public int magic() {
        return segment.get(Wire.U32, offset + MAGIC_OFFSET);
    }

    public RequestHeader magic(int value) {
        segment.set(Wire.U32, offset + MAGIC_OFFSET, value);
        return this;
    }

    /** Command flags. */
    public int flags() {
        return Short.toUnsignedInt(segment.get(Wire.U16, offset + FLAGS_OFFSET));
    }

    public RequestHeader flags(int value) {
        segment.set(Wire.U16, offset + FLAGS_OFFSET, (short) value);
        return this;
    }

    /** Command. */
    public int type() {
        return Short.toUnsignedInt(segment.get(Wire.U16, offset + TYPE_OFFSET));
    }

    public RequestHeader type(int value) {
        segment.set(Wire.U16, offset + TYPE_OFFSET, (short) value);
        return this;
    }

    /** Request cookie. */
    public long requestCookie() {
        return segment.get(Wire.U64, offset + REQUEST_COOKIE_OFFSET);
    }

    public RequestHeader requestCookie(long value) {
        segment.set(Wire.U64, offset + REQUEST_COOKIE_OFFSET, value);
        return this;
    }

    /** First byte in the export; negative where the unsigned value is beyond any export. */
    public long fromOffset() {
        return segment.get(Wire.U64, offset + FROM_OFFSET_OFFSET);
    }

    public RequestHeader fromOffset(long value) {
        segment.set(Wire.U64, offset + FROM_OFFSET_OFFSET, value);
        return this;
    }

    /** Length in bytes. */
    public long length() {
        return Integer.toUnsignedLong(segment.get(Wire.U32, offset + LENGTH_OFFSET));
    }

    public RequestHeader length(long value) {
        segment.set(Wire.U32, offset + LENGTH_OFFSET, (int) value);
        return this;
    }
}

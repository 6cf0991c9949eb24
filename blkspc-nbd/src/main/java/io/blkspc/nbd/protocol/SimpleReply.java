package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;

/**
 * Simple reply to a request. Big-endian.
 *
 * <pre>
 *  offset size field          meaning
 *       0    4 magic          {@link #MAGIC}
 *       4    4 error          0 or see {@link NbdError}
 *       8    8 requestCookie  repeated from the request
 *      16      data           only of a READ without error
 * </pre>
 *
 * Source: the NBD protocol, doc/proto.md. Owned by one thread.
 */
public final class SimpleReply {

    /** Magic number of simple replies. */
    public static final int MAGIC = 0x67446698;

    static final int MAGIC_OFFSET = 0;
    static final int ERROR_OFFSET = MAGIC_OFFSET + Integer.BYTES;
    static final int REQUEST_COOKIE_OFFSET = ERROR_OFFSET + Integer.BYTES;

    /** Length in bytes of the fixed part. */
    public static final int BYTES = REQUEST_COOKIE_OFFSET + Long.BYTES;

    private MemorySegment segment;
    private long offset;

    /** Looks at {@code buffer} from {@code start}. */
    public SimpleReply wrap(MemorySegment buffer, long start) {
        segment = buffer;
        offset = start;
        return this;
    }

    /** Magic number. */
    public int magic() {
        return segment.get(Wire.U32, offset + MAGIC_OFFSET);
    }

    public SimpleReply magic(int value) {
        segment.set(Wire.U32, offset + MAGIC_OFFSET, value);
        return this;
    }

    /** Error number. */
    public int error() {
        return segment.get(Wire.U32, offset + ERROR_OFFSET);
    }

    public SimpleReply error(int value) {
        segment.set(Wire.U32, offset + ERROR_OFFSET, value);
        return this;
    }

    /** Request cookie. */
    public long requestCookie() {
        return segment.get(Wire.U64, offset + REQUEST_COOKIE_OFFSET);
    }

    public SimpleReply requestCookie(long value) {
        segment.set(Wire.U64, offset + REQUEST_COOKIE_OFFSET, value);
        return this;
    }
}

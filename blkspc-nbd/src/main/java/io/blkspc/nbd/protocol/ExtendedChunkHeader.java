package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;

/**
 * Header of every chunk of a reply once extended headers were agreed. Big-endian.
 *
 * <pre>
 *  offset size field          meaning
 *       0    4 magic          {@link #MAGIC}
 *       4    2 flags          {@link ChunkHeader#DONE} on the last chunk of a reply
 *       6    2 type           the types of {@link ChunkHeader}
 *       8    8 requestCookie  repeated from the request
 *      16    8 requestOffset  repeated from the request, whatever the chunk is about
 *      24    8 length         bytes of data
 *      32      data           as long as {@code length} says
 * </pre>
 *
 * Source: the NBD protocol, doc/proto.md, its extension EXTENDED_HEADERS. Owned by one thread.
 */
public final class ExtendedChunkHeader {

    /** Magic number of extended chunks. */
    public static final int MAGIC = 0x6e8a278c;

    static final int MAGIC_OFFSET = 0;
    static final int FLAGS_OFFSET = MAGIC_OFFSET + Integer.BYTES;
    static final int TYPE_OFFSET = FLAGS_OFFSET + Short.BYTES;
    static final int REQUEST_COOKIE_OFFSET = TYPE_OFFSET + Short.BYTES;
    static final int REQUEST_OFFSET_OFFSET = REQUEST_COOKIE_OFFSET + Long.BYTES;
    static final int LENGTH_OFFSET = REQUEST_OFFSET_OFFSET + Long.BYTES;

    /** Length in bytes of the fixed part. */
    public static final int BYTES = LENGTH_OFFSET + Long.BYTES;

    private MemorySegment segment;
    private long offset;

    /** Looks at {@code buffer} from {@code start}. */
    public ExtendedChunkHeader wrap(MemorySegment buffer, long start) {
        segment = buffer;
        offset = start;
        return this;
    }

    /** Magic number. */
    public int magic() {
        return segment.get(Wire.U32, offset + MAGIC_OFFSET);
    }

    public ExtendedChunkHeader magic(int value) {
        segment.set(Wire.U32, offset + MAGIC_OFFSET, value);
        return this;
    }

    /** Chunk flags. */
    public int flags() {
        return Short.toUnsignedInt(segment.get(Wire.U16, offset + FLAGS_OFFSET));
    }

    public ExtendedChunkHeader flags(int value) {
        segment.set(Wire.U16, offset + FLAGS_OFFSET, (short) value);
        return this;
    }

    /** Chunk type. */
    public int type() {
        return Short.toUnsignedInt(segment.get(Wire.U16, offset + TYPE_OFFSET));
    }

    public ExtendedChunkHeader type(int value) {
        segment.set(Wire.U16, offset + TYPE_OFFSET, (short) value);
        return this;
    }

    /** Request cookie. */
    public long requestCookie() {
        return segment.get(Wire.U64, offset + REQUEST_COOKIE_OFFSET);
    }

    public ExtendedChunkHeader requestCookie(long value) {
        segment.set(Wire.U64, offset + REQUEST_COOKIE_OFFSET, value);
        return this;
    }

    /** Offset of the request. */
    public long requestOffset() {
        return segment.get(Wire.U64, offset + REQUEST_OFFSET_OFFSET);
    }

    public ExtendedChunkHeader requestOffset(long value) {
        segment.set(Wire.U64, offset + REQUEST_OFFSET_OFFSET, value);
        return this;
    }

    /** Length of the data in bytes. */
    public long length() {
        return segment.get(Wire.U64, offset + LENGTH_OFFSET);
    }

    public ExtendedChunkHeader length(long value) {
        segment.set(Wire.U64, offset + LENGTH_OFFSET, value);
        return this;
    }
}

package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;

/**
 * Header of every chunk of a structured reply. Big-endian.
 *
 * <pre>
 *  offset size field          meaning
 *       0    4 magic          {@link #MAGIC}
 *       4    2 flags          {@link #DONE} on the last chunk of a reply
 *       6    2 type           {@link #NONE}, {@link #OFFSET_DATA} ...
 *       8    8 requestCookie  repeated from the request
 *      16    4 length         bytes of data, unsigned
 *      20      data           as long as {@code length} says
 * </pre>
 *
 * Source: the NBD protocol, doc/proto.md. Owned by one thread.
 */
public final class ChunkHeader {

    /** Magic number of chunks. */
    public static final int MAGIC = 0x668e33ef;

    /** Flag: no more chunks of this reply. */
    public static final int DONE = 1;

    /** Type: no data; only with {@link #DONE}. */
    public static final int NONE = 0;

    /** Type: {@link OffsetData}. */
    public static final int OFFSET_DATA = 1;

    /** Type: {@link OffsetHole}. */
    public static final int OFFSET_HOLE = 2;

    /** Type: {@link BlockStatus}. */
    public static final int BLOCK_STATUS = 5;

    /** Type: {@link ExtendedBlockStatus}; only in an {@link ExtendedChunkHeader}. */
    public static final int BLOCK_STATUS_EXT = 6;

    /** Type: {@link ChunkError}. */
    public static final int ERROR = 0x8001;

    static final int MAGIC_OFFSET = 0;
    static final int FLAGS_OFFSET = MAGIC_OFFSET + Integer.BYTES;
    static final int TYPE_OFFSET = FLAGS_OFFSET + Short.BYTES;
    static final int REQUEST_COOKIE_OFFSET = TYPE_OFFSET + Short.BYTES;
    static final int LENGTH_OFFSET = REQUEST_COOKIE_OFFSET + Long.BYTES;

    /** Length in bytes of the fixed part. */
    public static final int BYTES = LENGTH_OFFSET + Integer.BYTES;

    private MemorySegment segment;
    private long offset;

    /** Looks at {@code buffer} from {@code start}. */
    public ChunkHeader wrap(MemorySegment buffer, long start) {
        segment = buffer;
        offset = start;
        return this;
    }

    /** Magic number. */
    public int magic() {
        return segment.get(Wire.U32, offset + MAGIC_OFFSET);
    }

    public ChunkHeader magic(int value) {
        segment.set(Wire.U32, offset + MAGIC_OFFSET, value);
        return this;
    }

    /** Chunk flags. */
    public int flags() {
        return Short.toUnsignedInt(segment.get(Wire.U16, offset + FLAGS_OFFSET));
    }

    public ChunkHeader flags(int value) {
        segment.set(Wire.U16, offset + FLAGS_OFFSET, (short) value);
        return this;
    }

    /** Chunk type. */
    public int type() {
        return Short.toUnsignedInt(segment.get(Wire.U16, offset + TYPE_OFFSET));
    }

    public ChunkHeader type(int value) {
        segment.set(Wire.U16, offset + TYPE_OFFSET, (short) value);
        return this;
    }

    /** Request cookie. */
    public long requestCookie() {
        return segment.get(Wire.U64, offset + REQUEST_COOKIE_OFFSET);
    }

    public ChunkHeader requestCookie(long value) {
        segment.set(Wire.U64, offset + REQUEST_COOKIE_OFFSET, value);
        return this;
    }

    /** Length of the data in bytes. */
    public long length() {
        return Integer.toUnsignedLong(segment.get(Wire.U32, offset + LENGTH_OFFSET));
    }

    public ChunkHeader length(long value) {
        segment.set(Wire.U32, offset + LENGTH_OFFSET, (int) value);
        return this;
    }
}

package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;

/**
 * Data of a chunk that reports an error. Big-endian.
 *
 * <pre>
 *  offset size field          meaning
 *       0    4 error          see {@link NbdError}, not 0
 *       4    2 messageLength  bytes of the message
 *       6      message        UTF-8, as long as {@code messageLength} says
 * </pre>
 *
 * Source: the NBD protocol, doc/proto.md. Owned by one thread.
 */
public final class ChunkError {

    static final int ERROR_OFFSET = 0;
    static final int MESSAGE_LENGTH_OFFSET = ERROR_OFFSET + Integer.BYTES;

    /** Length in bytes of the fixed part. */
    public static final int BYTES = MESSAGE_LENGTH_OFFSET + Short.BYTES;

    private MemorySegment segment;
    private long offset;

    /** Looks at {@code buffer} from {@code start}. */
    public ChunkError wrap(MemorySegment buffer, long start) {
        segment = buffer;
        offset = start;
        return this;
    }

    /** Error number. */
    public int error() {
        return segment.get(Wire.U32, offset + ERROR_OFFSET);
    }

    public ChunkError error(int value) {
        segment.set(Wire.U32, offset + ERROR_OFFSET, value);
        return this;
    }

    /** Length of the message in bytes. */
    public int messageLength() {
        return Short.toUnsignedInt(segment.get(Wire.U16, offset + MESSAGE_LENGTH_OFFSET));
    }

    public ChunkError messageLength(int value) {
        segment.set(Wire.U16, offset + MESSAGE_LENGTH_OFFSET, (short) value);
        return this;
    }
}

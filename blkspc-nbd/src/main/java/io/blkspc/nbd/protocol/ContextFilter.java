package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;

/**
 * Payload of a BLOCK_STATUS that names the contexts it wants. Big-endian.
 *
 * <pre>
 *  offset size field          meaning
 *       0    8 length         bytes of the range, unsigned
 *       8   4n contextIds     as told by SET_META_CONTEXT, each at most once
 * </pre>
 *
 * Source: the NBD protocol, doc/proto.md, its extension EXTENDED_HEADERS. Owned by one thread.
 */
public final class ContextFilter {

    static final int LENGTH_OFFSET = 0;
    static final int CONTEXT_IDS_OFFSET = LENGTH_OFFSET + Long.BYTES;

    /** Shortest payload that can be answered, in bytes. */
    public static final int MIN_BYTES = CONTEXT_IDS_OFFSET + Integer.BYTES;

    /** Longest: every context of this server once. */
    public static final int MAX_BYTES =
            CONTEXT_IDS_OFFSET + (MetaContext.count() + DirtyBitmap.MAX_CHOSEN) * Integer.BYTES;

    private MemorySegment segment;
    private long offset;

    /** Looks at {@code buffer} from {@code start}. */
    public ContextFilter wrap(MemorySegment buffer, long start) {
        segment = buffer;
        offset = start;
        return this;
    }

    /** {@code true} for a payload of a length that this server can answer. */
    public static boolean isPossible(long payloadBytes) {
        return payloadBytes >= MIN_BYTES
                && payloadBytes <= MAX_BYTES
                && (payloadBytes - CONTEXT_IDS_OFFSET) % Integer.BYTES == 0;
    }

    /** Length of the range in bytes; negative stands for 2^63 and more. */
    public long length() {
        return segment.get(Wire.U64, offset + LENGTH_OFFSET);
    }

    /**
     * The contexts named by a payload of {@code payloadBytes}.
     *
     * @param chosen the set that was agreed
     * @return a subset of it, or 0 when an id is not in it or is there twice
     */
    public int contexts(long payloadBytes, int chosen) {
        int named = 0;
        for (long at = CONTEXT_IDS_OFFSET; at < payloadBytes; at += Integer.BYTES) {
            int id = segment.get(Wire.U32, offset + at);
            int bit = id >= 1 && id <= Integer.SIZE ? 1 << (id - 1) : 0;
            if ((chosen & ~named & bit) == 0) {
                return 0;
            }
            named |= bit;
        }
        return named;
    }
}

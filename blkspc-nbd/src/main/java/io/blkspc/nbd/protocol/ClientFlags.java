package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;

/**
 * Answer of the client to {@link ServerGreeting}. Big-endian.
 *
 * <pre>
 *  offset size field          meaning
 *       0    4 flags          the flags of the greeting that the client also supports; others are refused
 * </pre>
 *
 * Source: the NBD protocol, doc/proto.md. Owned by one thread.
 */
public final class ClientFlags {

    /** All flags a client may set; an unknown one ends the connection. */
    public static final int KNOWN = ServerGreeting.FIXED_NEWSTYLE | ServerGreeting.NO_ZEROES;

    static final int FLAGS_OFFSET = 0;

    /** Length in bytes. */
    public static final int BYTES = FLAGS_OFFSET + Integer.BYTES;

    private MemorySegment segment;
    private long offset;

    /** Looks at {@code buffer} from {@code start}. */
    public ClientFlags wrap(MemorySegment buffer, long start) {
        segment = buffer;
        offset = start;
        return this;
    }

    /** Handshake flags. */
    public int flags() {
        return segment.get(Wire.U32, offset + FLAGS_OFFSET);
    }

    public ClientFlags flags(int value) {
        segment.set(Wire.U32, offset + FLAGS_OFFSET, value);
        return this;
    }
}

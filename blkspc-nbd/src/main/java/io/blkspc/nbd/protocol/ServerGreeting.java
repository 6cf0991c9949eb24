package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;

/**
 * First bytes of a server in the fixed newstyle handshake. Big-endian.
 *
 * <pre>
 *  offset size field          meaning
 *       0    8 magic          {@link #MAGIC}, "NBDMAGIC"
 *       8    8 optionMagic    {@link OptionHeader#MAGIC}, "IHAVEOPT"
 *      16    2 flags          {@link #FIXED_NEWSTYLE}, {@link #NO_ZEROES}
 * </pre>
 *
 * Source: the NBD protocol, doc/proto.md. Owned by one thread.
 */
public final class ServerGreeting {

    /** "NBDMAGIC". */
    public static final long MAGIC = 0x4e42444d41474943L;

    /** The server understands options after an error. */
    public static final int FIXED_NEWSTYLE = 1;

    /** The server can leave out the padding of {@link ExportNameReply}. */
    public static final int NO_ZEROES = 1 << 1;

    static final int MAGIC_OFFSET = 0;
    static final int OPTION_MAGIC_OFFSET = MAGIC_OFFSET + Long.BYTES;
    static final int FLAGS_OFFSET = OPTION_MAGIC_OFFSET + Long.BYTES;

    /** Length in bytes. */
    public static final int BYTES = FLAGS_OFFSET + Short.BYTES;

    private MemorySegment segment;
    private long offset;

    /** Looks at {@code buffer} from {@code start}. */
    public ServerGreeting wrap(MemorySegment buffer, long start) {
        segment = buffer;
        offset = start;
        return this;
    }

    /** Magic number. */
    public long magic() {
        return segment.get(Wire.U64, offset + MAGIC_OFFSET);
    }

    public ServerGreeting magic(long value) {
        segment.set(Wire.U64, offset + MAGIC_OFFSET, value);
        return this;
    }

    /** Second magic number. */
    public long optionMagic() {
        return segment.get(Wire.U64, offset + OPTION_MAGIC_OFFSET);
    }

    public ServerGreeting optionMagic(long value) {
        segment.set(Wire.U64, offset + OPTION_MAGIC_OFFSET, value);
        return this;
    }

    /** Handshake flags. */
    public int flags() {
        return Short.toUnsignedInt(segment.get(Wire.U16, offset + FLAGS_OFFSET));
    }

    public ServerGreeting flags(int value) {
        segment.set(Wire.U16, offset + FLAGS_OFFSET, (short) value);
        return this;
    }
}

package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;

/**
 * Header of every option a client sends before transmission. Big-endian.
 *
 * <pre>
 *  offset size field          meaning
 *       0    8 magic          {@link #MAGIC}, "IHAVEOPT"
 *       8    4 option         see {@link NbdOption}
 *      12    4 length         bytes of data, unsigned
 *      16      data           as long as {@code length} says
 * </pre>
 *
 * Source: the NBD protocol, doc/proto.md. Owned by one thread.
 */
public final class OptionHeader {

    /** "IHAVEOPT". */
    public static final long MAGIC = 0x49484156454f5054L;

    static final int MAGIC_OFFSET = 0;
    static final int OPTION_OFFSET = MAGIC_OFFSET + Long.BYTES;
    static final int LENGTH_OFFSET = OPTION_OFFSET + Integer.BYTES;

    /** Length in bytes of the fixed part. */
    public static final int BYTES = LENGTH_OFFSET + Integer.BYTES;

    private MemorySegment segment;
    private long offset;

    /** Looks at {@code buffer} from {@code start}. */
    public OptionHeader wrap(MemorySegment buffer, long start) {
        segment = buffer;
        offset = start;
        return this;
    }

    /** Magic number. */
    public long magic() {
        return segment.get(Wire.U64, offset + MAGIC_OFFSET);
    }

    public OptionHeader magic(long value) {
        segment.set(Wire.U64, offset + MAGIC_OFFSET, value);
        return this;
    }

    /** Option number. */
    public int option() {
        return segment.get(Wire.U32, offset + OPTION_OFFSET);
    }

    public OptionHeader option(int value) {
        segment.set(Wire.U32, offset + OPTION_OFFSET, value);
        return this;
    }

    /** Length of the data in bytes. */
    public long length() {
        return Integer.toUnsignedLong(segment.get(Wire.U32, offset + LENGTH_OFFSET));
    }

    public OptionHeader length(long value) {
        segment.set(Wire.U32, offset + LENGTH_OFFSET, (int) value);
        return this;
    }
}

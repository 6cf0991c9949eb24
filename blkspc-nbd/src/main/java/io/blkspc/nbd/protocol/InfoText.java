package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;

/**
 * Data of an INFO reply that carries text. Big-endian.
 *
 * <pre>
 *  offset size field          meaning
 *       0    2 type           {@link NbdInfo}
 *       2      text           UTF-8, the rest of the reply
 * </pre>
 */
public final class InfoText {

    static final int TEXT_OFFSET = Short.BYTES;

    private InfoText() {}

    /** Writes it and returns its length in bytes. */
    public static int write(MemorySegment buffer, long start, int type, String text) {
        buffer.set(Wire.U16, start, (short) type);
        return (int) (OptionText.write(buffer, start + TEXT_OFFSET, OptionText.encode(text)) - start);
    }
}

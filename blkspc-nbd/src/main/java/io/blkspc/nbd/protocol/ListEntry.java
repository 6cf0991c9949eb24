package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;

/**
 * Data of a SERVER reply: one export of a list. Big-endian.
 *
 * <pre>
 *  offset size field          meaning
 *       0    4 nameLength     bytes of the name
 *       4      name           UTF-8
 *     4+n      description    UTF-8, the rest of the reply
 * </pre>
 */
public final class ListEntry {

    static final int NAME_OFFSET = Integer.BYTES;

    private ListEntry() {}

    /** Writes it and returns its length in bytes. */
    public static int write(MemorySegment buffer, long start, String name, String description) {
        byte[] nameBytes = OptionText.encode(name);
        buffer.set(Wire.U32, start, nameBytes.length);
        long end = OptionText.write(buffer, start + NAME_OFFSET, nameBytes);
        return (int) (OptionText.write(buffer, end, OptionText.encode(description)) - start);
    }
}

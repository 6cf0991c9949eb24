package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;

/**
 * Data of a META_CONTEXT reply. Big-endian.
 *
 * <pre>
 *  offset size field          meaning
 *       0    4 contextId      repeated in {@link BlockStatus}; 0 in a list
 *       4      name           UTF-8, the rest of the reply
 * </pre>
 */
public final class MetaContextReply {

    static final int NAME_OFFSET = Integer.BYTES;

    private MetaContextReply() {}

    /** Writes it and returns its length in bytes. */
    public static int write(MemorySegment buffer, long start, int contextId, String name) {
        buffer.set(Wire.U32, start, contextId);
        return (int) (OptionText.write(buffer, start + NAME_OFFSET, OptionText.encode(name)) - start);
    }
}

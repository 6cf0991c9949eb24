package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Data of the options LIST_META_CONTEXT and SET_META_CONTEXT. Big-endian.
 *
 * <pre>
 *  offset size field          meaning
 *       0    4 nameLength     bytes of the export name, unsigned
 *       4      name           UTF-8
 *     4+n    4 count          number of queries, unsigned
 *     8+n      queries        each 4 bytes of length, then UTF-8
 * </pre>
 *
 * Valid if and only if the queries end exactly where the option ends.
 *
 * @param name the export asked for, or {@code null} when it is not a string that could name one
 * @param queries what was asked for; those that are no string of the protocol are left out
 * @param queryCount number of queries, also those left out
 */
public record MetaContextRequest(String name, List<String> queries, long queryCount) {

    static final int NAME_OFFSET = Integer.BYTES;

    /** Reads it, or returns {@code null} when lengths do not agree. */
    public static MetaContextRequest read(MemorySegment buffer, long start, long length) {
        if (length < NAME_OFFSET + Integer.BYTES) {
            return null;
        }
        long end = start + length;
        long nameLength = Integer.toUnsignedLong(buffer.get(Wire.U32, start));
        if (nameLength > length - NAME_OFFSET - Integer.BYTES) {
            return null;
        }
        String name = OptionText.read(buffer, start + NAME_OFFSET, nameLength);
        long at = start + NAME_OFFSET + nameLength;
        long count = Integer.toUnsignedLong(buffer.get(Wire.U32, at));
        at += Integer.BYTES;
        List<String> queries = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            if (end - at < Integer.BYTES) {
                return null;
            }
            long queryLength = Integer.toUnsignedLong(buffer.get(Wire.U32, at));
            at += Integer.BYTES;
            if (queryLength > end - at) {
                return null;
            }
            String query = OptionText.read(buffer, at, queryLength);
            if (query != null) {
                queries.add(query);
            }
            at += queryLength;
        }
        return at == end ? new MetaContextRequest(name, List.copyOf(queries), count) : null;
    }
}

package io.blkspc.nbd.protocol;

import java.lang.foreign.MemorySegment;

/**
 * Data of the options INFO and GO. Big-endian.
 *
 * <pre>
 *  offset size field          meaning
 *       0    4 nameLength     bytes of the name, unsigned
 *       4      name           UTF-8; empty asks for the default export
 *     4+n    2 count          number of information types
 *     6+n   2c types          unknown ones are ignored
 * </pre>
 *
 * Valid if and only if the option's length is exactly 6 + nameLength + 2 × count and the name is a string of the protocol.
 *
 * @param name the export asked for, or {@code null} when it is not a string that could name one
 * @param wantsName INFO_NAME was asked for
 * @param wantsDescription INFO_DESCRIPTION was asked for
 * @param wantsBlockSize INFO_BLOCK_SIZE was asked for
 */
public record InfoRequest(String name, boolean wantsName, boolean wantsDescription, boolean wantsBlockSize) {

    static final int NAME_OFFSET = Integer.BYTES;

    /** Reads it, or returns {@code null} when lengths do not agree. */
    public static InfoRequest read(MemorySegment buffer, long start, long length) {
        if (length < NAME_OFFSET + Short.BYTES) {
            return null;
        }
        long nameLength = Integer.toUnsignedLong(buffer.get(Wire.U32, start));
        if (nameLength > length - NAME_OFFSET - Short.BYTES) {
            return null;
        }
        long countOffset = start + NAME_OFFSET + nameLength;
        int count = Short.toUnsignedInt(buffer.get(Wire.U16, countOffset));
        if (length != NAME_OFFSET + nameLength + Short.BYTES + (long) count * Short.BYTES) {
            return null;
        }
        String name = OptionText.read(buffer, start + NAME_OFFSET, nameLength);
        boolean wantsName = false;
        boolean wantsDescription = false;
        boolean wantsBlockSize = false;
        for (int i = 0; i < count; i++) {
            int type = Short.toUnsignedInt(buffer.get(Wire.U16, countOffset + Short.BYTES + (long) i * Short.BYTES));
            wantsName |= type == NbdInfo.NAME;
            wantsDescription |= type == NbdInfo.DESCRIPTION;
            wantsBlockSize |= type == InfoBlockSize.TYPE;
        }
        return new InfoRequest(name, wantsName, wantsDescription, wantsBlockSize);
    }
}

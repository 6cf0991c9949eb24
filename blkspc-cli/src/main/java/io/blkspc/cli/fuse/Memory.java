package io.blkspc.cli.fuse;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;

/** Memory by address, as a C library hands it out: whoever uses an address vouches for it. Pointers are longs, so that a request makes no object for them. */
final class Memory {

    /** All of it: an offset is an address. */
    static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private Memory() {}

    /** The bytes of a C string, without its zero. */
    static byte[] string(long address) {
        long end = address;
        while (ALL.get(JAVA_BYTE, end) != 0) {
            end++;
        }
        return bytes(address, end - address);
    }

    static byte[] bytes(long address, long count) {
        return ALL.asSlice(address, count).toArray(JAVA_BYTE);
    }
}

package io.blkspc.api.client;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Byte arrays to native memory and back. */
final class Native {

    private Native() {}

    static MemorySegment of(byte[] bytes) {
        MemorySegment segment = Arena.ofAuto().allocate(Math.max(1, bytes.length));
        MemorySegment.copy(bytes, 0, segment, JAVA_BYTE, 0, bytes.length);
        return segment;
    }

    static byte[] read(SpaceIo io, long offset, int length) {
        MemorySegment segment = Arena.ofAuto().allocate(Math.max(1, length));
        segment.fill((byte) 0xA5);
        io.read(offset, length, segment, 0);
        return segment.asSlice(0, length).toArray(JAVA_BYTE);
    }
}

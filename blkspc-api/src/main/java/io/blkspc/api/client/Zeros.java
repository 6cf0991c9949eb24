package io.blkspc.api.client;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Native zeros, shared by everyone and never written. */
final class Zeros {

    static final int BYTES = 64 * 1024;

    static final MemorySegment SEGMENT = Arena.global().allocate(BYTES, 4096).asReadOnly();

    private Zeros() {}

    /** Zeros {@code length} bytes of {@code target} from {@code start}; allocates nothing. */
    static void copyTo(MemorySegment target, long start, long length) {
        for (long done = 0; done < length; done += BYTES) {
            MemorySegment.copy(SEGMENT, 0, target, start + done, Math.min(BYTES, length - done));
        }
    }
}

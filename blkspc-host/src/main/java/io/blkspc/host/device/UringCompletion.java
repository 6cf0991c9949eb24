package io.blkspc.host.device;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/**
 * {@code struct io_uring_cqe} (linux/io_uring.h), one entry of the completion queue.
 *
 * <pre>
 * offset size
 *      0    8  user_data         of the entry that is complete
 *      8    4  res               what the operation returned: bytes or events, or minus errno
 *     12    4  flags             not used
 * </pre>
 */
final class UringCompletion {

    static final int BYTES = 16;

    private UringCompletion() {}

    static long userData(MemorySegment rings, long at) {
        return rings.get(JAVA_LONG, at);
    }

    static int result(MemorySegment rings, long at) {
        return rings.get(JAVA_INT, at + 8);
    }
}

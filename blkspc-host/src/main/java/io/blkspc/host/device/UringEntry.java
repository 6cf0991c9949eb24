package io.blkspc.host.device;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/**
 * {@code struct io_uring_sqe} (linux/io_uring.h), one entry of the submission queue, for the two operations that are used.
 *
 * <pre>
 * offset size
 *      0    1  opcode            IORING_OP_...
 *      1    1  flags             0
 *      2    2  ioprio            0
 *      4    4  fd
 *      8    8  off               of a read: offset in the file
 *     16    8  addr              of a read: its memory
 *     24    4  len               of a read: bytes
 *     28    4  of a read: flags as of preadv2(2); of a poll: events as of poll(2)
 *     32    8  user_data         comes back with the completion
 *     40   24  0
 * </pre>
 */
final class UringEntry {

    static final int BYTES = 64;

    static final byte OP_POLL_ADD = 6;
    static final byte OP_READ = 22;

    private UringEntry() {}

    /** A read into {@code length} bytes at an address. */
    static void read(MemorySegment entry, int fd, long offset, long address, int length, long userData) {
        begin(entry, OP_READ, fd, userData);
        entry.set(JAVA_LONG, 8, offset);
        entry.set(JAVA_LONG, 16, address);
        entry.set(JAVA_INT, 24, length);
    }

    /** Completes once, when one of the events is there. */
    static void poll(MemorySegment entry, int fd, int events, long userData) {
        begin(entry, OP_POLL_ADD, fd, userData);
        entry.set(JAVA_INT, 28, events);
    }

    private static void begin(MemorySegment entry, byte opcode, int fd, long userData) {
        entry.fill((byte) 0);
        entry.set(JAVA_BYTE, 0, opcode);
        entry.set(JAVA_INT, 4, fd);
        entry.set(JAVA_LONG, 32, userData);
    }
}

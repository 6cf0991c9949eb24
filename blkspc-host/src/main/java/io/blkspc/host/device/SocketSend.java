package io.blkspc.host.device;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A thread's {@code struct msghdr} with two {@code struct iovec} behind it, as every 64-bit Linux has them. */
final class SocketSend {

    /** Of sendmsg: fail with EAGAIN rather than wait for the other side. */
    private static final int MSG_DONTWAIT = 0x40;

    /** Of sendmsg: a side that has left is an error, not a signal. */
    private static final int MSG_NOSIGNAL = 0x4000;

    private static final int VECTORS_AT = 16; // msg_iov, and msg_iovlen behind it
    private static final int HEADER_BYTES = 56;
    private static final int VECTOR_BYTES = 16;
    private static final ThreadLocal<SocketSend> OF_THREAD = ThreadLocal.withInitial(SocketSend::new);

    private final MemorySegment memory = Arena.ofAuto().allocate(HEADER_BYTES + 2 * VECTOR_BYTES, Long.BYTES);

    private SocketSend() {}

    /** The current thread's own. */
    static SocketSend ofThread() {
        return OF_THREAD.get();
    }

    /** Sends what the socket takes at once of two pieces of memory, the first of which may be empty: bytes, or minus errno. */
    long send(int descriptor, long first, long firstBytes, long second, long secondBytes) {
        vector(0, first, firstBytes);
        vector(1, second, secondBytes);
        int skip = firstBytes == 0 ? 1 : 0;
        memory.set(JAVA_LONG, VECTORS_AT, memory.address() + HEADER_BYTES + (long) skip * VECTOR_BYTES);
        memory.set(JAVA_LONG, VECTORS_AT + Long.BYTES, 2 - skip);
        return Posix.sendmsg(descriptor, memory.address(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }

    private void vector(int index, long address, long bytes) {
        long at = HEADER_BYTES + (long) index * VECTOR_BYTES;
        memory.set(JAVA_LONG, at, address);
        memory.set(JAVA_LONG, at + Long.BYTES, bytes);
    }
}

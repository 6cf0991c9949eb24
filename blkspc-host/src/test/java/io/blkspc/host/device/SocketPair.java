package io.blkspc.host.device;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Two stream sockets that are connected, by their descriptors: one to send to, the other to see what comes. */
public final class SocketPair implements AutoCloseable {

    private static final int AF_UNIX = 1;
    private static final int SOCK_STREAM = 1;
    private static final int MSG_DONTWAIT = 0x40;
    private static final MethodHandle SOCKETPAIR =
            handle("socketpair", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS));
    private static final MethodHandle RECV =
            handle("recv", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));

    private final Arena arena = Arena.ofShared();
    private final MemorySegment descriptors = arena.allocate(2 * Integer.BYTES, Integer.BYTES);
    private final MemorySegment received = arena.allocate(8 << 20);

    public SocketPair() throws Throwable {
        int result = (int) SOCKETPAIR.invokeExact(AF_UNIX, SOCK_STREAM, 0, descriptors);
        if (result < 0) {
            throw new IllegalStateException("socketpair failed");
        }
    }

    private static MethodHandle handle(String name, FunctionDescriptor descriptor) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().find(name).orElseThrow(), descriptor);
    }

    /** Where to send. */
    public int sender() {
        return descriptors.get(JAVA_INT, 0);
    }

    /** All that has come since the last call. */
    public byte[] take() throws Throwable {
        long count = 0;
        long more;
        do {
            more = (long) RECV.invokeExact(
                    descriptors.get(JAVA_INT, Integer.BYTES),
                    received.asSlice(count),
                    received.byteSize() - count,
                    MSG_DONTWAIT);
            count += Math.max(0, more);
        } while (more > 0);
        return received.asSlice(0, count).toArray(JAVA_BYTE);
    }

    /** Nobody will receive any more. */
    public void leave() {
        Posix.close(descriptors.get(JAVA_INT, Integer.BYTES));
    }

    @Override
    public void close() {
        Posix.close(sender());
        leave();
        arena.close();
    }
}

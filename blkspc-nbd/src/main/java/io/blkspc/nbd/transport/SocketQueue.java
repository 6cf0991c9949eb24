package io.blkspc.nbd.transport;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.Method;
import java.nio.channels.SocketChannel;
import java.util.function.IntSupplier;

/**
 * How many bytes the kernel holds for a reader of one socket, and from its writer: {@code ioctl(FIONREAD, SIOCOUTQ)}, see ioctl_list(2) and tcp(7) and unix(7). The
 * JDK does not tell; it does not give the descriptor either, except to those whom its module is open to. Where that is
 * not so, or the system is not Linux, there is no answer. One thread.
 */
final class SocketQueue implements IntSupplier {

    private static final long FIONREAD = 0x541b;
    private static final long SIOCOUTQ = 0x5411;
    private static final short POLLOUT = 4;
    private static final int POLL_BYTES = 8; // struct pollfd
    private static final MethodHandle IOCTL = handle();
    private static final MethodHandle POLL = pollHandle();

    private final int descriptor;
    private final MemorySegment polled = Arena.ofAuto().allocate(POLL_BYTES);
    private final MemorySegment answer = Arena.ofAuto().allocate(JAVA_INT);

    private SocketQueue(int descriptor) {
        this.descriptor = descriptor;
    }

    /** {@code null} where nobody can tell. */
    static SocketQueue of(SocketChannel channel) {
        int descriptor = IOCTL == null ? -1 : descriptorOf(channel);
        return descriptor < 0 ? null : new SocketQueue(descriptor);
    }

    int descriptor() {
        return descriptor;
    }

    @Override
    public int getAsInt() {
        return ask(FIONREAD);
    }

    /** Bytes the kernel holds that the other side has not taken, with what they cost it where it counts that; negative when unknown. */
    int unsent() {
        return ask(SIOCOUTQ);
    }

    /** Waits until the kernel takes bytes to send, or for so long; {@code true} when it does, or the socket has an error to tell. */
    @SuppressWarnings("checkstyle:IllegalCatch") // what invokeExact declares
    boolean awaitRoom(int millis) {
        polled.set(JAVA_INT, 0, descriptor);
        polled.set(JAVA_SHORT, Integer.BYTES, POLLOUT);
        try {
            return (int) POLL.invokeExact(polled, 1L, millis) > 0;
        } catch (Throwable t) {
            throw new AssertionError("poll throws nothing", t);
        }
    }

    @SuppressWarnings("checkstyle:IllegalCatch") // what invokeExact declares
    private int ask(long what) {
        try {
            int result = (int) IOCTL.invokeExact(descriptor, what, answer);
            return result < 0 ? -1 : answer.get(JAVA_INT, 0);
        } catch (Throwable t) {
            throw new AssertionError("ioctl throws nothing", t);
        }
    }

    private static int descriptorOf(SocketChannel channel) {
        try {
            Method method = channel.getClass().getMethod("getFDVal");
            method.setAccessible(true);
            return (int) method.invoke(channel);
        } catch (ReflectiveOperationException | InaccessibleObjectException e) {
            return -1;
        }
    }

    private static MethodHandle pollHandle() {
        Linker linker = Linker.nativeLinker();
        return linker.defaultLookup()
                .find("poll")
                .map(address ->
                        linker.downcallHandle(address, FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT)))
                .orElse(null);
    }

    private static MethodHandle handle() {
        Linker linker = Linker.nativeLinker();
        return System.getProperty("os.name").equals("Linux")
                ? linker.defaultLookup()
                        .find("ioctl")
                        .map(address -> linker.downcallHandle(
                                address,
                                FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS),
                                Linker.Option.firstVariadicArg(2),
                                Linker.Option.critical(false)))
                        .orElse(null)
                : null;
    }
}

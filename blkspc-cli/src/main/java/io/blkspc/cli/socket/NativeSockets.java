package io.blkspc.cli.socket;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The socket calls of the C library on 64-bit Linux, for sockets that the JDK does not know (netlink) and those whose number the
 * kernel must be told. Each returns what the call returned, or minus errno. Any thread may call anything.
 *
 * <p>The engine makes native calls of its own, for files, behind a wall: it binds them itself and lends them to nobody. That
 * both look a symbol up in the same five lines is the price of that wall.
 */
public final class NativeSockets {

    /** Sockets with a path. */
    public static final int AF_UNIX = 1;

    /** Sockets to the kernel. */
    public static final int AF_NETLINK = 16;

    /** Bytes. */
    public static final int SOCK_STREAM = 1;

    /** Messages. */
    public static final int SOCK_DGRAM = 2;

    /** Messages of a protocol. */
    public static final int SOCK_RAW = 3;

    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_RCVTIMEO = 20;
    private static final int MSG_NOSIGNAL = 0x4000;

    /** Not allowed. */
    public static final int EPERM = 1;

    /** A signal came. */
    public static final int EINTR = 4;

    /** Nothing came in time. */
    public static final int EAGAIN = 11;

    /** In use. */
    public static final int EBUSY = 16;

    /** Messages were lost. */
    public static final int ENOBUFS = 105;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    private static final FunctionDescriptor ADDRESSED = FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    private static final FunctionDescriptor TRANSFER =
            FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
    private static final MethodHandle SOCKET =
            handle("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle BIND = handle("bind", ADDRESSED);
    private static final MethodHandle CONNECT = handle("connect", ADDRESSED);
    private static final MethodHandle SEND = handle("send", TRANSFER);
    private static final MethodHandle RECV = handle("recv", TRANSFER);
    private static final MethodHandle SETSOCKOPT =
            handle("setsockopt", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle CLOSE = handle("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

    private NativeSockets() {}

    /** A sockaddr_un: the family, then a path and a zero; or, where the path begins with {@code @}, a zero and the rest of it. */
    public static byte[] unixAddress(String path) {
        byte[] name = path.getBytes(StandardCharsets.UTF_8);
        boolean isAbstract = path.startsWith("@");
        byte[] address = ByteBuffer.allocate(Short.BYTES + name.length + (isAbstract ? 0 : 1))
                .order(ByteOrder.nativeOrder())
                .putShort((short) AF_UNIX)
                .put(name)
                .array();
        if (isAbstract) {
            address[Short.BYTES] = 0;
        }
        return address;
    }

    static MethodHandle handle(String name, FunctionDescriptor descriptor, Linker.Option... options) {
        Linker.Option[] all = Arrays.copyOf(options, options.length + 1);
        all[options.length] = ERRNO;
        MemorySegment symbol = LINKER.defaultLookup()
                .find(name)
                .orElseThrow(() -> new UnsupportedOperationException("the C library lacks a call: name=" + name));
        return LINKER.downcallHandle(symbol, descriptor, all);
    }

    /** One call; what it returns below zero stands for errno. */
    interface Call {
        long with(MemorySegment errno, Arena arena) throws Throwable;
    }

    @SuppressWarnings("checkstyle:illegalcatch") // what a method handle may throw
    static long call(Call call) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = arena.allocate(Linker.Option.captureStateLayout());
            long result = call.with(errno, arena);
            return result < 0 ? -errno.get(JAVA_INT, 0) : result;
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable impossible) {
            throw new AssertionError(impossible); // a call of the C library throws nothing
        }
    }

    /** A new socket, closed in programs that this one starts. */
    public static int socket(int domain, int type, int protocol) {
        return (int) call((errno, arena) -> (int) SOCKET.invokeExact(errno, domain, type | SOCK_CLOEXEC, protocol));
    }

    /** Gives it an address. */
    public static int bind(int fd, byte[] address) {
        return (int) call((errno, arena) -> (int) BIND.invokeExact(errno, fd, copy(arena, address), address.length));
    }

    /** Connects it. */
    public static int connect(int fd, byte[] address) {
        return (int) call((errno, arena) -> (int) CONNECT.invokeExact(errno, fd, copy(arena, address), address.length));
    }

    /** Sends, at once or not at all where messages are sent. */
    public static int send(int fd, byte[] bytes) {
        return (int) call((errno, arena) ->
                (long) SEND.invokeExact(errno, fd, copy(arena, bytes), (long) bytes.length, MSG_NOSIGNAL));
    }

    /** Fills {@code target} from {@code start}, with what one call of recv gives. */
    public static int receive(int fd, byte[] target, int start) {
        return (int) call((errno, arena) -> {
            long most = (long) target.length - start;
            MemorySegment buffer = arena.allocate(Math.max(1, most));
            long count = (long) RECV.invokeExact(errno, fd, buffer, most, 0);
            if (count > 0) {
                MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, target, start, (int) count);
            }
            return count;
        });
    }

    /** Sets an option. */
    public static int setOption(int fd, int level, int option, byte[] value) {
        return (int) call((errno, arena) ->
                (int) SETSOCKOPT.invokeExact(errno, fd, level, option, copy(arena, value), value.length));
    }

    /** How long a receive waits before it returns minus {@link #EAGAIN}; 0 for ever. */
    public static int setReceiveTimeout(int fd, long millis) {
        byte[] timeval = ByteBuffer.allocate(16)
                .order(ByteOrder.nativeOrder())
                .putLong(millis / 1000)
                .putLong(millis % 1000 * 1000)
                .array();
        return setOption(fd, SOL_SOCKET, SO_RCVTIMEO, timeval);
    }

    /** Closes it. */
    public static void close(int fd) {
        call((errno, arena) -> (int) CLOSE.invokeExact(errno, fd));
    }

    private static MemorySegment copy(Arena arena, byte[] bytes) {
        return arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
    }
}

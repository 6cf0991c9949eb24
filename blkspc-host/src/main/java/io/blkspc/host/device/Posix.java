package io.blkspc.host.device;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * The C library calls the project makes, on 64-bit Linux. Each returns what the call returned, or minus errno; the two of
 * the data path ({@link #preadv2}, {@link #pwritev2}) and {@link #fdatasync} allocate nothing after a thread's first call.
 *
 * <p>Pointers are passed as {@code long}: both calling conventions in question hand them over alike, and a {@link
 * MemorySegment} per call would be an allocation. Whoever passes an address keeps its memory alive until the return.
 */
@SuppressWarnings("checkstyle:illegalcatch") // invokeExact declares Throwable; what it throws is passed on
final class Posix {

    static final int O_RDONLY = 0;
    static final int O_RDWR = 2;
    static final int O_CREAT = 0x40;
    static final int O_EXCL = 0x80;
    static final int O_CLOEXEC = 0x80000;
    static final int O_DIRECT;

    /** Of preadv2: fail with EAGAIN rather than wait for the medium. */
    static final int RWF_NOWAIT = 8;

    /** Of posix_fadvise: drop clean pages of the range. */
    static final int FADV_DONTNEED = 4;

    /** Of fcntl: replace the status flags, of which O_DIRECT is one; the argument is the flags. */
    static final int F_SETFL = 4;

    static final int F_OFD_GETLK = 36;
    static final int F_OFD_SETLK = 37;

    /** Of ioctl: size of a block device in bytes. */
    static final long BLKGETSIZE64 = 0x80081272L;

    static final int AT_EMPTY_PATH = 0x1000;

    private static final int PROT_READ = 1;
    private static final int MAP_SHARED = 1;
    private static final int MS_SYNC = 4;

    /** Number of cachestat(2), for which C libraries have no name yet; the same on every processor. */
    private static final long CACHESTAT = 451;

    static {
        String arch = System.getProperty("os.arch");
        O_DIRECT = switch (arch) {
            case "amd64", "x86_64" -> 0x4000;
            case "aarch64" -> 0x10000;
            default -> throw new UnsupportedOperationException("blkspc needs 64-bit Linux: arch=" + arch);
        };
    }

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    private static final Linker.Option THIRD_IS_VARIADIC = Linker.Option.firstVariadicArg(2);

    private static final MethodHandle OPEN =
            handle("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT), THIRD_IS_VARIADIC);
    private static final MethodHandle CLOSE = handle("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final FunctionDescriptor VECTOR_IO =
            FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final Downcall PREADV2 = Downcall.of("preadv2", VECTOR_IO);
    private static final Downcall PWRITEV2 = Downcall.of("pwritev2", VECTOR_IO);
    private static final Downcall FDATASYNC = Downcall.of("fdatasync", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle FSYNC = handle("fsync", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle FALLOCATE =
            handle("fallocate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle FADVISE =
            handle("posix_fadvise", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
    private static final MethodHandle MMAP = handle(
            "mmap", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
    private static final MethodHandle MUNMAP = handle("munmap", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle MSYNC =
            handle("msync", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
    private static final Downcall SENDMSG =
            Downcall.of("sendmsg", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final Downcall SYSCALL = Downcall.of(
            "syscall",
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT),
            Linker.Option.firstVariadicArg(1));
    private static final MethodHandle STATX =
            handle("statx", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS));
    private static final MethodHandle FSTATFS = handle("fstatfs", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
    private static final MethodHandle FCNTL =
            handle("fcntl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS), THIRD_IS_VARIADIC);
    private static final MethodHandle IOCTL =
            handle("ioctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS), THIRD_IS_VARIADIC);

    // errno is the only captured state, so it is the whole structure.
    private static final ThreadLocal<MemorySegment> CAPTURED =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(Linker.Option.captureStateLayout()));

    private Posix() {}

    /** A function of the C library, with errno captured into {@link #captured}. */
    static MethodHandle handle(String name, FunctionDescriptor descriptor, Linker.Option... options) {
        Linker.Option[] all = new Linker.Option[options.length + 1];
        all[0] = ERRNO;
        System.arraycopy(options, 0, all, 1, options.length);
        MemorySegment symbol = LINKER.defaultLookup()
                .find(name)
                .orElseThrow(() -> new UnsupportedOperationException("the C library lacks a call: name=" + name));
        return LINKER.downcallHandle(symbol, descriptor, all);
    }

    /** The current thread's own. */
    static MemorySegment captured() {
        return CAPTURED.get();
    }

    static int open(Path path, int flags, int mode) {
        MemorySegment errno = CAPTURED.get();
        try (Arena arena = Arena.ofConfined()) {
            int fd = (int) OPEN.invokeExact(errno, arena.allocateFrom(path.toString()), flags | O_CLOEXEC, mode);
            return result(fd, errno);
        } catch (Throwable e) {
            throw passOn(e);
        }
    }

    static int close(int fd) {
        MemorySegment errno = CAPTURED.get();
        try {
            return result((int) CLOSE.invokeExact(errno, fd), errno);
        } catch (Throwable e) {
            throw passOn(e);
        }
    }

    /** Reads into {@code count} buffers described at address {@code vectors}. */
    static long preadv2(int fd, long vectors, int count, long offsetBytes, int flags) {
        MemorySegment errno = CAPTURED.get();
        try {
            long n = (long) PREADV2.handle().invokeExact(errno, fd, vectors, count, offsetBytes, flags);
            return n < 0 ? -errno.get(JAVA_INT, 0) : n;
        } catch (Throwable e) {
            throw passOn(e);
        }
    }

    /** Writes from {@code count} buffers described at address {@code vectors}. */
    static long pwritev2(int fd, long vectors, int count, long offsetBytes, int flags) {
        MemorySegment errno = CAPTURED.get();
        try {
            long n = (long) PWRITEV2.handle().invokeExact(errno, fd, vectors, count, offsetBytes, flags);
            return n < 0 ? -errno.get(JAVA_INT, 0) : n;
        } catch (Throwable e) {
            throw passOn(e);
        }
    }

    static int fdatasync(int fd) {
        MemorySegment errno = CAPTURED.get();
        try {
            return result((int) FDATASYNC.handle().invokeExact(errno, fd), errno);
        } catch (Throwable e) {
            throw passOn(e);
        }
    }

    static int fsync(int fd) {
        MemorySegment errno = CAPTURED.get();
        try {
            return result((int) FSYNC.invokeExact(errno, fd), errno);
        } catch (Throwable e) {
            throw passOn(e);
        }
    }

    static int fallocate(int fd, int mode, long offsetBytes, long lengthBytes) {
        MemorySegment errno = CAPTURED.get();
        try {
            return result((int) FALLOCATE.invokeExact(errno, fd, mode, offsetBytes, lengthBytes), errno);
        } catch (Throwable e) {
            throw passOn(e);
        }
    }

    /** Alone among these it reports the error as its value, without errno. */
    static int posixFadvise(int fd, long offsetBytes, long lengthBytes, int advice) {
        MemorySegment errno = CAPTURED.get();
        try {
            return -(int) FADVISE.invokeExact(errno, fd, offsetBytes, lengthBytes, advice);
        } catch (Throwable e) {
            throw passOn(e);
        }
    }

    /** Fills the 40 bytes at address {@code answer} with what the page cache has of the range described at address {@code range}. */
    static long cachestat(int fd, long range, long answer) {
        MemorySegment errno = CAPTURED.get();
        try {
            long result = (long) SYSCALL.handle().invokeExact(errno, CACHESTAT, fd, range, answer, 0);
            return result < 0 ? -errno.get(JAVA_INT, 0) : result;
        } catch (Throwable e) {
            throw passOn(e);
        }
    }

    /** Maps a part of a file for reading: its address, or minus errno. */
    static long mapFile(long lengthBytes, int fd, long offsetBytes) {
        MemorySegment errno = CAPTURED.get();
        try {
            long at = (long) MMAP.invokeExact(errno, 0L, lengthBytes, PROT_READ, MAP_SHARED, fd, offsetBytes);
            return at == -1 ? -errno.get(JAVA_INT, 0) : at;
        } catch (Throwable e) {
            throw passOn(e);
        }
    }

    /** As msync with MS_SYNC: 0 or minus errno. */
    static int msync(long address, long lengthBytes) {
        MemorySegment errno = CAPTURED.get();
        try {
            return result((int) MSYNC.invokeExact(errno, address, lengthBytes, MS_SYNC), errno);
        } catch (Throwable e) {
            throw passOn(e);
        }
    }

    static int unmap(long address, long lengthBytes) {
        MemorySegment errno = CAPTURED.get();
        try {
            return result((int) MUNMAP.invokeExact(errno, address, lengthBytes), errno);
        } catch (Throwable e) {
            throw passOn(e);
        }
    }

    /** Sends the message whose header is at address {@code message}: bytes sent or minus errno. */
    static long sendmsg(int socket, long message, int flags) {
        MemorySegment errno = CAPTURED.get();
        try {
            long n = (long) SENDMSG.handle().invokeExact(errno, socket, message, flags);
            return n < 0 ? -errno.get(JAVA_INT, 0) : n;
        } catch (Throwable e) {
            throw passOn(e);
        }
    }

    /** Fills 256 bytes at {@code buffer} with the facts of the open file. */
    static int statx(int fd, int mask, MemorySegment buffer) {
        MemorySegment errno = CAPTURED.get();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment emptyPath = arena.allocateFrom("");
            return result((int) STATX.invokeExact(errno, fd, emptyPath, AT_EMPTY_PATH, mask, buffer), errno);
        } catch (Throwable e) {
            throw passOn(e);
        }
    }

    /** Fills 120 bytes at {@code buffer} with the facts of the file system. */
    static int fstatfs(int fd, MemorySegment buffer) {
        MemorySegment errno = CAPTURED.get();
        try {
            return result((int) FSTATFS.invokeExact(errno, fd, buffer), errno);
        } catch (Throwable e) {
            throw passOn(e);
        }
    }

    static int fcntl(int fd, int command, MemorySegment argument) {
        MemorySegment errno = CAPTURED.get();
        try {
            return result((int) FCNTL.invokeExact(errno, fd, command, argument), errno);
        } catch (Throwable e) {
            throw passOn(e);
        }
    }

    static int ioctl(int fd, long request, MemorySegment argument) {
        MemorySegment errno = CAPTURED.get();
        try {
            return result((int) IOCTL.invokeExact(errno, fd, request, argument), errno);
        } catch (Throwable e) {
            throw passOn(e);
        }
    }

    private static int result(int value, MemorySegment errno) {
        return value < 0 ? -errno.get(JAVA_INT, 0) : value;
    }

    static RuntimeException passOn(Throwable e) {
        if (e instanceof Error error) {
            throw error;
        }
        if (e instanceof RuntimeException unchecked) {
            throw unchecked;
        }
        throw new IllegalStateException("a native call threw a checked exception", e);
    }
}

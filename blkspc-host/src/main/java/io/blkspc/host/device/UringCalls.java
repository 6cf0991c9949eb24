package io.blkspc.host.device;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The system calls of io_uring(7), which the C library has no functions for, and mmap(2). Each returns what the call
 * returned, or minus errno; {@link #enter} allocates nothing after a thread's first call.
 */
@SuppressWarnings("checkstyle:illegalcatch") // invokeExact declares Throwable; what it throws is passed on
final class UringCalls {

    /** Of {@link #enter}: wait for completions, and work on those that are deferred. */
    static final int ENTER_GETEVENTS = 1;

    /** Where the rings, and the entries of the submission queue, lie for {@link #map}. */
    static final long OFFSET_RINGS = 0;

    static final long OFFSET_ENTRIES = 0x10000000L;

    // The same numbers on every architecture this runs on.
    private static final long SYS_SETUP = 425;
    private static final long SYS_ENTER = 426;

    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED_POPULATE = 0x8001;

    private static final Linker.Option SECOND_IS_VARIADIC = Linker.Option.firstVariadicArg(1);
    private static final MethodHandle SETUP =
            Posix.handle("syscall", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS), SECOND_IS_VARIADIC);
    private static final Downcall ENTER = Downcall.of(
            "syscall",
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG),
            SECOND_IS_VARIADIC);
    private static final MethodHandle MMAP = Posix.handle(
            "mmap", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
    private static final MethodHandle MUNMAP =
            Posix.handle("munmap", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));

    private UringCalls() {}

    /** A descriptor of new rings of {@code entries}, as {@code params} has them and tells. */
    static int setup(int entries, UringParams params) {
        MemorySegment errno = Posix.captured();
        try {
            long fd = (long) SETUP.invokeExact(errno, SYS_SETUP, entries, params.segment());
            return fd < 0 ? -errno.get(JAVA_INT, 0) : (int) fd;
        } catch (Throwable e) {
            throw Posix.passOn(e);
        }
    }

    /** Submits so many entries, returns how many were taken; waits until so many are complete. */
    static int enter(int fd, int submit, int minComplete, int flags) {
        MemorySegment errno = Posix.captured();
        try {
            long n = (long) ENTER.handle().invokeExact(errno, SYS_ENTER, fd, submit, minComplete, flags, 0L, 0L);
            return n < 0 ? -errno.get(JAVA_INT, 0) : (int) n;
        } catch (Throwable e) {
            throw Posix.passOn(e);
        }
    }

    /** Maps a part of the rings: its address, or minus errno. */
    static long map(int fd, long offset, long bytes) {
        MemorySegment errno = Posix.captured();
        try {
            long address = (long) MMAP.invokeExact(errno, 0L, bytes, PROT_READ_WRITE, MAP_SHARED_POPULATE, fd, offset);
            return address == -1 ? -errno.get(JAVA_INT, 0) : address;
        } catch (Throwable e) {
            throw Posix.passOn(e);
        }
    }

    static int unmap(long address, long bytes) {
        MemorySegment errno = Posix.captured();
        try {
            int result = (int) MUNMAP.invokeExact(errno, address, bytes);
            return result < 0 ? -errno.get(JAVA_INT, 0) : result;
        } catch (Throwable e) {
            throw Posix.passOn(e);
        }
    }
}

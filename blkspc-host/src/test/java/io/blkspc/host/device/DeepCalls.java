package io.blkspc.host.device;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.function.IntToLongFunction;

/**
 * Makes one of the calls of the data path from methods of some depth, as a process of its own, and prints how many bytes each call
 * allocates. The argument is a file of a block or more; the property {@code call} names the call.
 */
final class DeepCalls {

    private static final int BYTES = 4096;
    private static final int CALLS = 2_000;

    /** After so many of {@link #CALLS}, more than the compiler waits for, it is measured. */
    private static final int WARM_ROUNDS = 25;

    // What these methods call has to be a constant, or the compiler would not inline it in any case.
    private static final IntToLongFunction CALL = call(System.getProperty("call"));

    private static PosixFile file;
    private static MemorySegment memory;

    private DeepCalls() {}

    public static void main(String[] words) throws IOException {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        memory = Arena.global().allocate(BYTES, BYTES);
        file = PosixFile.open(Path.of(words[0]), Posix.O_RDWR, 0);
        long allocated = 0;
        for (int round = 0; round <= WARM_ROUNDS; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < CALLS; i++) {
                d9(i);
            }
            allocated = threads.getCurrentThreadAllocatedBytes() - before;
        }
        System.out.println("bytes=" + allocated / CALLS);
        file.close();
    }

    /** Those that fail on no descriptor allocate as those that succeed. */
    private static IntToLongFunction call(String name) {
        return switch (name) {
            case "preadv2" -> i -> file.read(vector(), 1, 0, i % 2 == 0 ? 0 : Posix.RWF_NOWAIT);
            case "pwritev2" -> i -> file.write(vector(), 1, 0);
            case "fdatasync" -> i -> Posix.fdatasync(-1);
            case "cachestat" -> i -> Posix.cachestat(-1, 0, 0);
            case "sendmsg" -> i -> SocketSend.ofThread().send(-1, 0, 0, memory.address(), BYTES);
            case "io_uring_enter" -> i -> UringCalls.enter(-1, 0, 0, 0);
            default -> throw new IllegalArgumentException("no such call: name=" + name);
        };
    }

    private static long vector() {
        IoVectors vectors = IoVectors.ofThread();
        vectors.fill(memory.address(), BYTES);
        return vectors.address();
    }

    private static long d9(int i) {
        return d8(i) + 1;
    }

    private static long d8(int i) {
        return d7(i) + 1;
    }

    private static long d7(int i) {
        return d6(i) + 1;
    }

    private static long d6(int i) {
        return d5(i) + 1;
    }

    private static long d5(int i) {
        return d4(i) + 1;
    }

    private static long d4(int i) {
        return d3(i) + 1;
    }

    private static long d3(int i) {
        return d2(i) + 1;
    }

    private static long d2(int i) {
        return d1(i) + 1;
    }

    private static long d1(int i) {
        return d0(i) + 1;
    }

    private static long d0(int i) {
        return CALL.applyAsLong(i);
    }
}

package io.blkspc.host.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.IntToLongFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The calls of the data path, made from methods of many depths: how much the compiler inlines depends on that. */
class PosixTest {

    private static final int BYTES = 4096;
    private static final int CALLS = 2_000;

    /** A method that is compiled late is clean for some rounds before. */
    private static final int CLEAN_ROUNDS = 20;

    private static final IntToLongFunction[] DEPTHS = {
        PosixTest::d0, PosixTest::d1, PosixTest::d2, PosixTest::d3, PosixTest::d4, PosixTest::d5,
        PosixTest::d6, PosixTest::d7, PosixTest::d8, PosixTest::d9, PosixTest::d10, PosixTest::d11
    };

    private static PosixFile file;
    private static MemorySegment memory;

    @TempDir
    Path directory;

    private Arena arena;

    @BeforeEach
    void open() throws IOException {
        Path path = Files.write(directory.resolve("file"), new byte[BYTES]);
        arena = Arena.ofShared();
        memory = arena.allocate(BYTES + 100, BYTES);
        file = PosixFile.open(path, Posix.O_RDWR, 0);
    }

    @AfterEach
    void close() {
        file.close();
        arena.close();
    }

    static IntStream depths() {
        return IntStream.range(0, DEPTHS.length);
    }

    @ParameterizedTest
    @MethodSource("depths")
    void nothingIsAllocatedFromAnyDepth(int depth) {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        IntToLongFunction calls = DEPTHS[depth];
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        long allocated = 0;
        for (int clean = 0; clean < CLEAN_ROUNDS && System.nanoTime() < giveUp; ) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < CALLS; i++) {
                calls.applyAsLong(i);
            }
            allocated = threads.getCurrentThreadAllocatedBytes() - before;
            clean = allocated > CALLS ? 0 : clean + 1;
        }
        assertThat(allocated).as("bytes for %d rounds of calls", CALLS).isLessThanOrEqualTo(CALLS);
    }

    private static long d11(int i) {
        return d10(i) + 1;
    }

    private static long d10(int i) {
        return d9(i) + 1;
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
        IoVectors vectors = IoVectors.ofThread();
        vectors.fill(memory.address(), BYTES);
        return file.write(vectors.address(), 1, 0)
                + file.read(vectors.address(), 1, 0, i % 2 == 0 ? 0 : Posix.RWF_NOWAIT)
                + (file.isCached(0, BYTES) ? 1 : 0)
                + SocketSend.ofThread().send(-1, 0, 0, memory.address(), BYTES);
    }
}

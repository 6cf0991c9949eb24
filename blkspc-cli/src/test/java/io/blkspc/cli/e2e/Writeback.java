package io.blkspc.cli.e2e;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/**
 * Asks the kernel, again and again, to bring dirty pages of a randomly chosen file to its disk now, without a flush. It may do
 * so at any time and in any order; left alone it would wait for half a minute, or for the next flush.
 */
final class Writeback implements AutoCloseable {

    private static final int O_RDWR = 2;
    private static final int SYNC_FILE_RANGE_WRITE = 2;

    private final List<Path> files;
    private final Random random;
    private final Thread thread;
    private volatile boolean stopped;

    private Writeback(List<Path> files, long seed) {
        this.files = files;
        random = new Random(seed);
        thread = Thread.ofPlatform().daemon().name("e2e-writeback").start(this::run);
    }

    static Writeback of(List<Path> files, long seed) {
        return new Writeback(files, seed);
    }

    @SuppressWarnings("checkstyle:IllegalCatch") // invokeExact declares Throwable
    private void run() {
        Linker linker = Linker.nativeLinker();
        MethodHandle open = handle(
                linker,
                "open",
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT),
                Linker.Option.firstVariadicArg(2));
        MethodHandle start = handle(
                linker,
                "sync_file_range",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT));
        MethodHandle close = handle(linker, "close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        while (!stopped) {
            Path file = files.get(random.nextInt(files.size()));
            try (Arena arena = Arena.ofConfined()) {
                int fd = (int) open.invokeExact(arena.allocateFrom(file.toString()), O_RDWR);
                if (fd >= 0) {
                    int _ = (int) start.invokeExact(fd, 0L, 0L, SYNC_FILE_RANGE_WRITE);
                    int _ = (int) close.invokeExact(fd);
                }
            } catch (Throwable impossible) {
                throw new AssertionError(impossible);
            }
            Await.pause(random.nextInt(1, 20));
        }
    }

    private static MethodHandle handle(
            Linker linker, String name, FunctionDescriptor descriptor, Linker.Option... options) {
        return linker.downcallHandle(linker.defaultLookup().find(name).orElseThrow(), descriptor, options);
    }

    @Override
    public void close() {
        stopped = true;
        Await.until("the writeback to end", Exec.LIMIT, () -> !thread.isAlive());
    }
}

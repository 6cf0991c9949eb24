package io.blkspc.cli.fuse;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.blkspc.xfsish.file.FileSystem;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;

/**
 * A file system that the kernel has mounted: threads take its requests and answer them until it is unmounted, by whomever.
 *
 * <pre>
 *  struct fuse_args  0 int argc, 8 char **argv, 16 int allocated
 *  struct fuse_buf   16 void *mem: the library's, ours to free; the rest is the library's
 * </pre>
 */
public final class FuseSession {

    private static final int THREADS = 8;
    private static final int ARGUMENTS_BYTES = 24;
    private static final int BUFFER_BYTES = 128; // 40 in 3.14; room for later versions
    private static final int BUFFER_MEMORY_OFFSET = 16;

    private final Path directory;
    private final Arena arena = Arena.ofShared();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private long session;

    private FuseSession(Path directory) {
        this.directory = directory;
    }

    /**
     * What to mount, and how.
     *
     * @param source what the list of mounts shows for it; no comma
     * @param directory where
     * @param forOthers other users may use it too; permissions are checked either way
     */
    public record Spec(String source, Path directory, boolean forOthers) {}

    /**
     * Mounts. The file system stays the caller's to close, after {@link #ended}.
     *
     * @param clock nanoseconds since 1970
     * @throws UnsupportedOperationException where libfuse3 is missing, or this is no 64-bit Linux on x86
     * @throws IOException when it cannot be mounted; libfuse says why on standard error
     */
    public static FuseSession mount(FileSystem files, Spec spec, LongSupplier clock) throws IOException {
        requirePlatform();
        FuseSession mounted = new FuseSession(spec.directory);
        boolean isMounted = false;
        try {
            mounted.open(new Answers(files, clock), spec);
            isMounted = true;
        } catch (ExceptionInInitializerError | NoClassDefFoundError e) {
            throw new UnsupportedOperationException(reason(e), e);
        } finally {
            if (!isMounted) {
                mounted.arena.close();
            }
        }
        mounted.start();
        return mounted;
    }

    /** Why nothing can be mounted here, as far as the library goes; {@code null} when it can be used. */
    public static String obstacle() {
        try {
            requirePlatform();
            LibFuse.load();
            return null;
        } catch (UnsupportedOperationException e) {
            return e.getMessage();
        } catch (ExceptionInInitializerError | NoClassDefFoundError e) {
            return reason(e);
        }
    }

    private static String reason(LinkageError notLoaded) {
        Throwable cause = notLoaded.getCause();
        return cause == null ? "libfuse3 cannot be used" : cause.getMessage();
    }

    private static void requirePlatform() {
        String machine = System.getProperty("os.name") + "/" + System.getProperty("os.arch");
        if (!machine.equals("Linux/amd64")) {
            throw new UnsupportedOperationException(
                    "fs mount knows the structures of Linux/amd64 only: machine=" + machine);
        }
    }

    private void open(Answers answers, Spec spec) throws IOException {
        String options = "fsname=" + spec.source + ",subtype=blkspc,default_permissions,nosuid,nodev"
                + (spec.forOthers ? ",allow_other" : "");
        session = LibFuse.newSession(
                arguments("blkspc", "-o", options), operations(answers).address(), (long) Operation.COUNT * Long.BYTES);
        if (session == 0) {
            throw new IOException("libfuse3 refused the options: options=" + options);
        }
        if (LibFuse.mount(session, arena.allocateFrom(directory.toString()).address()) != 0) {
            LibFuse.destroy(session);
            throw new IOException("cannot be mounted: directory=" + directory);
        }
    }

    private long arguments(String... words) {
        MemorySegment pointers = arena.allocate(ADDRESS, words.length + 1L);
        for (int i = 0; i < words.length; i++) {
            pointers.setAtIndex(ADDRESS, i, arena.allocateFrom(words[i]));
        }
        MemorySegment arguments = arena.allocate(ARGUMENTS_BYTES, Long.BYTES);
        arguments.set(JAVA_INT, 0, words.length);
        arguments.set(ADDRESS, Long.BYTES, pointers);
        return arguments.address();
    }

    private MemorySegment operations(Answers answers) {
        AttributeRequests attributes = new AttributeRequests(answers);
        NameRequests names = new NameRequests(answers);
        DirectoryRequests directories = new DirectoryRequests(answers);
        DataRequests data = new DataRequests(answers);
        MemorySegment table = arena.allocate(ADDRESS, Operation.COUNT);
        for (Operation operation : Operation.values()) {
            Object target = switch (operation) {
                case INIT, GETATTR, SETATTR, STATFS, SETXATTR, GETXATTR, LISTXATTR, REMOVEXATTR -> attributes;
                case OPENDIR, READDIR, RELEASEDIR -> directories;
                case OPEN, READ, WRITE, FLUSH, RELEASE, FSYNC, FSYNCDIR, FALLOCATE, LSEEK -> data;
                default -> names;
            };
            MemorySegment callback =
                    LibFuse.callback(MethodHandles.lookup(), target, operation.method(), operation.type(), arena);
            table.setAtIndex(ADDRESS, operation.place(), callback);
        }
        return table;
    }

    // ---- requests

    private void start() {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            threads.add(Thread.ofPlatform().daemon().name("fuse-" + i).start(this::work));
        }
        Thread.ofPlatform().daemon().name("fuse-end").start(() -> end(threads));
    }

    private void work() {
        try (Arena own = Arena.ofConfined()) {
            MemorySegment buffer = own.allocate(BUFFER_BYTES, Long.BYTES);
            while (!LibFuse.hasExited(session)) {
                int count = LibFuse.receive(session, buffer.address());
                if (count > 0) {
                    LibFuse.process(session, buffer.address());
                } else if (count != -Errno.EINTR && count != -Errno.EAGAIN) {
                    break; // unmounted, or the connection is broken
                }
            }
            LibFuse.free(buffer.get(JAVA_LONG, BUFFER_MEMORY_OFFSET));
        }
    }

    private void end(List<Thread> threads) {
        for (Thread thread : threads) {
            joinUninterruptibly(thread);
        }
        LibFuse.unmount(session); // that is done; only its descriptor is closed
        LibFuse.destroy(session);
        arena.close();
        ended.complete(null);
    }

    @SuppressWarnings("ThreadJoinLoop") // it is one, without the library that would be needed for the usual form
    private static void joinUninterruptibly(Thread thread) {
        while (true) {
            try {
                thread.join();
                return;
            } catch (InterruptedException e) {
                // nobody interrupts this thread, and it has nothing else to do
            }
        }
    }

    /** Completes when it is unmounted and no request is at work any more. */
    public CompletableFuture<Void> ended() {
        return ended;
    }

    /** Waits for the end; {@code false} when it does not come in time, as files of a detached file system are open. */
    public boolean awaitEnd(long seconds) {
        try {
            ended.get(seconds, TimeUnit.SECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (java.util.concurrent.ExecutionException e) {
            throw new AssertionError(e);
        }
    }
}

package io.blkspc.cli.fs;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.cli.fuse.FuseSession;
import io.blkspc.xfsish.file.FileSystem;
import io.blkspc.xfsish.file.FileSystemOptions;
import java.io.IOException;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file system of a volume, mounted by the kernel. What was written becomes durable with an fsync, and every few seconds by
 * itself. When the kernel has unmounted it, everything is put in place, and the volume is let go; while that cannot be written it
 * is tried again and again, until the server ends. Any thread.
 */
final class MountedVolume {

    private static final Logger log = LoggerFactory.getLogger("blkspc.control");
    private static final long SYNC_SECONDS = 5;
    private static final long AGAIN_SECONDS = 1;

    final UUID uuid;
    final MountPoint point;
    private final BlockSpace space;
    private final FileSystem files;
    private final FuseSession session;
    private final CountDownLatch ending = new CountDownLatch(1);
    private final CountDownLatch serverEnds = new CountDownLatch(1);
    /** Of the first try to put everything in place. */
    private final CompletableFuture<Void> tried = new CompletableFuture<>();

    private volatile boolean isClosed;

    private MountedVolume(UUID uuid, MountPoint point, BlockSpace space, FileSystem files, FuseSession session) {
        this.uuid = uuid;
        this.point = point;
        this.space = space;
        this.files = files;
        this.session = session;
        CompletableFuture<Void> _ = session.ended()
                .thenRunAsync(this::close, MountedVolume::startThread)
                .whenComplete((_, failure) -> {
                    if (failure == null) {
                        tried.complete(null);
                    } else {
                        log.warn(
                                "not unmounted cleanly: directory={}, reason={}",
                                point.directory(),
                                failure.toString());
                        tried.completeExceptionally(failure);
                    }
                });
        Thread.ofPlatform().daemon().name("fs-sync").start(this::syncNowAndThen);
    }

    private static void startThread(Runnable work) {
        Thread.ofPlatform().daemon().name("fs-close").start(work);
    }

    /** Mounts; the space is let go when that fails. */
    static MountedVolume mount(UUID uuid, BlockSpace space, FuseSession.Spec spec, LongSupplier clock)
            throws IOException {
        FileSystem files = null;
        FuseSession session = null;
        try {
            files = FileSystem.mount(space, FileSystemOptions.defaults(clock));
            session = FuseSession.mount(files, spec, clock);
            return new MountedVolume(uuid, new MountPoint(spec.directory()), space, files, session);
        } finally {
            if (session == null) {
                if (files != null) {
                    files.close();
                }
                space.close();
            }
        }
    }

    private void syncNowAndThen() {
        try {
            while (!ending.await(SYNC_SECONDS, TimeUnit.SECONDS)) {
                try {
                    files.sync();
                } catch (BlockSpaceException e) {
                    if (e.code() == Code.CLOSED) {
                        return;
                    }
                    log.warn(
                            "could not be made durable, once more soon: name={}, reason={}",
                            space.name(),
                            e.getMessage());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Once; who comes second waits for the first. */
    private synchronized void close() {
        if (isClosed) {
            return;
        }
        ending.countDown();
        try {
            syncAtLast();
            files.close();
        } finally {
            try (space) {
                files.shutDown();
            } finally {
                isClosed = true;
            }
        }
    }

    /** No program is there that could be told, so what it wrote is kept in memory until it can be written. */
    private void syncAtLast() {
        while (true) {
            try {
                files.sync();
                return;
            } catch (BlockSpaceException e) {
                tried.completeExceptionally(e);
                if (!mayPass(e) || serverEndsSoon()) {
                    throw e;
                }
                log.warn("unmounted, and not durable yet: name={}, reason={}", space.name(), e.getMessage());
            }
        }
    }

    private static boolean mayPass(BlockSpaceException e) {
        return switch (e.code()) {
            case OUT_OF_BACKING, IO, BUSY -> true;
            default -> false;
        };
    }

    private boolean serverEndsSoon() {
        try {
            return serverEnds.await(AGAIN_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    /** {@code true} when it is unmounted, and the volume let go: everything is durable, or that failed for good. */
    boolean isClosed() {
        return isClosed;
    }

    /**
     * Completes when it is unmounted and everything is durable; exceptionally when that failed, also when it is going to be tried
     * again.
     */
    CompletableFuture<Void> tried() {
        return tried;
    }

    /** Waits for the end of what the kernel shows no more; {@code false} while programs have files open. */
    boolean endsWithin(long seconds) {
        return session.awaitEnd(seconds);
    }

    /** After a detach at the end of the server: waits a moment for who has files open, and then takes them away. */
    void closeBy(long deadlineNanos) {
        serverEnds.countDown();
        if (!session.awaitEnd(Math.max(0, TimeUnit.NANOSECONDS.toSeconds(deadlineNanos - System.nanoTime())))) {
            log.warn("files are open that can be used no more: directory={}", point.directory());
        }
        close();
    }

    /** {@code false}: it was unmounted meanwhile, and everything is in place. */
    boolean freeze() {
        return unlessClosed(files::freeze);
    }

    private static boolean unlessClosed(Runnable work) {
        try {
            work.run();
            return true;
        } catch (BlockSpaceException e) {
            if (e.code() == Code.CLOSED) {
                return false;
            }
            throw e;
        }
    }

    /** On return everything done before survives power loss, unless it was unmounted meanwhile: then all does. */
    void sync() {
        unlessClosed(files::sync);
    }

    /** As {@link #sync}, and refuses only what may still be written: who cannot be saved may be unmounted, and that says so then. */
    void requireSynced() {
        try {
            sync();
        } catch (BlockSpaceException e) {
            if (mayPass(e)) {
                throw e;
            }
        }
    }

    /** Uses its files. Errors as those of the use. */
    <T> T with(Function<FileSystem, T> use) {
        return use.apply(files);
    }

    void thaw() {
        files.thaw();
    }
}

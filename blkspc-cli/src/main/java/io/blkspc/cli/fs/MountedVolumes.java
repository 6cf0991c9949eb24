package io.blkspc.cli.fs;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Pool;
import io.blkspc.api.VolumeInfo;
import io.blkspc.api.client.ForwardingSpace;
import io.blkspc.cli.doctor.Programs;
import io.blkspc.cli.fuse.FuseSession;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.text.Json;
import io.blkspc.xfsish.file.FileSystem;
import io.blkspc.xfsish.file.FileSystemOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The volumes of a served pool whose file systems the kernel has mounted. Any thread. */
public final class MountedVolumes {

    private static final Logger log = LoggerFactory.getLogger("blkspc.control");

    private static final long DETACHED_SECONDS = 3;
    private static final long MOMENT_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final Pool pool;
    private final LongSupplier clock;
    private final long detachedSeconds;
    private final Programs programs = new Programs(System.getenv());
    private final List<MountedVolume> mounted = new ArrayList<>();
    /** Volumes that commands have for themselves. */
    private final Set<UUID> inCommands = new HashSet<>();

    private boolean isEnding;

    /** None yet. */
    public MountedVolumes(Pool pool, LongSupplier clock) {
        this(pool, clock, DETACHED_SECONDS);
    }

    /** As the other; {@code detachedSeconds}: how long the files of a detached one may stay open while somebody waits. */
    MountedVolumes(Pool pool, LongSupplier clock, long detachedSeconds) {
        this.pool = pool;
        this.clock = clock;
        this.detachedSeconds = detachedSeconds;
    }

    /**
     * Mounts the file system of a volume. Done already is done.
     *
     * @param forOthers other users may use it too
     * @return {@code name}, {@code directory}
     * @throws CommandFailure {@link ExitCode#BUSY} when somebody uses the volume
     */
    public Map<String, Object> mount(String name, MountPoint point, boolean forOthers) {
        MountedVolume detached = mountUnlessDetached(name, point, forOthers);
        while (detached != null) {
            awaitEnd(detached); // without the lock: others have nothing to do with it
            detached = mountUnlessDetached(name, point, forOthers);
        }
        return Json.of("name", name, "directory", point.directory().toString());
    }

    /** Mounts, and answers {@code null}; or what was mounted there, and the kernel shows no more, while it has not ended. */
    private synchronized MountedVolume mountUnlessDetached(String name, MountPoint point, boolean forOthers) {
        VolumeInfo info = awaitCommand(pool.info(name));
        requireGoingOn();
        forgetEnded();
        MountedVolume there = find(info.uuid());
        try {
            if (there != null && there.point.equals(point)) {
                return point.isMounted() && there == newestAt(point) ? null : there;
            }
            if (info.attachments() > 0) {
                throw inUse(info, there);
            }
            if (point.isDead()) {
                point.unmount(programs, true);
            } else if (point.isMounted()) {
                throw new CommandFailure(ExitCode.BUSY, "something is mounted there: directory=" + point.directory());
            }
            FuseSession.Spec spec = new FuseSession.Spec("blkspc:" + name, point.directory(), forOthers);
            MountedVolume made = MountedVolume.mount(info.uuid(), pool.open(name), spec, clock);
            mounted.add(made);
            log.info("mounted: name={}, directory={}", name, point.directory());
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } catch (UnsupportedOperationException missing) {
            throw new CommandFailure(ExitCode.FAILED, missing.getMessage(), missing);
        }
        return null;
    }

    private void awaitEnd(MountedVolume detached) {
        if (!detached.endsWithin(detachedSeconds)) {
            throw detached(detached.point);
        }
        awaitTried(detached);
    }

    private static CommandFailure detached(MountPoint point) {
        return new CommandFailure(ExitCode.BUSY, "detached, and files are still open: directory=" + point.directory());
    }

    private void requireGoingOn() {
        if (isEnding) {
            throw new CommandFailure(ExitCode.BUSY, "the server is stopping");
        }
    }

    private static CommandFailure inUse(VolumeInfo info, MountedVolume there) {
        return new CommandFailure(
                ExitCode.BUSY,
                there != null
                        ? "the volume is mounted: name=" + info.name() + ", directory=" + there.point.directory()
                        : "somebody has the volume open: name=" + info.name() + ", connections=" + info.attachments());
    }

    /**
     * A command on files is over soon: waits a moment for it, as the next command does where no server holds the pool. Lets the lock go
     * meanwhile, so nothing that was asked before counts.
     */
    private VolumeInfo awaitCommand(VolumeInfo info) {
        long deadline = System.nanoTime() + MOMENT_NANOS;
        while (inCommands.contains(info.uuid())) {
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                throw new CommandFailure(
                        ExitCode.BUSY, "another command is at work in the volume: name=" + info.name());
            }
            try {
                TimeUnit.NANOSECONDS.timedWait(this, left);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CommandFailure(ExitCode.BUSY, "interrupted while waiting for a volume", e);
            }
        }
        return pool.info(info.name());
    }

    /**
     * Waits a moment until no other command has the volume; it may have it again on return.
     *
     * @throws CommandFailure {@link ExitCode#BUSY} when it is mounted, or somebody has it open
     */
    public synchronized VolumeInfo awaitUnused(String name) {
        VolumeInfo info = awaitCommand(pool.info(name));
        forgetEnded();
        if (info.attachments() > 0) {
            throw inUse(info, find(info.uuid()));
        }
        return info;
    }

    /** Opens a volume for a command that has it for itself until the space is closed. Errors as {@link #awaitUnused}. */
    public synchronized BlockSpace openForFiles(String name, Supplier<BlockSpace> open) {
        UUID uuid = awaitUnused(name).uuid();
        requireGoingOn();
        BlockSpace space = new ForwardingSpace(open.get()) {
            @Override
            public void close() {
                try {
                    super.close();
                } finally {
                    endCommand(uuid);
                }
            }
        };
        inCommands.add(uuid);
        return space;
    }

    /**
     * Uses the file system of a volume: as it is mounted, or else mounted for this alone.
     *
     * @throws CommandFailure {@link ExitCode#BUSY} when somebody has the volume open
     */
    public <T> T withFiles(String name, Function<FileSystem, T> use) {
        MountedVolume there = mountedNow(name);
        if (there != null) {
            try {
                return there.with(use);
            } catch (BlockSpaceException e) {
                if (e.code() != Code.CLOSED || mountedNow(name) == there) {
                    throw e;
                } // unmounted meanwhile
            }
        }
        try (BlockSpace space = openForFiles(name, () -> pool.open(name));
                FileSystem files = FileSystem.mount(space, FileSystemOptions.defaults(clock))) {
            return use.apply(files);
        }
    }

    private synchronized MountedVolume mountedNow(String name) {
        VolumeInfo info = awaitCommand(pool.info(name));
        forgetEnded();
        return find(info.uuid());
    }

    private synchronized void endCommand(UUID uuid) {
        inCommands.remove(uuid);
        notifyAll();
    }

    /**
     * Opens a volume for somebody else. {@link #mount} cannot come between: it either sees that the volume is open, or was
     * before.
     *
     * @throws BlockSpaceException {@code BUSY} while its file system is mounted, or a command is at work in it
     */
    public synchronized BlockSpace openUnmounted(String name, Supplier<BlockSpace> open) {
        forgetEnded();
        if (!mounted.isEmpty() || !inCommands.isEmpty()) {
            UUID uuid = pool.info(name).uuid();
            if (find(uuid) != null || inCommands.contains(uuid)) {
                throw new BlockSpaceException(Code.BUSY, "its file system is in use here: name=" + name);
            }
        }
        return open.get();
    }

    private MountedVolume find(UUID uuid) {
        return mounted.stream().filter(one -> one.uuid.equals(uuid)).findFirst().orElse(null);
    }

    /** Others of this directory were detached, and programs still have their files open. */
    private MountedVolume newestAt(MountPoint point) {
        return mounted.stream()
                .filter(one -> one.point.equals(point))
                .reduce((before, last) -> last)
                .orElse(null);
    }

    private void forgetEnded() {
        mounted.removeIf(MountedVolume::isClosed);
    }

    /**
     * Unmounts; on return everything is durable.
     *
     * @throws BlockSpaceException {@code OUT_OF_BACKING}, {@code IO} when something cannot be written: nothing is lost, it is still
     *     mounted, or was unmounted by somebody else and is tried again by itself
     * @throws CommandFailure {@link ExitCode#BUSY} while files are open; {@link ExitCode#NOT_FOUND_OR_EXISTS}
     */
    public Map<String, Object> unmount(MountPoint point) {
        MountedVolume found;
        synchronized (this) {
            found = newestAt(point);
        }
        try {
            if (point.isMounted()) {
                if (found != null) {
                    found.requireSynced(); // while it can still be refused
                }
                point.unmount(programs, point.isDead());
            } else if (found != null
                    && !found.endsWithin(detachedSeconds)) { // somebody detached it, and programs still have files open
                throw detached(point);
            } else if (found == null) {
                throw new CommandFailure(
                        ExitCode.NOT_FOUND_OR_EXISTS, "nothing is mounted there: directory=" + point.directory());
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        if (found != null) {
            try {
                awaitTried(found);
            } finally {
                synchronized (this) {
                    forgetEnded();
                }
            }
        }
        return Json.of("directory", point.directory().toString(), "unmounted", true);
    }

    private static void awaitTried(MountedVolume volume) {
        try {
            volume.tried().join();
        } catch (CompletionException failure) {
            if (failure.getCause() instanceof BlockSpaceException cause) {
                throw cause;
            }
            throw failure;
        }
    }

    /**
     * Runs something while the file systems of some volumes are at a moment between operations, with everything in place: what it
     * copies of them mounts without a replay. Programs that write wait meanwhile.
     *
     * @param names of volumes; those that are not there, or not mounted, count for nothing
     */
    public <T> T frozen(Collection<String> names, Supplier<T> work) {
        List<MountedVolume> affected = affected(names);
        affected.forEach(
                MountedVolume::sync); // so that little is left to write while they are frozen, the first for the last
        List<MountedVolume> frozen = new ArrayList<>();
        try {
            for (MountedVolume one : affected) {
                if (one.freeze()) {
                    frozen.add(one);
                }
            }
            return work.get();
        } finally {
            frozen.forEach(MountedVolume::thaw);
        }
    }

    /** In one order, whoever asks. */
    private synchronized List<MountedVolume> affected(Collection<String> names) {
        if (mounted.isEmpty()) {
            return List.of();
        }
        List<UUID> uuids = pool.list().stream()
                .filter(info -> names.contains(info.name()))
                .map(VolumeInfo::uuid)
                .toList();
        return mounted.stream()
                .filter(one -> uuids.contains(one.uuid))
                .sorted(Comparator.comparing(one -> one.uuid))
                .toList();
    }

    /** Unmounts all, whoever uses them. */
    @SuppressWarnings("checkstyle:IllegalCatch") // whatever one of them meets, the others end too
    public void close() {
        List<MountedVolume> all;
        synchronized (this) {
            isEnding = true;
            all = List.copyOf(mounted);
            mounted.clear();
        }
        all.forEach(this::detach); // all before any is waited for: programs have one moment, however many there are
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(detachedSeconds);
        for (MountedVolume one : all) {
            try {
                one.closeBy(deadline);
            } catch (RuntimeException failure) {
                log.warn("not unmounted cleanly: directory={}, reason={}", one.point.directory(), failure.toString());
            }
        }
    }

    @SuppressWarnings("checkstyle:IllegalCatch") // as above
    private void detach(MountedVolume one) {
        try {
            if (one.point.isMounted() && !one.isClosed()) {
                one.point.unmount(programs, true);
            }
        } catch (IOException | RuntimeException failure) {
            log.warn("not unmounted cleanly: directory={}, reason={}", one.point.directory(), failure.toString());
        }
    }
}

package io.blkspc.cli.serve;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Geometry;
import io.blkspc.api.Pool;
import io.blkspc.cli.action.Actions;
import io.blkspc.cli.action.Arguments;
import io.blkspc.cli.action.DumpResult;
import io.blkspc.cli.action.Operation;
import io.blkspc.cli.control.RequestHandler;
import io.blkspc.cli.fs.FileSystemSpace;
import io.blkspc.cli.fs.MountPoint;
import io.blkspc.cli.fs.MountedVolumes;
import io.blkspc.cli.image.TargetFile;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.outcome.Outcome;
import io.blkspc.cli.pool.PoolAccess.OpenPool;
import io.blkspc.cli.pool.ServedLink;
import io.blkspc.cli.text.Json;
import io.blkspc.nbd.NbdAddress;
import io.blkspc.nbd.NbdConfig;
import io.blkspc.nbd.NbdServer;
import io.blkspc.nbd.service.ExportSource;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.service.PoolExports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The management requests of one server. Called by many threads. */
final class Requests implements RequestHandler {

    private static final Logger log = LoggerFactory.getLogger("blkspc.control");
    private static final int MAX_AT_WORK = 1024;

    private final Pool pool;
    private final OpenPool open;
    private final List<Path> copySockets;
    private final NbdLimits limits;
    private final Runnable askForStop;
    private final MountedVolumes mounts;
    private final CompletableFuture<Boolean> stopped = new CompletableFuture<>();

    /** One permit per request at work on the pool; whoever has them all knows that there is none. */
    private final Semaphore atWork = new Semaphore(MAX_AT_WORK);

    private NbdServer copies;
    private Path copySocket;
    private boolean finished;

    /**
     * Requests of a pool.
     *
     * @param copySockets where the door for copies may be, the first that can be made
     */
    Requests(Pool pool, OpenPool open, List<Path> copySockets, NbdLimits limits, Runnable askForStop) {
        this.pool = pool;
        this.open = open;
        this.copySockets = copySockets;
        this.limits = limits;
        this.askForStop = askForStop;
        this.mounts = new MountedVolumes(pool, Requests::now);
    }

    @Override
    public Object handle(String name, Map<String, Object> arguments) {
        if (name.equals(ServedLink.STOP)) {
            askForStop.run();
            return Json.of("pid", ProcessHandle.current().pid(), "clean", stopped.join());
        }
        if (!atWork.tryAcquire()) {
            throw new CommandFailure(
                    ExitCode.BUSY,
                    "the server is stopping: pid=" + ProcessHandle.current().pid());
        }
        try {
            if (name.equals(ServedLink.COPY_SOCKET)) {
                return Json.of("socket", copySocket());
            }
            if (name.equals(ServedLink.FILES_CHECK)) {
                String volume = new Arguments(arguments).string("name");
                mounts.awaitUnused(volume);
                return Json.of("name", volume);
            }
            if (name.equals(ServedLink.RESERVABLE)) {
                return reservable(new Arguments(arguments));
            }
            if (name.equals(ServedLink.MOUNT)) {
                Arguments asked = new Arguments(arguments);
                return mounts.mount(asked.string("name"), directory(asked), asked.flag("others"));
            }
            if (name.equals(ServedLink.UNMOUNT)) {
                return mounts.unmount(directory(new Arguments(arguments)));
            }
            if (name.equals(ServedLink.LIMIT)) {
                return limit(new Arguments(arguments));
            }
            if (name.equals(ServedLink.SPACE)) {
                String volume = new Arguments(arguments).string("name");
                return mounts.withFiles(volume, files -> FileSystemSpace.facts(volume, files));
            }
            if (name.equals(ServedLink.CHECK)) {
                return open.check(new Arguments(arguments).flag("deep")).facts();
            }
            if (name.equals(ServedLink.DUMP)) {
                return dump(Path.of(new Arguments(arguments).string("file"))).facts();
            }
            Operation operation = Operation.named(name);
            if (operation == null) {
                throw new CommandFailure(ExitCode.FAILED, "the server does not know this operation: name=" + name);
            }
            return run(operation, new Arguments(arguments));
        } finally {
            atWork.release();
        }
    }

    /** These exports, without those whose file system is mounted. */
    ExportSource unmounted(ExportSource exports) {
        return new UnmountedExports(exports, mounts);
    }

    private DumpResult dump(Path target) {
        try {
            return TargetFile.write(target, open::dump);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private Map<String, Object> limit(Arguments asked) {
        String volume = asked.string("name");
        long usable = asked.number("usable");
        if (usable < 0 || !Geometry.isBlockAligned(usable)) {
            throw new IllegalArgumentException("limit is not whole blocks: usable=" + usable);
        }
        return mounts.withFiles(volume, files -> FileSystemSpace.limit(volume, files, usable));
    }

    private Map<String, Object> reservable(Arguments asked) {
        try (BlockSpace space = pool.open(asked.string("name"))) {
            int credits = space.reservable(
                    Math.toIntExact(asked.number("block_size")), Math.toIntExact(asked.number("credits")));
            return Json.of("credits", credits);
        }
    }

    private static long now() {
        return ChronoUnit.NANOS.between(Instant.EPOCH, Instant.now());
    }

    private static MountPoint directory(Arguments arguments) {
        return new MountPoint(Path.of(arguments.string("directory")));
    }

    /** What is frozen is frozen with its file system, where one is mounted. */
    private Object run(Operation operation, Arguments arguments) {
        List<String> sources = switch (operation) {
            case CLONE -> List.of(arguments.string("source"));
            case SNAPSHOT ->
                arguments.strings("names").stream()
                        .map(snapshot -> snapshot.split("@", 2)[0])
                        .toList();
            default -> List.of();
        };
        Supplier<Object> work = () -> Actions.run(operation, arguments, pool);
        return sources.isEmpty() ? work.get() : mounts.frozen(sources, work);
    }

    @Override
    public Outcome judge(String name, Throwable failure) {
        Operation operation = Operation.named(name);
        return Outcome.of(failure, operation != null ? operation.changes() : name.equals(ServedLink.LIMIT));
    }

    /** Own copies see every volume, whatever other clients may see; the door for them is made when it is first needed. */
    private synchronized String copySocket() {
        if (finished) {
            throw new CommandFailure(ExitCode.BUSY, "the server is stopping");
        }
        for (Path candidate : copySockets) {
            if (copies == null) {
                openCopies(candidate, candidate.equals(copySockets.getLast()));
            }
        }
        return copySocket.toString();
    }

    private void openCopies(Path socket, boolean isLast) {
        try {
            Files.createDirectories(socket.getParent());
            copies = NbdServer.start(
                    new NbdConfig(List.of(NbdAddress.unix(socket)), limits),
                    new OwnExports(new PoolExports(pool), mounts));
            copySocket = socket;
        } catch (IOException failure) {
            if (isLast) {
                throw new UncheckedIOException(failure);
            }
            log.warn("no socket can be made in the pool: {}", failure.getMessage());
        }
    }

    /** Takes no more requests, ends copies and dumps, waits for the requests at work, and unmounts what is mounted. */
    void finish(long millis) {
        synchronized (this) {
            finished = true;
            if (copies != null) {
                copies.close();
            }
        }
        open.endDumps(); // they may take hours, or wait for who reads
        try {
            if (!atWork.tryAcquire(MAX_AT_WORK, millis, TimeUnit.MILLISECONDS)) {
                log.warn("requests are still at work and will fail: count={}", MAX_AT_WORK - atWork.availablePermits());
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        mounts.close();
    }

    /** Tells those who asked for the stop how it went. */
    void stopped(boolean isClean) {
        stopped.complete(isClean);
    }
}

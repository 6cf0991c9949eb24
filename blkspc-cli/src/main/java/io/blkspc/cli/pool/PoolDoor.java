package io.blkspc.cli.pool;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.cli.control.ControlClient;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.pool.PoolAccess.Holder;
import io.blkspc.cli.pool.PoolAccess.Mode;
import io.blkspc.cli.pool.PoolAccess.OpenRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Finds the way to a pool. Nobody holds it: open it here. A server does: talk to it. A server that starts: wait for it. A
 * command that holds it for a moment: wait a moment.
 */
public final class PoolDoor {

    private static final long STARTING_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final long MOMENT_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long PAUSE_MILLIS = 50;

    private final PoolAccess access;
    private final PoolLocation location;
    private final Consumer<String> progress;
    private final long startNanos = System.nanoTime();

    /**
     * A door that nobody went through yet; its time limits run from now on.
     *
     * @param progress takes a few words while waiting
     */
    public PoolDoor(PoolAccess access, PoolLocation location, Consumer<String> progress) {
        this.access = access;
        this.location = location;
        this.progress = progress;
    }

    /**
     * Goes to the pool, wherever it is open.
     *
     * @param changes {@code false}: the pool will only be looked at. Where nobody holds it nothing is then written, and a
     *     damaged one is taken as far as it can be read
     * @throws CommandFailure with exit code 5 when its holder did not let go in time
     */
    public PoolLink enter(boolean changes) {
        ServedLink answering = connectToUsualSocket();
        if (answering != null) {
            return answering;
        }
        while (true) {
            Optional<Holder> holder = access.holder(location.directory());
            if (holder.isPresent()) {
                PoolLink link = connect(holder.get());
                if (link != null) {
                    return link;
                }
            } else {
                PoolLink link = open(changes);
                if (link != null) {
                    return link;
                }
            }
            pause();
        }
    }

    /**
     * Goes to the server of the pool.
     *
     * @return empty when no server holds it
     */
    public Optional<ServedLink> enterServer() {
        ServedLink answering = connectToUsualSocket();
        if (answering != null) {
            return Optional.of(answering);
        }
        while (true) {
            Optional<Holder> holder = access.holder(location.directory());
            if (holder.isEmpty()) {
                return Optional.empty();
            }
            ServedLink link = connect(holder.get());
            if (link != null) {
                return Optional.of(link);
            }
            pause();
        }
    }

    /**
     * Whoever listens on the control socket of a pool holds its lock, so most commands need not look at the lock, and not
     * even load the host. {@code null}: nobody listens, or not here.
     */
    private ServedLink connectToUsualSocket() {
        try {
            location.requireTrusted(location.controlSocket());
            return new ServedLink(ControlClient.connect(location.controlSocket()));
        } catch (IOException nobodyListens) {
            return null;
        }
    }

    /** {@code null}: try again. */
    private PoolLink open(boolean changes) {
        try {
            OpenRequest request = new OpenRequest(Mode.OFFLINE, null, false, !changes, progress);
            return new OwnLink(access.open(location.directory(), request).pool());
        } catch (BlockSpaceException failure) {
            if (failure.code() != BlockSpaceException.Code.BUSY || isOver(MOMENT_NANOS)) {
                throw failure;
            }
            return null;
        }
    }

    /** {@code null}: try again. */
    private ServedLink connect(Holder holder) {
        switch (holder.mode()) {
            case SERVING -> {
                try {
                    return new ServedLink(ControlClient.connect(Path.of(holder.socket())));
                } catch (IOException notListening) {
                    giveUpAfter(MOMENT_NANOS, "the server that holds the pool does not answer", holder);
                }
            }
            case STARTING -> {
                progress.accept("waiting for the server to start: pid=" + holder.pid());
                giveUpAfter(STARTING_NANOS, "the server that holds the pool is still starting", holder);
            }
            case OFFLINE -> giveUpAfter(MOMENT_NANOS, "the pool is in use by another command", holder);
        }
        return null;
    }

    private void giveUpAfter(long nanos, String words, Holder holder) {
        if (isOver(nanos)) {
            throw new CommandFailure(ExitCode.BUSY, words + ": pid=" + holder.pid() + ", pool=" + location.directory());
        }
    }

    private boolean isOver(long nanos) {
        return System.nanoTime() - startNanos > nanos;
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE_MILLIS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new CommandFailure(ExitCode.BUSY, "interrupted while waiting for the pool", interrupted);
        }
    }
}

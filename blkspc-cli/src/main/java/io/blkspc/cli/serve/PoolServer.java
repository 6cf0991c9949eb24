package io.blkspc.cli.serve;

import io.blkspc.api.Pool;
import io.blkspc.api.PoolStatus;
import io.blkspc.cli.control.ControlServer;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.pool.PoolAccess;
import io.blkspc.cli.pool.PoolAccess.Mode;
import io.blkspc.cli.pool.PoolAccess.OpenPool;
import io.blkspc.cli.pool.PoolAccess.OpenRequest;
import io.blkspc.cli.pool.PoolLocation;
import io.blkspc.nbd.NbdConfig;
import io.blkspc.nbd.NbdServer;
import io.blkspc.nbd.service.ExportSource;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.service.PoolExports;
import io.blkspc.nbd.tls.TlsCredentials;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A pool, served: takes the pool, then answers management requests and NBD clients, until it is asked to stop.
 *
 * <p>Order of the end: no new clients and requests; those at work finish; the pool persists everything, is marked clean
 * and let go; whoever asked for the stop is told. All of that within {@link #STOP_SECONDS}, or the process is ended hard,
 * as after a power cut: nothing that was promised is lost by it. No shutdown hook touches the pool.
 */
public final class PoolServer {

    /** A stop takes no longer than this. */
    static final long STOP_SECONDS = 30;

    private static final Logger log = LoggerFactory.getLogger("blkspc.control");

    /** So that clients which read nothing leave enough of the stop's time to the pool. */
    private static final NbdLimits LIMITS = NbdLimits.DEFAULT.withTimes(10_000, 60_000, 10_000);

    private static final long REQUESTS_SECONDS = 5;
    private static final long ANSWERS_MILLIS = 1_000;

    private final Pool pool;
    private final Requests requests;
    private final ControlServer control;
    private final NbdServer nbd;
    private final CountDownLatch stopAsked;

    private PoolServer(Pool pool, Requests requests, ControlServer control, NbdServer nbd, CountDownLatch stopAsked) {
        this.pool = pool;
        this.requests = requests;
        this.control = control;
        this.nbd = nbd;
        this.stopAsked = stopAsked;
    }

    /**
     * Takes the pool and starts to serve it. On return clients and commands are answered.
     *
     * @param stopAsked counted down by whoever wants the server to end
     * @param progress takes a few words now and then during a recovery
     * @throws IOException when a socket cannot be had; the pool is then closed again
     */
    public static PoolServer start(
            PoolAccess access,
            PoolLocation location,
            ServeOptions options,
            CountDownLatch stopAsked,
            Consumer<String> progress)
            throws IOException {
        Addresses.of(location, options); // refuses wrong options before anything is taken
        credentials(options.encryption());
        location.prepareDirectoryOf(location.controlSocket());
        OpenPool open = access.open(
                location.directory(),
                new OpenRequest(
                        Mode.STARTING,
                        location.controlSocket().toString(),
                        options.direct(),
                        options.readOnly(),
                        progress));
        Pool pool = open.pool();
        boolean isStarted = false;
        try {
            PoolServer server = listen(open, pool, location, options, stopAsked);
            isStarted = true;
            return server;
        } finally {
            if (!isStarted) {
                pool.close();
            }
        }
    }

    /** Makes the sockets, in the pool or, where its file system cannot, elsewhere; the lock file says where. */
    private static PoolServer listen(
            OpenPool open, Pool pool, PoolLocation location, ServeOptions options, CountDownLatch stopAsked)
            throws IOException {
        PoolLocation elsewhere = location.withSocketsElsewhere();
        try {
            return listenAt(location, elsewhere, open, pool, options, stopAsked);
        } catch (IOException refused) {
            if (location.controlSocket().equals(elsewhere.controlSocket())) {
                throw refused;
            }
            elsewhere.prepareDirectoryOf(elsewhere.controlSocket());
            log.warn(
                    "no socket can be made in the pool, they are in {}: {}",
                    elsewhere.controlSocket().getParent(),
                    refused.getMessage());
            try {
                return listenAt(elsewhere, elsewhere, open, pool, options, stopAsked);
            } catch (IOException again) {
                again.addSuppressed(refused);
                throw again;
            }
        }
    }

    @SuppressWarnings("checkstyle:ParameterNumber") // what a server is made of
    private static PoolServer listenAt(
            PoolLocation location,
            PoolLocation elsewhere,
            OpenPool open,
            Pool pool,
            ServeOptions options,
            CountDownLatch stopAsked)
            throws IOException {
        ControlServer control = null;
        NbdServer nbd = null;
        boolean isStarted = false;
        try {
            List<Path> copySockets = List.of(location.copySocket(), elsewhere.copySocket());
            Requests requests = new Requests(pool, open, copySockets, LIMITS, stopAsked::countDown);
            // Of a server that was killed: we hold the pool's lock. The NBD server looks after its own.
            Files.deleteIfExists(location.controlSocket());
            Files.deleteIfExists(location.copySocket());
            control = ControlServer.start(location.controlSocket(), requests);
            ExportSource exports = requests.unmounted(new PoolExports(pool, options.readOnly()));
            nbd = NbdServer.start(
                    new NbdConfig(Addresses.of(location, options), LIMITS, credentials(options.encryption())),
                    options.export() == null ? exports : new ChosenExports(exports, options.export()));
            open.serving(location.controlSocket().toString());
            isStarted = true;
            return new PoolServer(pool, requests, control, nbd, stopAsked);
        } finally {
            if (!isStarted) {
                closeAll(nbd, control);
            }
        }
    }

    private static void closeAll(NbdServer nbd, ControlServer control) {
        if (nbd != null) {
            nbd.close();
        }
        if (control != null) {
            control.close();
        }
    }

    private static TlsCredentials credentials(ServeOptions.Encryption encryption) throws IOException {
        if (encryption.directory() == null) {
            if (encryption.clientsAreVerified()) {
                throw CommandFailure.usage("clients show certificates with TLS only: --tls-verify-peer needs --tls");
            }
            return null;
        }
        return TlsCredentials.read(encryption.directory(), encryption.clientsAreVerified());
    }

    /** URIs of the default export, the unix socket first. */
    public List<String> uris() {
        return nbd.addresses().stream().map(address -> address.uri().toString()).toList();
    }

    /**
     * Serves until a stop is asked for, then stops.
     *
     * @param stopping is called when the stop begins
     * @throws CommandFailure when the pool could not be marked clean
     */
    public void serveUntilStopped(Runnable stopping) {
        awaitStop();
        Thread watchdog = startWatchdog();
        stopping.run();
        boolean isClean = false;
        try {
            CommandFailure failure = stop();
            isClean = failure == null;
            if (failure != null) {
                throw failure;
            }
        } finally {
            requests.stopped(isClean);
            control.awaitAnswers(ANSWERS_MILLIS);
            control.close();
            watchdog.interrupt();
        }
    }

    private void awaitStop() {
        try {
            stopAsked.await();
        } catch (InterruptedException interrupted) {
            // Nobody interrupts this thread; if somebody does, a clean stop is the safe answer.
            Thread.currentThread().interrupt();
        }
    }

    /** {@code null} when all went well. */
    private CommandFailure stop() {
        log.info("stopping");
        control.stopAccepting();
        nbd.close();
        requests.finish(TimeUnit.SECONDS.toMillis(REQUESTS_SECONDS));
        PoolStatus.State state = pool.status().state();
        try {
            pool.close();
        } catch (io.blkspc.api.BlockSpaceException failure) {
            return new CommandFailure(
                    ExitCode.FAILED, "the pool could not be closed cleanly: " + failure.getMessage(), failure);
        }
        if (state == PoolStatus.State.FAILED) {
            return new CommandFailure(
                    ExitCode.FAILED, "an earlier write or force failed: the pool will recover when it is opened next");
        }
        log.info("stopped");
        return null;
    }

    private static Thread startWatchdog() {
        return Thread.ofPlatform().daemon().name("stop-watchdog").start(() -> {
            try {
                Thread.sleep(TimeUnit.SECONDS.toMillis(STOP_SECONDS));
            } catch (InterruptedException ended) {
                return;
            }
            log.error("the stop takes too long and is cut: seconds={}", STOP_SECONDS);
            Runtime.getRuntime().halt(ExitCode.FAILED);
        });
    }
}

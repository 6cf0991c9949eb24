package io.blkspc.cli.e2e;

import io.blkspc.cli.HostAccess;
import io.blkspc.cli.command.CommandRun;
import io.blkspc.cli.pool.PoolLocation;
import io.blkspc.cli.serve.PoolServer;
import io.blkspc.cli.serve.ServeOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A server of a pool in the process of the test. */
final class InProcessServer implements AutoCloseable {

    private final CountDownLatch stop = new CountDownLatch(1);
    private final CompletableFuture<Void> served;

    InProcessServer(CommandRun of) throws IOException {
        PoolServer server = PoolServer.start(
                new HostAccess(),
                PoolLocation.of(of.pool().toString(), Map.of()),
                new ServeOptions(ServeOptions.Doors.USUAL, ServeOptions.NO_TLS, false, null, false),
                stop,
                words -> {});
        served = CompletableFuture.runAsync(
                () -> server.serveUntilStopped(() -> {}),
                task -> Thread.ofPlatform().daemon().start(task));
    }

    @Override
    public void close() {
        stop.countDown();
        try {
            served.get(30, TimeUnit.SECONDS);
        } catch (Exception failure) {
            throw new AssertionError(failure);
        }
    }

    /** Fills the first MiB of a volume through the server of a pool, durably. */
    static void write(CommandRun to, String volume, int token) throws IOException {
        byte[] bytes = new byte[1 << 20];
        Arrays.fill(bytes, (byte) token);
        try (NbdConnection connection = NbdConnection.open(to.pool().resolve("nbd.sock"), volume)) {
            connection.write(0, ByteBuffer.wrap(bytes), 0);
            connection.flush();
        }
    }

    /** What {@code pool status} says. */
    static Object state(CommandRun of) {
        return of.run("pool", "status", "--json").object().get("state");
    }
}

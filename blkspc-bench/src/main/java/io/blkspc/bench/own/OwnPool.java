package io.blkspc.bench.own;

import io.blkspc.bench.bed.Commands;
import io.blkspc.bench.bed.Place;
import io.blkspc.bench.bed.Product;
import io.blkspc.bench.bed.ServerProcess;
import io.blkspc.bench.bed.Volumes;
import io.blkspc.bench.load.Endpoint;
import io.blkspc.bench.load.LoadClient;
import io.blkspc.bench.load.LoadResult;
import io.blkspc.bench.load.LoadSpec;
import io.blkspc.bench.load.Order;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A pool of the bench and, most of the time, its server. Owned by one thread. */
final class OwnPool implements AutoCloseable {

    static final int BLOCK_BYTES = 4096;

    private static final int DEPTH = 32;
    private static final long WHOLE_MILLIS = 3_600_000; // a run ends with its last block

    private final Place place;
    private final Product product;
    private final Path home;
    private final Path pool;
    private final Path socket;
    private ServerProcess server;
    private Volumes volumes;

    private OwnPool(Place place, Product product, Path home) {
        this.place = place;
        this.product = product;
        this.home = home;
        this.pool = home.resolve("pool");
        this.socket = home.resolve("s");
    }

    /** Makes a pool and serves it. */
    static OwnPool serve(Place place, Product product, String name, long bytes) throws IOException {
        OwnPool own = new OwnPool(place, product, place.fresh(name));
        Commands.run(product.words("--pool", own.pool.toString(), "pool", "create", "--size", Long.toString(bytes)));
        own.start();
        return own;
    }

    /** Starts the server; returns once it answers, with the time that took in nanoseconds. */
    long start() throws IOException {
        long before = System.nanoTime();
        server = ServerProcess.start(
                place.pinning()
                        .unpinned(product.words("--pool", pool.toString(), "serve", "--unix", socket.toString())),
                socket,
                home.resolve("log"),
                null);
        volumes = product.door().enter(pool);
        return System.nanoTime() - before;
    }

    Volumes volumes() {
        return volumes;
    }

    ServerProcess server() {
        return server;
    }

    Path home() {
        return home;
    }

    /** Writes each block of a volume of {@code blocks}, a power of two, in no order: each becomes an extent of its own. */
    void scatter(String volume, long blocks) throws IOException {
        run(
                volume,
                LoadSpec.writes(BLOCK_BYTES, DEPTH, blocks * BLOCK_BYTES, WHOLE_MILLIS)
                        .withOrder(Order.EACH_ONCE));
    }

    /** Runs a load on a volume. */
    LoadResult run(String volume, LoadSpec spec) throws IOException {
        LoadResult result = LoadClient.run(new Endpoint(socket, volume), spec);
        if (result.errors() > 0) {
            throw new IOException("requests failed: volume=" + volume + ", errors=" + result.errors());
        }
        return result;
    }

    /** Runs a command as a user would, a process of its own; tells how long it took in nanoseconds. */
    long timed(List<String> command) throws IOException {
        List<String> words = new ArrayList<>(product.shortCommand());
        words.addAll(List.of("--pool", pool.toString()));
        words.addAll(command);
        List<String> unpinned = place.pinning().unpinned(words);
        long before = System.nanoTime();
        Commands.run(unpinned);
        return System.nanoTime() - before;
    }

    /** Kills the server, as a lack of memory or an impatient operator would. */
    void kill() throws IOException {
        volumes.close();
        server.kill();
        server = null;
    }

    /** Ends the server in order. */
    void stop() throws IOException {
        volumes.close();
        server.close();
        server = null;
    }

    /** Ends what runs and removes all files. */
    @Override
    public void close() throws IOException {
        if (server != null) {
            stop();
        }
        Place.strike(home);
    }
}

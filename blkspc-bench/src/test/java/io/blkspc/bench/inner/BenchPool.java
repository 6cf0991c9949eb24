package io.blkspc.bench.inner;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Pool;
import io.blkspc.host.BlockSpaceHost;
import io.blkspc.host.HostConfig;
import io.blkspc.host.PoolSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A real pool in a directory that goes with it. Its data is never written, so it stays a sparse file. */
final class BenchPool implements AutoCloseable {

    private static final long BLOCK = 4096;
    private static final long LEAST_BYTES = 64L << 20;

    private final Path directory;
    private final Pool pool;

    private BenchPool(Path directory, Pool pool) {
        this.directory = directory;
        this.pool = pool;
    }

    static BenchPool make(long blocks) {
        try {
            Path directory = Files.createTempDirectory("blkspc-inner-");
            Path pool = directory.resolve("pool");
            BlockSpaceHost.create(pool, new PoolSpec(Math.max(LEAST_BYTES, blocks * BLOCK), null, 0, false, true));
            return new BenchPool(directory, BlockSpaceHost.open(pool, HostConfig.offline()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void create(String name, long blocks) {
        pool.create(name, blocks * BLOCK);
    }

    BlockSpace open(String name) {
        return pool.open(name);
    }

    /** Returns once the space of the volume is free again. */
    void destroy(String name) {
        pool.destroy(List.of(name), false);
        pool.awaitReclaim();
    }

    void settle() {
        pool.flush();
    }

    @Override
    public void close() {
        pool.close();
        try (Stream<Path> found = Files.walk(directory)) {
            for (Path path : found.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

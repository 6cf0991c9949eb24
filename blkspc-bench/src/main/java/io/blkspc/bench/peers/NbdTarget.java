package io.blkspc.bench.peers;

import io.blkspc.bench.bed.Commands;
import io.blkspc.bench.bed.ServerProcess;
import io.blkspc.bench.load.Endpoint;
import io.blkspc.bench.load.LoadClient;
import io.blkspc.bench.load.LoadResult;
import io.blkspc.bench.load.LoadSpec;
import io.blkspc.bench.load.Order;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * An export of a server.
 *
 * @param server its process, for the processor time
 * @param endpoint where it is served
 * @param ending what ends with it
 */
record NbdTarget(ServerProcess server, Endpoint endpoint, Ending ending) implements Target {

    private static final int FILL_BYTES = 1 << 20;
    private static final int FILL_DEPTH = 4;
    private static final int BLOCK_BYTES = 4096;
    private static final int READ_DEPTH = 32;
    private static final long WHOLE_MILLIS = 3_600_000; // it ends with the last block

    /** What is to be ended. */
    interface Ending {
        void end() throws IOException;
    }

    @Override
    public Sample run(LoadSpec spec) throws IOException {
        long before = server.cpuNanos();
        LoadResult result = LoadClient.run(endpoint, spec);
        long cpuNanos = server.cpuNanos() - before;
        if (result.errors() > 0) {
            throw new IOException("requests failed: errors=" + result.errors() + ", requests=" + result.requests());
        }
        return new Sample(
                result.rate(),
                cpuNanos / 1e3 / Math.max(1, result.requests()),
                result.clientMicros(),
                result.latencies().percentile(50) / 1e3,
                result.latencies().percentile(99) / 1e3);
    }

    @Override
    public Sample runByFio(LoadSpec spec) throws IOException {
        return Fio.nbd(server, endpoint, spec);
    }

    /** Writes every byte once. */
    NbdTarget filled(long bytes) throws IOException {
        run(LoadSpec.writes(FILL_BYTES, FILL_DEPTH, bytes, WHOLE_MILLIS).withOrder(Order.EACH_ONCE));
        return this;
    }

    /**
     * Brings all of the disk into the page cache, and everybody's in the same way: {@code files} leave the cache, then each block is
     * read once, in no order. How large the pieces are in which the kernel keeps a file depends on how it came in, and what a
     * small write costs depends on that, by a factor of five.
     */
    NbdTarget cachedAnew(long bytes, List<Path> files) throws IOException {
        for (Path file : files) {
            Commands.run("sync", "-d", file.toString());
            Commands.run("dd", "of=" + file, "oflag=nocache", "conv=notrunc,fdatasync", "count=0", "status=none");
        }
        run(LoadSpec.reads(BLOCK_BYTES, READ_DEPTH, bytes, WHOLE_MILLIS).withOrder(Order.EACH_ONCE));
        return this;
    }

    @Override
    public void close() throws IOException {
        ending.end();
    }
}

package io.blkspc.bench.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Pool;
import io.blkspc.api.client.SpaceIo;
import io.blkspc.host.BlockSpaceHost;
import io.blkspc.host.HostConfig;
import io.blkspc.host.PoolSpec;
import io.blkspc.nbd.NbdAddress;
import io.blkspc.nbd.NbdConfig;
import io.blkspc.nbd.NbdServer;
import io.blkspc.nbd.service.PoolExports;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The load client against the server of this project: it does what the spec says, however its replies come. */
class LoadClientTest {

    private static final int BLOCK = 4096;
    private static final long DISK = 8L << 20;
    private static final long ANY_MILLIS = TimeUnit.HOURS.toMillis(1); // EACH_ONCE ends by itself

    @TempDir
    Path directory;

    private Pool pool;
    private NbdServer server;
    private Endpoint endpoint;

    @BeforeEach
    void serve() throws Exception {
        Path path = directory.resolve("pool");
        BlockSpaceHost.create(path, new PoolSpec(64L << 20, null, 0, false, true));
        pool = BlockSpaceHost.open(path, HostConfig.offline());
        pool.create("vol", DISK);
        Path socket = directory.resolve("s");
        server = NbdServer.start(NbdConfig.on(NbdAddress.unix(socket)), new PoolExports(pool));
        endpoint = new Endpoint(socket, "vol");
    }

    @AfterEach
    void end() throws Exception {
        server.close();
        pool.close();
    }

    @Test
    void eachOnceWritesEveryBlockAndNoneOfThemIsZeros() throws Exception {
        LoadResult result = LoadClient.run(endpoint, once(BLOCK));

        assertThat(result.requests()).isEqualTo(DISK / BLOCK);
        assertThat(result.errors()).isZero();
        assertThat(result.latencies().total()).isEqualTo(DISK / BLOCK);
        try (BlockSpace space = pool.open("vol");
                SpaceIo io = SpaceIo.on(space);
                Arena arena = Arena.ofConfined()) {
            MemorySegment block = arena.allocate(BLOCK, BLOCK);
            for (long at = 0; at < DISK; at += BLOCK) {
                io.read(at, BLOCK, block, 0);
                assertThat(block.get(ValueLayout.JAVA_LONG, 1024))
                        .as("at %d", at)
                        .isNotZero();
            }
        }
    }

    @Test
    void readsComeBackWithSimpleAndWithStructuredReplies() throws Exception {
        LoadClient.run(endpoint, once(BLOCK));
        LoadSpec structured = once(BLOCK).withReadPercent(100);

        assertThat(LoadClient.run(endpoint, structured).requests()).isEqualTo(DISK / BLOCK);
        assertThat(LoadClient.run(endpoint, structured.withSimpleReplies()).requests())
                .isEqualTo(DISK / BLOCK);
    }

    @Test
    void repliesLongerThanTheBufferAndHolesAreSkippedRight() throws Exception {
        LoadSpec large = once(4 << 20).withReadPercent(100);
        assertThat(LoadClient.run(endpoint, large).requests()).isEqualTo(2); // a hole, in few bytes
        assertThat(LoadClient.run(endpoint, large.withSimpleReplies()).requests())
                .isEqualTo(2);
        LoadClient.run(endpoint, once(4 << 20));
        assertThat(LoadClient.run(endpoint, large).requests()).isEqualTo(2);
        assertThat(LoadClient.run(endpoint, large.withSimpleReplies()).requests())
                .isEqualTo(2);
    }

    @Test
    void aWriteAndItsFlushAreOneRequest() throws Exception {
        long before = server.status().requests();
        LoadResult result = LoadClient.run(
                endpoint,
                LoadSpec.writes(BLOCK, 1, 4 * BLOCK, ANY_MILLIS)
                        .withOrder(Order.EACH_ONCE)
                        .withFlushes());

        assertThat(result.requests()).isEqualTo(4);
        awaitRequests(before + 8); // four writes, four flushes; a goodbye has no reply and is no request
    }

    @Test
    void severalConnectionsMixReadsAndWritesUntilTheTimeIsOver() throws Exception {
        LoadResult result = LoadClient.run(
                endpoint, LoadSpec.reads(BLOCK, 8, DISK, 50).withReadPercent(50).withConnections(3));

        assertThat(result.errors()).isZero();
        assertThat(result.requests()).isGreaterThanOrEqualTo(3 * 8);
        assertThat(result.rate()).isPositive();
    }

    @Test
    void refusedRequestsAreCountedAsErrors() throws Exception {
        pool.snapshot(List.of("vol@now"));
        LoadResult result = LoadClient.run(new Endpoint(endpoint.socket(), "vol@now"), once(BLOCK));

        assertThat(result.errors()).isEqualTo(DISK / BLOCK);
        assertThat(result.requests()).isZero();
    }

    @Test
    void exportThatIsNotThereOrTooSmallIsRefused() {
        assertThatThrownBy(() -> LoadClient.run(new Endpoint(endpoint.socket(), "other"), once(BLOCK)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("other");
        assertThatThrownBy(() -> LoadClient.run(endpoint, LoadSpec.reads(BLOCK, 1, 2 * DISK, 1)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("too small");
    }

    @Test
    void loadsThatCouldWaitForEachOtherAreRefused() {
        assertThatThrownBy(() -> LoadSpec.reads(1 << 20, 8, DISK, 1).withReadPercent(50))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("both directions");
    }

    private static LoadSpec once(int blockBytes) {
        return LoadSpec.writes(blockBytes, 8, DISK, ANY_MILLIS).withOrder(Order.EACH_ONCE);
    }

    /** The server counts the requests of a connection when it ends. */
    private void awaitRequests(long wanted) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (server.status().requests() < wanted && System.nanoTime() - deadline < 0) {
            Thread.sleep(5);
        }
        assertThat(server.status().requests()).isEqualTo(wanted);
    }
}

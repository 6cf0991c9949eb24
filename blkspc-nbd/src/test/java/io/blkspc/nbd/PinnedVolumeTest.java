package io.blkspc.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.Pool;
import io.blkspc.api.PoolStatus;
import io.blkspc.api.Quota;
import io.blkspc.api.contract.SteadyHeap;
import io.blkspc.host.BlockSpaceHost;
import io.blkspc.host.HostConfig;
import io.blkspc.host.PoolSpec;
import io.blkspc.host.device.CacheMode;
import io.blkspc.nbd.service.PoolExports;
import io.blkspc.nbd.testing.NbdTestClient;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A volume for swap, made and used over NBD: guaranteed in full, every block allocated by WRITE_ZEROES with NO_HOLE. */
class PinnedVolumeTest {

    private static final int BLOCK = 4096;
    private static final int BLOCKS = 2048;
    private static final int BATCH = 32;

    private final long seed = Long.getLong("blkspc.seed", System.nanoTime());
    private final SplittableRandom random = new SplittableRandom(seed);
    private final long[] expected = new long[BLOCKS];

    @TempDir
    Path directory;

    @ParameterizedTest
    @EnumSource(CacheMode.class)
    void overwritingTakesNothingOfThePoolAndNoMemory(CacheMode mode) throws Exception {
        System.out.println("seed=" + seed);
        Path path = directory.resolve("pool");
        BlockSpaceHost.create(path, new PoolSpec(64L << 20, null, 0, false, true));
        try (Pool pool = BlockSpaceHost.open(path, HostConfig.offline().with(mode))) {
            pool.create("swap", BLOCKS * (long) BLOCK, Quota.guarantee(Quota.FULL));
            NbdConfig config = NbdConfig.on(NbdAddress.unix(directory.resolve("s")));
            try (NbdServer server = NbdServer.start(config, new PoolExports(pool));
                    NbdTestClient client = NbdTestClient.open(server.addresses().getFirst(), "swap", false)) {
                client.zero(0, BLOCKS * (long) BLOCK, NbdTestClient.NO_HOLE);
                PoolStatus pinned = pool.status();
                for (int i = 0; i < BLOCKS / BATCH; i++) {
                    overwrite(client, i * BATCH);
                }
                overwriteAnywhere(client);
                awaitSettled(pool);
                PoolStatus written = pool.status();
                assertThat(written.allocatedBytes()).isEqualTo(pinned.allocatedBytes());
                // Less where a whole MiB was written: it needs no leaf any more.
                assertThat(written.metadataUsedBytes()).isLessThanOrEqualTo(pinned.metadataUsedBytes());

                long requests = BATCH * 40L;
                long allocated = SteadyHeap.ofThreads("nbd-(client|worker|send).*", requests, () -> {
                    for (int i = 0; i < 40; i++) {
                        overwriteAnywhere(client);
                    }
                });
                // Less than a byte for each request.
                assertThat(allocated).isLessThanOrEqualTo(requests);
                PoolStatus after = pool.status();
                assertThat(after.sequence()).as("journal records").isEqualTo(written.sequence());
                assertThat(after.allocatedBytes()).isEqualTo(pinned.allocatedBytes());
                assertThat(after.metadataUsedBytes()).isEqualTo(written.metadataUsedBytes());
                verify(client);
            }
        }
    }

    /** Until every block is written in place: the durable mark covers the last commit. */
    private static void awaitSettled(Pool pool) {
        pool.flush();
        long sequence;
        do {
            sequence = pool.status().sequence();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(500));
        } while (pool.status().sequence() != sequence);
    }

    private void overwriteAnywhere(NbdTestClient client) throws Exception {
        overwrite(client, random.nextInt(BLOCKS - BATCH));
    }

    /** One batch: blocks of a range, each with a value of its own, not in order. */
    private void overwrite(NbdTestClient client, int firstBlock) throws Exception {
        ByteBuffer batch = ByteBuffer.allocate(BATCH * (BLOCK + 28));
        byte[] payload = new byte[BLOCK];
        for (int i = 0; i < BATCH; i++) {
            int block = firstBlock + (i * 7) % BATCH;
            expected[block] = random.nextLong();
            ByteBuffer.wrap(payload).putLong(0, expected[block]);
            client.encode(batch, NbdTestClient.WRITE, 0, (long) block * BLOCK, BLOCK, payload);
        }
        client.sendEncoded(batch.flip());
        while (client.inFlight() > 0) {
            assertThat(client.take().error()).isZero();
        }
    }

    private void verify(NbdTestClient client) throws Exception {
        for (int block = 0; block < BLOCKS; block++) {
            ByteBuffer read = ByteBuffer.wrap(client.read((long) block * BLOCK, BLOCK));
            assertThat(read.getLong(0)).as("seed=%d block=%d", seed, block).isEqualTo(expected[block]);
        }
    }
}

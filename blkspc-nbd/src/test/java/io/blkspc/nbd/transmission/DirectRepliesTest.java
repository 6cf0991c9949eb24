package io.blkspc.nbd.transmission;

import static io.blkspc.nbd.testing.NbdTestClient.DF;
import static io.blkspc.nbd.testing.NbdTestClient.EIO;
import static io.blkspc.nbd.testing.NbdTestClient.READ;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.blkspc.api.Pool;
import io.blkspc.api.contract.SteadyHeap;
import io.blkspc.host.BlockSpaceHost;
import io.blkspc.host.HostConfig;
import io.blkspc.host.PoolSpec;
import io.blkspc.nbd.NbdAddress;
import io.blkspc.nbd.NbdConfig;
import io.blkspc.nbd.NbdServer;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.testing.Headers;
import io.blkspc.nbd.testing.NbdTestClient;
import io.blkspc.nbd.testing.NbdTestClient.Reply;
import io.blkspc.nbd.testing.SentPool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Long reads that the device gives to the socket have the bytes and the replies of any other. */
class DirectRepliesTest {

    private static final byte[] NOTHING = new byte[0];
    private static final int MIB = 1 << 20;
    private static final int SIZE = 16 * MIB;

    private final long seed = Long.getLong("blkspc.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final byte[] content = new byte[SIZE];

    @TempDir
    Path directory;

    private Pool pool;
    private SentPool exports;
    private NbdServer server;

    @BeforeEach
    void start() throws Exception {
        Path path = directory.resolve("pool");
        BlockSpaceHost.create(path, new PoolSpec(64L << 20, null, 0, false, true));
        pool = BlockSpaceHost.open(path, HostConfig.offline());
        pool.create("vol", SIZE);
        exports = new SentPool(pool);
        NbdConfig config = new NbdConfig(
                List.of(NbdAddress.unix(directory.resolve("s")), NbdAddress.loopback(0)), NbdLimits.DEFAULT);
        server = NbdServer.start(config, exports);
        random.nextBytes(content);
        try (NbdTestClient client = client(0, Headers.STRUCTURED)) {
            client.write(0, content);
            for (int i = 0; i < 8 && exports.sent.get() == 0; i++) {
                client.read(0, SIZE);
                client.read(0, MIB);
            }
            client.disconnect();
        }
        assumeTrue(exports.sent.get() > 0, "nothing is sent here: see CacheWindowsTest");
    }

    @AfterEach
    void stop() {
        server.close();
        pool.close();
        assertThat(exports.leases).as("leases held in the end").hasValue(0);
    }

    private NbdTestClient client(int address, Headers headers) throws IOException {
        return NbdTestClient.open(server.addresses().get(address), "vol", headers);
    }

    /** Holes and pieces that lie elsewhere. */
    private void scatter(NbdTestClient client) throws Exception {
        for (int i = 0; i < 12; i++) {
            int length = 4096 * (1 + random.nextInt(60));
            int offset = random.nextInt((SIZE - length) / 4096) * 4096;
            client.trim(offset, length);
            Arrays.fill(content, offset, offset + length, (byte) 0);
            if (i % 2 == 0) {
                byte[] bytes = new byte[length / 2];
                random.nextBytes(bytes);
                System.arraycopy(bytes, 0, content, offset, bytes.length);
                client.write(offset, bytes);
            }
        }
    }

    private void readAll(NbdTestClient client, Headers headers, int rounds) throws Exception {
        for (int round = 0; round < rounds; round++) {
            ByteBuffer batch = ByteBuffer.allocate(20 * 32);
            Map<Long, int[]> ranges = new HashMap<>();
            for (int i = 0; i < 20; i++) {
                int length = 1 + random.nextInt(i % 4 == 0 ? 5 * MIB : 300_000);
                int offset = random.nextInt(SIZE - length);
                int flags = headers.chunked() && i % 3 == 0 && length < MIB ? DF : 0;
                ranges.put(client.encode(batch, READ, flags, offset, length, NOTHING), new int[] {offset, length});
            }
            client.sendEncoded(batch.flip());
            while (client.inFlight() > 0) {
                Reply reply = client.take();
                int[] range = ranges.remove(reply.cookie());
                assertThat(reply.error()).isZero();
                assertThat(Arrays.mismatch(reply.data(), Arrays.copyOfRange(content, range[0], range[0] + range[1])))
                        .as("seed=%s, range=%s", seed, range)
                        .isEqualTo(-1);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Headers.class)
    void repliesHaveTheirBytes(Headers headers) throws Exception {
        for (int address = 0; address < 2; address++) {
            try (NbdTestClient client = client(address, headers)) {
                readAll(client, headers, 2);
                scatter(client);
                long before = exports.sent.get();
                readAll(client, headers, 3);
                assertThat(exports.sent.get()).as("seed=%s", seed).isGreaterThan(before);
                client.disconnect();
            }
        }
    }

    /** The socket takes a part, down to a part of the header, and the rest comes from a buffer. */
    @ParameterizedTest
    @EnumSource(Headers.class)
    void repliesThatAreSentInPartHaveTheirBytes(Headers headers) throws Exception {
        try (NbdTestClient client = client(0, headers)) {
            for (long most : new long[] {0, 60, 61, 4096, 65_535, 70_000, 200_001}) {
                exports.mostOfARun = most;
                readAll(client, headers, 1);
            }
            client.disconnect();
        }
    }

    @Test
    void aReadThatFailsBeforeAnythingWasSentIsAnErrorReply() throws Exception {
        try (NbdTestClient client = client(0, Headers.STRUCTURED)) {
            exports.mostOfARun = 0;
            exports.isBroken = true;
            assertThat(client.errorOf(READ, 0, 0, MIB, NOTHING)).isEqualTo(EIO);
            exports.isBroken = false;
            assertThat(client.read(0, MIB)).isEqualTo(Arrays.copyOf(content, MIB));
            client.disconnect();
        }
    }

    /** What was sent cannot be taken back. */
    @Test
    void aReadThatFailsInsideAReplyEndsTheConnection() throws Exception {
        try (NbdTestClient client = client(0, Headers.STRUCTURED)) {
            exports.mostOfARun = 100_000;
            exports.isBroken = true;
            assertThatThrownBy(() -> client.read(0, MIB)).isInstanceOf(IOException.class);
        }
        exports.isBroken = false;
        try (NbdTestClient client = client(0, Headers.STRUCTURED)) {
            assertThat(client.read(0, MIB)).isEqualTo(Arrays.copyOf(content, MIB));
        }
    }

    @Test
    void aClientThatTakesNoRepliesHoldsNoLeaseAndGetsWhatWasThere() throws Exception {
        try (NbdTestClient slow = client(0, Headers.STRUCTURED);
                NbdTestClient other = client(0, Headers.STRUCTURED)) {
            ByteBuffer batch = ByteBuffer.allocate(64 * 32);
            for (int i = 0; i < 64; i++) {
                slow.encode(batch, READ, 0, 0, MIB, NOTHING);
            }
            long before = exports.sent.get();
            slow.sendEncoded(batch.flip());
            long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            long last = -1;
            while (exports.sent.get() == before || exports.sent.get() != last || exports.leases.get() > 0) {
                assertThat(System.nanoTime()).isLessThan(giveUp);
                last = exports.sent.get();
                TimeUnit.MILLISECONDS.sleep(50);
            }
            other.trim(0, MIB);
            pool.create("vol2", 32L << 20);
            try (NbdTestClient next = NbdTestClient.open(server.addresses().getFirst(), "vol2", Headers.STRUCTURED)) {
                byte[] bytes = new byte[4 * MIB];
                Arrays.fill(bytes, (byte) 0x55);
                for (int at = 0; at < 32 * MIB; at += bytes.length) {
                    next.write(at, bytes);
                }
            }
            byte[] old = Arrays.copyOf(content, MIB);
            byte[] zeros = new byte[MIB];
            boolean isTrimmed = false;
            while (slow.inFlight() > 0) {
                byte[] got = slow.take().data();
                isTrimmed |= Arrays.equals(got, zeros);
                assertThat(Arrays.equals(got, isTrimmed ? zeros : old)).isTrue();
            }
            other.disconnect();
            slow.disconnect();
        }
    }

    @ParameterizedTest
    @EnumSource(Headers.class)
    void nothingIsAllocated(Headers headers) throws Exception {
        int requests = 400;
        exports.countsLeases = false;
        try (NbdTestClient client = client(0, headers)) {
            long before = exports.sent.get();
            long allocated = SteadyHeap.ofThreads("nbd-(client|worker|send).*", requests, () -> {
                for (int i = 0; i < requests; i++) {
                    client.send(READ, 0, i % 16 * (long) MIB, 128 << 10, NOTHING);
                    client.take();
                }
            });
            assertThat(allocated).as("bytes for %d requests", requests).isLessThanOrEqualTo(requests);
            assertThat(exports.sent.get() - before).isGreaterThan(requests * (64L << 10));
        }
    }
}

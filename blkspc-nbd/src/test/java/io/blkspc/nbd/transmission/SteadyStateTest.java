package io.blkspc.nbd.transmission;

import static io.blkspc.nbd.testing.NbdTestClient.BLOCK_STATUS;
import static io.blkspc.nbd.testing.NbdTestClient.CACHE;
import static io.blkspc.nbd.testing.NbdTestClient.EINVAL;
import static io.blkspc.nbd.testing.NbdTestClient.PAYLOAD_LEN;
import static io.blkspc.nbd.testing.NbdTestClient.READ;
import static io.blkspc.nbd.testing.NbdTestClient.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.contract.SteadyHeap;
import io.blkspc.api.model.ModelPool;
import io.blkspc.nbd.NbdAddress;
import io.blkspc.nbd.NbdConfig;
import io.blkspc.nbd.NbdServer;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.testing.FlatExport;
import io.blkspc.nbd.testing.FlatSpace;
import io.blkspc.nbd.testing.Headers;
import io.blkspc.nbd.testing.LateReads;
import io.blkspc.nbd.testing.MemoryDevice;
import io.blkspc.nbd.testing.NbdTestClient;
import io.blkspc.nbd.testing.TestCertificates;
import io.blkspc.nbd.testing.TestServer;
import io.blkspc.nbd.tls.TlsCredentials;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Once warm, a connection allocates nothing on the heap for a request, whatever headers and commands it uses. */
class SteadyStateTest {

    private static final String SERVER_THREADS = "nbd-(client|worker|send).*";
    private static final byte[] NOTHING = new byte[0];
    private static final int BLOCK = 4096;
    private static final int BATCHES = 40;
    private static final int ROUNDS = 8;
    private static final int REQUESTS = ROUNDS * 5 * BATCHES;
    private static final String[] ALL = {"base:allocation", "qemu:allocation-depth", "blkspc:guarantee"};

    @TempDir
    Path directory;

    @ParameterizedTest
    @EnumSource(Headers.class)
    void requestsAllocateNothing(Headers headers) throws Exception {
        NbdConfig config = NbdConfig.on(NbdAddress.unix(directory.resolve("s")));
        try (MemoryDevice device = new MemoryDevice(4 << 20);
                NbdServer server = NbdServer.start(config, new FlatExport(new FlatSpace("vol", device)));
                NbdTestClient client = NbdTestClient.open(server.addresses().getFirst(), "vol", headers, ALL)) {
            long allocated = SteadyHeap.ofThreads(SERVER_THREADS, REQUESTS, () -> {
                for (int i = 0; i < BATCHES; i++) {
                    batch(client, headers);
                }
            });
            assertThat(allocated).as("bytes for %d requests", REQUESTS).isLessThanOrEqualTo(REQUESTS);
        }
    }

    @ParameterizedTest
    @EnumSource(Headers.class)
    void queuedReadsAllocateNothing(Headers headers) throws Exception {
        NbdConfig config = NbdConfig.on(NbdAddress.unix(directory.resolve("s")));
        try (MemoryDevice device = new MemoryDevice(4 << 20);
                LateReads late = new LateReads(device, 1);
                NbdServer server = NbdServer.start(config, new FlatExport(new FlatSpace("vol", late)));
                NbdTestClient client = NbdTestClient.open(server.addresses().getFirst(), "vol", headers)) {
            long allocated = SteadyHeap.ofThreads(SERVER_THREADS, REQUESTS, () -> {
                for (int i = 0; i < BATCHES; i++) {
                    reads(client);
                }
            });
            assertThat(allocated).as("bytes for %d requests", REQUESTS).isLessThanOrEqualTo(REQUESTS);
            assertThat(late.queued.get()).isGreaterThan(REQUESTS / 2);
        }
    }

    /**
     * Java's own TLS makes some small objects for each record, and nobody makes a buffer: that would be as long as what is read or
     * written, 4 KiB at least. Reads that would be queued without TLS go through the workers.
     */
    @ParameterizedTest
    @CsvSource({"SIMPLE, false", "STRUCTURED, true", "EXTENDED, false", "EXTENDED, true"})
    void overTlsNoBufferIsAllocated(Headers headers, boolean isLate) throws Exception {
        ModelPool nothing = ModelPool.create(1 << 20);
        TlsCredentials tls = TlsCredentials.read(TestCertificates.write(directory), false);
        try (MemoryDevice device = new MemoryDevice(4 << 20);
                LateReads late = new LateReads(device, 1);
                TestServer server = TestServer.startWithTls(
                        nothing, new FlatExport(new FlatSpace("vol", isLate ? late : device)), NbdLimits.DEFAULT, tls);
                NbdTestClient client = NbdTestClient.open(server.tcp(), "vol", headers, ALL)) {
            long allocated = SteadyHeap.ofThreads(SERVER_THREADS, REQUESTS * (BLOCK / 2L), () -> {
                for (int i = 0; i < BATCHES; i++) {
                    if (isLate) {
                        reads(client);
                    } else {
                        batch(client, headers);
                    }
                }
            });
            assertThat(allocated).as("bytes for %d requests", REQUESTS).isLessThanOrEqualTo(REQUESTS * (BLOCK / 2L));
            assertThat(late.queued).hasValue(0);
        }
    }

    private static void reads(NbdTestClient client) throws Exception {
        ByteBuffer batch = ByteBuffer.allocate(ROUNDS * 5 * 32);
        for (int i = 0; i < ROUNDS * 5; i++) {
            client.encode(batch, READ, 0, i * 8192L, 8192, NOTHING);
        }
        client.sendEncoded(batch.flip());
        while (client.inFlight() > 0) {
            assertThat(client.take().error()).isZero();
        }
    }

    private static void batch(NbdTestClient client, Headers headers) throws Exception {
        ByteBuffer batch = ByteBuffer.allocate(ROUNDS * (BLOCK + 400));
        int status = headers.chunked() ? 0 : EINVAL;
        for (int i = 0; i < ROUNDS; i++) {
            client.encode(batch, WRITE, 0, i * 8192L + 100, BLOCK, new byte[BLOCK]);
            client.encode(batch, READ, 0, i * 8192L, 10_000, NOTHING);
            client.encode(batch, CACHE, 0, i * 8192L, 10_000, NOTHING);
            client.encode(batch, BLOCK_STATUS, 0, 0, 1 << 20, NOTHING);
            if (headers == Headers.EXTENDED) {
                byte[] payload =
                        ByteBuffer.allocate(12).putLong(1 << 20).putInt(2).array();
                client.encode(batch, BLOCK_STATUS, PAYLOAD_LEN, 0, 12, payload);
            } else {
                client.encode(batch, BLOCK_STATUS, 0, 4096, 4096, NOTHING);
            }
        }
        client.sendEncoded(batch.flip());
        while (client.inFlight() > 0) {
            assertThat(client.take().error()).isIn(0, status);
        }
    }
}

package io.blkspc.nbd.transmission;

import static io.blkspc.nbd.testing.NbdTestClient.CACHE;
import static io.blkspc.nbd.testing.NbdTestClient.DF;
import static io.blkspc.nbd.testing.NbdTestClient.EIO;
import static io.blkspc.nbd.testing.NbdTestClient.READ;
import static io.blkspc.nbd.testing.NbdTestClient.TRIM;
import static io.blkspc.nbd.testing.NbdTestClient.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.model.ModelFaults;
import io.blkspc.api.model.ModelPool;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.testing.Headers;
import io.blkspc.nbd.testing.LatePool;
import io.blkspc.nbd.testing.LateReads;
import io.blkspc.nbd.testing.NbdTestClient;
import io.blkspc.nbd.testing.NbdTestClient.Reply;
import io.blkspc.nbd.testing.RawNbd;
import io.blkspc.nbd.testing.TestCertificates;
import io.blkspc.nbd.testing.TestServer;
import io.blkspc.nbd.tls.TlsCredentials;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Reads that a device completes when it likes, in the order it likes, while the connection's own thread goes on. */
class QueuedReadsTest {

    private static final byte[] NOTHING = new byte[0];
    private static final int BLOCK = 4096;
    private static final int SIZE = 8 << 20;

    private final long seed = Long.getLong("blkspc.seed", System.nanoTime());
    private final SplittableRandom random = new SplittableRandom(seed);
    private final byte[] expected = new byte[SIZE];
    private final ModelPool pool = ModelPool.create(64L << 20);
    private LatePool exports;
    private TestServer server;

    @BeforeEach
    void start() throws Exception {
        System.out.println("seed=" + seed);
        pool.create("vol", SIZE);
        exports = new LatePool(pool, seed);
        server = TestServer.start(pool, exports, NbdLimits.DEFAULT);
    }

    @AfterEach
    void stop() throws Exception {
        if (exports.device != null) {
            exports.device.held = false;
        }
        server.close();
        assertThat(exports.leases).as("leases held in the end").hasValue(0);
    }

    private void await(BooleanSupplier condition, Object what) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("%s, seed=%s", what, seed).isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    /** Writes blocks here and there, so that they are scattered over the device, with holes between them. */
    private void fill(NbdTestClient client) throws Exception {
        for (int i = 0; i < 400; i++) {
            int length = BLOCK * (1 + random.nextInt(4));
            int offset = random.nextInt((SIZE - length) / BLOCK) * BLOCK;
            byte[] bytes = new byte[length];
            random.nextBytes(bytes);
            System.arraycopy(bytes, 0, expected, offset, length);
            client.write(offset, bytes);
        }
    }

    /** Sends reads of one batch; what each looks at by its cookie. */
    private Map<Long, int[]> sendReads(NbdTestClient client, int count, int maxBlocks, boolean mayAskForOneChunk)
            throws Exception {
        ByteBuffer batch = ByteBuffer.allocate(count * 32);
        Map<Long, int[]> ranges = new HashMap<>();
        for (int i = 0; i < count; i++) {
            boolean aligned = random.nextInt(8) > 0;
            int length = aligned ? BLOCK * (1 + random.nextInt(maxBlocks)) : 1 + random.nextInt(maxBlocks * BLOCK);
            int offset = random.nextInt(SIZE - length);
            offset = aligned ? offset / BLOCK * BLOCK : offset;
            int flags = mayAskForOneChunk && random.nextInt(4) == 0 ? DF : 0;
            ranges.put(client.encode(batch, READ, flags, offset, length, NOTHING), new int[] {offset, length});
        }
        client.sendEncoded(batch.flip());
        return ranges;
    }

    private void take(NbdTestClient client, Map<Long, int[]> ranges) throws Exception {
        Reply reply = client.take();
        int[] range = ranges.remove(reply.cookie());
        assertThat(reply.error()).as("seed=%s", seed).isZero();
        assertThat(Arrays.mismatch(reply.data(), Arrays.copyOfRange(expected, range[0], range[0] + range[1])))
                .as("seed=%s range=%s", seed, range)
                .isEqualTo(-1);
    }

    private NbdTestClient filled(Headers headers) throws Exception {
        NbdTestClient client = server.client(headers);
        fill(client);
        return client;
    }

    @ParameterizedTest
    @EnumSource(Headers.class)
    void repliesHaveTheirBytesWhateverTheOrderOfCompletion(Headers headers) throws Exception {
        try (NbdTestClient client = filled(headers)) {
            for (int round = 0; round < 20; round++) {
                Map<Long, int[]> ranges = sendReads(client, 100, round % 2 == 0 ? 1 : 24, headers.chunked());
                while (!ranges.isEmpty()) {
                    take(client, ranges);
                }
            }
            assertThat(exports.device.queued.get()).isGreaterThan(500);
            client.disconnect();
        }
    }

    /** What the socket has to receive says nothing then of what the client has sent: workers wait for the medium instead. */
    @ParameterizedTest
    @EnumSource(Headers.class)
    void overTlsWorkersReadInstead(Headers headers, @TempDir Path directory) throws Exception {
        TlsCredentials tls = TlsCredentials.read(TestCertificates.write(directory), false);
        try (TestServer encrypted = TestServer.startWithTls(pool, exports, NbdLimits.DEFAULT, tls);
                NbdTestClient client = NbdTestClient.open(encrypted.tcp(), "vol", headers)) {
            fill(client);
            for (int round = 0; round < 10; round++) {
                Map<Long, int[]> ranges = sendReads(client, 100, round % 2 == 0 ? 1 : 24, headers.chunked());
                while (!ranges.isEmpty()) {
                    take(client, ranges);
                }
            }
            assertThat(exports.device.queued).hasValue(0);
            client.disconnect();
            await(() -> encrypted.server().status().connections() == 0, "connections");
            assertThat(encrypted.server().status().bufferBytes()).isZero();
            assertThat(encrypted.server().status().faults()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(Headers.class)
    void othersAreServedWhileReadsAreUnderWay(Headers headers) throws Exception {
        try (NbdTestClient client = server.client(headers)) {
            client.write(0, new byte[4 * BLOCK]);
            exports.device.held = true;
            ByteBuffer batch = ByteBuffer.allocate(100);
            client.encode(batch, READ, 0, 0, 4 * BLOCK, NOTHING);
            client.encode(batch, READ, 0, BLOCK, BLOCK, NOTHING);
            client.sendEncoded(batch.flip());
            await(() -> exports.device.underWay.get() == 2, "reads under way");
            long other = client.send(CACHE, 0, 0, BLOCK, NOTHING);
            assertThat(client.take().cookie()).isEqualTo(other);
            assertThat(exports.device.underWay).hasValue(2);
            exports.device.held = false;
            while (client.inFlight() > 0) {
                assertThat(client.take().error()).isZero();
            }
            client.disconnect();
        }
    }

    @Test
    void aWriteThatMustWaitForOthersLetsReadsOfItsOwnConnectionEndFirst() throws Exception {
        try (NbdTestClient client = server.client(true)) {
            client.write(0, new byte[4 * BLOCK]);
            exports.device.held = true;
            ByteBuffer batch = ByteBuffer.allocate(200 + BLOCK);
            for (int i = 0; i < 4; i++) {
                client.encode(batch, READ, 0, i * (long) BLOCK, BLOCK, NOTHING);
            }
            client.encode(batch, WRITE, 0, SIZE / 2, BLOCK, new byte[BLOCK]); // needs credit
            client.sendEncoded(batch.flip());
            await(() -> exports.device.underWay.get() == 4, "reads under way");
            exports.device.held = false;
            while (client.inFlight() > 0) {
                assertThat(client.take().error()).isZero();
            }
            client.disconnect();
        }
    }

    @Test
    void aReadThatIsCompleteIsAnsweredWhateverOthersWaitFor() throws Exception {
        try (NbdTestClient client = server.client(true)) {
            client.write(0, new byte[16 * BLOCK]);
            exports.device.held = true;
            ByteBuffer batch = ByteBuffer.allocate(16 * 28);
            for (int i = 0; i < 16; i++) {
                client.encode(batch, READ, 0, i * (long) BLOCK, BLOCK, NOTHING);
            }
            client.sendEncoded(batch.flip());
            for (int allowed : new int[] {1, 2, 3, 5}) {
                exports.device.allowed.set(allowed);
                for (int i = 0; i < allowed; i++) {
                    assertThat(client.take().error()).isZero();
                }
                assertThat(client.inFlight()).isPositive();
            }
            exports.device.held = false;
            while (client.inFlight() > 0) {
                assertThat(client.take().error()).isZero();
            }
            client.disconnect();
        }
    }

    @ParameterizedTest
    @EnumSource(Headers.class)
    void aReadThatFailsIsAnErrorAndTheOthersAreNot(Headers headers) throws Exception {
        try (NbdTestClient client = server.client(headers)) {
            client.write(0, new byte[64 * BLOCK]);
            pool.faults().failIo(ModelFaults.Io.READ, 5);
            ByteBuffer batch = ByteBuffer.allocate(64 * 32);
            for (int i = 0; i < 64; i++) {
                client.encode(batch, READ, 0, i * (long) BLOCK, BLOCK, NOTHING);
            }
            client.sendEncoded(batch.flip());
            int failed = 0;
            while (client.inFlight() > 0) {
                int error = client.take().error();
                assertThat(error).isIn(0, EIO);
                failed += error == EIO ? 1 : 0;
            }
            assertThat(failed).isEqualTo(1);
            client.disconnect();
        }
    }

    @Test
    void aTrimWaitsForReadsOfItsOwnConnectionAndNotForEver() throws Exception {
        try (NbdTestClient client = server.client(true)) {
            client.write(0, new byte[64 * BLOCK]);
            for (int round = 0; round < 20; round++) {
                ByteBuffer batch = ByteBuffer.allocate(33 * 28);
                for (int i = 0; i < 32; i++) {
                    client.encode(batch, READ, 0, i * (long) BLOCK, BLOCK, NOTHING);
                }
                client.encode(batch, TRIM, 0, round * (long) BLOCK, BLOCK, NOTHING);
                client.sendEncoded(batch.flip());
                while (client.inFlight() > 0) {
                    assertThat(client.take().error()).isZero();
                }
            }
            client.disconnect();
        }
    }

    @Test
    void aClientThatTakesNoRepliesHoldsNoLease() throws Exception {
        try (NbdTestClient client = server.client(false)) {
            client.write(0, new byte[4 << 20]);
            ByteBuffer batch = ByteBuffer.allocate(400 * 28);
            for (int i = 0; i < 400; i++) {
                client.encode(batch, READ, 0, i % 16 * (256L << 10), 64 << 10, NOTHING);
            }
            client.sendEncoded(batch.flip());
            await(() -> exports.device.queued.get() > 50 && exports.leases.get() == 0, exports.leases);
            assertThat(client.inFlight()).isEqualTo(400);
            while (client.inFlight() > 0) {
                assertThat(client.take().error()).isZero();
            }
            client.disconnect();
        }
    }

    @Test
    void aDisconnectWaitsForReadsAndAnswersThem() throws Exception {
        try (NbdTestClient client = server.client(true)) {
            client.write(0, new byte[8 * BLOCK]);
            exports.device.held = true;
            ByteBuffer batch = ByteBuffer.allocate(9 * 28);
            for (int i = 0; i < 8; i++) {
                client.encode(batch, READ, 0, i * (long) BLOCK, BLOCK, NOTHING);
            }
            client.sendEncoded(batch.flip());
            await(() -> exports.device.underWay.get() == 8, exports.device.underWay);
            client.send(NbdTestClient.DISC, 0, 0, 0, NOTHING);
            exports.device.held = false;
            while (client.inFlight() > 0) {
                assertThat(client.take().error()).isZero();
            }
            assertThat(client.raw().isClosedByServer()).isTrue();
        }
    }

    @Test
    void memoryAndBlocksOutliveAClientThatLeftItsReads() throws Exception {
        try (NbdTestClient client = server.client(true)) {
            client.write(0, new byte[32 * BLOCK]);
            exports.device.held = true;
            ByteBuffer batch = ByteBuffer.allocate(32 * 28);
            for (int i = 0; i < 32; i++) {
                client.encode(batch, READ, 0, i * (long) BLOCK, BLOCK, NOTHING);
            }
            client.sendEncoded(batch.flip());
            await(() -> exports.device.underWay.get() == 32, exports.device.underWay);
        }
        assertThat(exports.leases).hasValue(32);
        exports.device.held = false;
        await(() -> server.server().status().connections() == 0, "connections");
        assertThat(exports.device.underWay).hasValue(0);
        assertThat(server.server().status().bufferBytes()).isZero();
        assertThat(server.server().status().faults()).isZero();
        assertThat(pool.info("vol").attachments()).isZero();
    }

    @Test
    void aStopAnswersReadsThoughBytesWaitThatNobodyReceives() throws Exception {
        try (NbdTestClient client = server.client(true)) {
            client.write(0, new byte[8 * BLOCK]);
            exports.device.deaf = true;
            exports.device.held = true;
            ByteBuffer batch = ByteBuffer.allocate(8 * 28);
            for (int i = 0; i < 8; i++) {
                client.encode(batch, READ, 0, i * (long) BLOCK, BLOCK, NOTHING);
            }
            client.sendEncoded(batch.flip());
            await(() -> exports.device.underWay.get() == 8, exports.device.underWay);
            Thread stop = Thread.ofPlatform().start(server.server()::close);
            sendUntilItStops(client.raw());
            exports.device.deaf = false;
            exports.device.held = false;
            for (int i = 0; i < 8; i++) {
                assertThat(client.take().error()).isZero();
            }
            stop.join();
        }
    }

    /** From then on the other end receives nothing more, and what was sent before waits there for ever. */
    private void sendUntilItStops(RawNbd raw) {
        byte[] half = new byte[14]; // of a request
        await(
                () -> {
                    try {
                        raw.send(half);
                        return false;
                    } catch (IOException stopped) {
                        return true;
                    }
                },
                "stop");
    }

    /** A read of three pieces whose second one throws, before or after the medium has it. */
    @ParameterizedTest
    @CsvSource({"false, false, 1", "true, false, 2", "false, true, 1", "true, true, 2"})
    void memoryAndBlocksOutliveAReadWhoseNextPieceThrew(boolean throwsLate, boolean isFailure, int underWay)
            throws Exception {
        try (NbdTestClient client = server.client(true)) {
            for (int block : new int[] {2, 1, 0}) {
                client.write(block * (long) BLOCK, new byte[BLOCK]); // in the order of the device: the other way round
            }
            LateReads device = exports.device;
            device.throwsLate = throwsLate;
            device.planted = isFailure
                    ? new BlockSpaceException(BlockSpaceException.Code.IO, "planted")
                    : new IllegalStateException("planted");
            device.held = true;
            device.untilThrow.set(2);
            ByteBuffer batch = ByteBuffer.allocate(2 * 28);
            client.encode(batch, READ, DF, 0, 3 * BLOCK, NOTHING);
            client.encode(batch, READ, DF, 0, 3 * BLOCK, NOTHING);
            client.sendEncoded(batch.flip());
            await(() -> device.closing.get() == 1, "the end of the connection");
            assertThat(device.underWay).hasValue(underWay);
            assertThat(exports.leases).hasValue(1);
            assertThat(server.server().status().bufferBytes()).isPositive();
            device.held = false;
            await(() -> server.server().status().connections() == 0, "connections");
        }
        assertNothingIsLeft();
    }

    @Test
    void aCloseThatFailsKeepsNothingFromTheOthers() throws Exception {
        try (NbdTestClient client = server.client(true)) {
            client.write(0, new byte[BLOCK]);
            ByteBuffer batch = ByteBuffer.allocate(2 * 28);
            client.encode(batch, READ, 0, 0, BLOCK, NOTHING);
            client.encode(batch, READ, 0, 0, BLOCK, NOTHING);
            client.sendEncoded(batch.flip());
            while (client.inFlight() > 0) {
                assertThat(client.take().error()).isZero();
            }
            assertThat(exports.device.queued).hasValue(2);
            exports.device.closeThrows = true;
            client.disconnect();
        }
        await(() -> server.server().status().connections() == 0, "connections");
        assertNothingIsLeft();
    }

    private void assertNothingIsLeft() {
        assertThat(exports.leases).hasValue(0);
        assertThat(server.server().status().bufferBytes()).isZero();
        assertThat(server.server().status().faults()).isEqualTo(1);
        assertThat(pool.info("vol").attachments()).isZero();
    }
}

package io.blkspc.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.model.ModelPool;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.service.PoolExports;
import io.blkspc.nbd.testing.NbdTestClient;
import io.blkspc.nbd.testing.RawNbd;
import io.blkspc.nbd.testing.TestServer;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A client that misbehaves hurts itself only. */
class HostileClientTest {

    private static final byte[] NOTHING = new byte[0];
    private static final int MIB = 1 << 20;

    private static TestServer server(NbdLimits limits) throws Exception {
        ModelPool pool = ModelPool.create(256L * MIB);
        pool.create("vol", 128L * MIB);
        return TestServer.start(pool, limits);
    }

    /** A good client must be served; the test's own guard ends a wait that takes 30 seconds. */
    private static void assertServes(TestServer server) throws Exception {
        try (NbdTestClient client = server.client(true)) {
            byte[] data = {1, 2, 3};
            client.write(100, data);
            assertThat(client.read(100, 3)).isEqualTo(data);
            client.disconnect();
        }
    }

    private static void awaitEmpty(TestServer server) {
        while (server.server().status().connections() + server.server().status().negotiating() > 0) {
            Thread.onSpinWait();
        }
    }

    /** A whole session: handshake, a write, a read, a flush, goodbye. */
    private static byte[] session() {
        ByteBuffer all = ByteBuffer.allocate(8192);
        all.putInt(3);
        all.put(RawNbd.option(RawNbd.OPT_STRUCTURED_REPLY, NOTHING));
        all.put(RawNbd.option(RawNbd.OPT_SET_META_CONTEXT, RawNbd.metaData("vol", "base:allocation")));
        all.put(RawNbd.option(RawNbd.OPT_GO, RawNbd.infoData("vol", 1, 2, 3)));
        all.put(RawNbd.request(1, 1, 1, 4096, 100)).put(new byte[100]);
        all.put(RawNbd.request(0, 0, 2, 0, 4096));
        all.put(RawNbd.request(7, 0, 3, 0, 4096));
        all.put(RawNbd.request(3, 0, 4, 0, 0));
        all.put(RawNbd.request(2, 0, 5, 0, 0));
        byte[] bytes = new byte[all.position()];
        all.flip().get(bytes);
        return bytes;
    }

    @Test
    void aConnectionThatEndsAtAnyByteIsCleanedUp() throws Exception {
        byte[] session = session();
        try (TestServer server = server(NbdLimits.DEFAULT)) {
            for (int end = 0; end <= session.length; end++) {
                try (RawNbd raw = server.raw()) {
                    raw.send(ByteBuffer.wrap(session, 0, end));
                    if (end % 3 == 0) {
                        raw.shutdownOutput();
                        raw.read(18); // the server has greeted whatever came after
                    }
                }
            }
            assertServes(server);
            awaitEmpty(server);
            assertThat(server.pool().info("vol").attachments()).isZero();
            server.pool().assertConsistent();
        }
    }

    @Test
    void aSessionThatArrivesByteByByteIsServed() throws Exception {
        try (TestServer server = server(NbdLimits.DEFAULT);
                RawNbd raw = RawNbd.connect(server.tcp())) {
            for (byte b : session()) {
                raw.send(new byte[] {b});
            }
            assertThat(raw.drain()).isGreaterThan(18 + 5 * 20);
        }
    }

    @Test
    void garbageInsteadOfAHandshakeEndsThatConnection() throws Exception {
        try (TestServer server = server(NbdLimits.DEFAULT)) {
            for (String text :
                    List.of("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\0\0\0\3" + "X".repeat(4000), "\u0016\u0003\u0001")) {
                try (RawNbd raw = server.raw()) {
                    raw.read(18);
                    raw.send(text.getBytes(StandardCharsets.ISO_8859_1));
                    raw.shutdownOutput();
                    assertThat(raw.isClosedByServer()).isTrue();
                }
            }
            assertServes(server);
        }
    }

    @Test
    void aRequestThatIsNoneEndsThatConnectionOnly() throws Exception {
        try (TestServer server = server(NbdLimits.DEFAULT);
                NbdTestClient other = server.client(false);
                NbdTestClient bad = server.client(false)) {
            bad.raw().send(new byte[28]);
            assertThat(bad.raw().isClosedByServer()).isTrue();
            assertThat(other.read(0, 10)).isEqualTo(new byte[10]);
        }
    }

    @Test
    void silentClientsLockNobodyOut() throws Exception {
        List<RawNbd> silent = new ArrayList<>();
        try (TestServer server = server(NbdLimits.DEFAULT.withConnections(4, 8))) {
            for (int i = 0; i < 100; i++) {
                silent.add(server.raw());
            }
            assertServes(server);
            assertThat(server.server().status().negotiating()).isLessThanOrEqualTo(8);
        } finally {
            silent.forEach(RawNbd::close);
        }
    }

    @Test
    void establishedClientsAreCountedApartAndOneTooManyIsRefused() throws Exception {
        try (TestServer server = server(NbdLimits.DEFAULT.withConnections(2, 8));
                NbdTestClient one = server.client(false);
                NbdTestClient two = server.client(false)) {
            try (RawNbd third = server.raw()) {
                third.greet(3);
                assertThat(third.ask(RawNbd.OPT_GO, RawNbd.infoData("vol"))
                                .getLast()
                                .type())
                        .isEqualTo(RawNbd.REP_ERR_POLICY);
                third.send(RawNbd.option(RawNbd.OPT_EXPORT_NAME, "vol".getBytes(StandardCharsets.UTF_8)));
                assertThat(third.isClosedByServer()).isTrue();
            }
            assertThat(server.pool().info("vol").attachments()).isEqualTo(2);
            one.read(0, 1);
            two.disconnect();
            while (server.server().status().connections() > 1) {
                Thread.onSpinWait();
            }
            assertServes(server);
        }
    }

    @Test
    void aHandshakeThatDoesNotEndIsEnded() throws Exception {
        try (TestServer server = server(NbdLimits.DEFAULT.withTimes(2_000, 60_000, 20_000));
                RawNbd silent = server.raw();
                RawNbd slow = server.raw();
                NbdTestClient good = server.client(false)) {
            slow.greet(3);
            slow.send(RawNbd.option(RawNbd.OPT_INFO, 20_000, NOTHING));
            silent.read(18);
            assertThat(silent.isClosedByServer()).isTrue();
            assertThat(slow.isClosedByServer()).isTrue();
            assertThat(good.read(0, 1)).hasSize(1); // the limit is one of the handshake
        }
    }

    @Test
    void aClientThatDoesNotReadIsCutAndHoldsUpNobody() throws Exception {
        try (TestServer server = server(NbdLimits.DEFAULT.withTimes(10_000, 500, 20_000));
                NbdTestClient good = server.client(false);
                NbdTestClient deaf = server.client(false)) {
            good.write(0, new byte[8 * MIB]);
            ByteBuffer batch = ByteBuffer.allocate(100 * 28);
            for (int i = 0; i < 100; i++) {
                batch.put(RawNbd.request(NbdTestClient.READ, 0, i, 0, 8 * MIB));
            }
            deaf.sendEncoded(batch.flip());
            while (server.server().status().connections() > 1) {
                good.read(0, 4096);
            }
            assertServes(server);
            assertThat(server.server().status().bufferBytes()).isLessThan(64L * MIB);
        }
    }

    @Test
    void aClientThatLeavesWithRepliesQueuedHurtsNobody() throws Exception {
        try (TestServer server = server(NbdLimits.DEFAULT)) {
            for (int round = 0; round < 20; round++) {
                try (NbdTestClient client = server.client(round % 2 == 0)) {
                    ByteBuffer batch = ByteBuffer.allocate(64 * 28);
                    for (int i = 0; i < 64; i++) {
                        batch.put(RawNbd.request(NbdTestClient.READ, 0, i, 0, 4 * MIB));
                    }
                    client.sendEncoded(batch.flip());
                }
            }
            assertServes(server);
            awaitEmpty(server);
        }
    }

    @Test
    void closingEndsClientsThatNeverReadWithinItsTime() throws Exception {
        TestServer server = server(NbdLimits.DEFAULT.withTimes(10_000, 60_000, 1_000));
        try (NbdTestClient deaf = server.client(false);
                RawNbd silent = server.raw();
                NbdTestClient idle = server.client(false)) {
            ByteBuffer batch = ByteBuffer.allocate(100 * 28);
            for (int i = 0; i < 100; i++) {
                batch.put(RawNbd.request(NbdTestClient.READ, 0, i, 0, 8 * MIB));
            }
            deaf.sendEncoded(batch.flip());
            long start = System.nanoTime();
            server.close();
            assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(30)); // the contract's bound
            assertThat(idle.raw().isClosedByServer()).isTrue();
            silent.read(18);
            assertThat(silent.isClosedByServer()).isTrue();
        }
        assertThat(server.pool().status().promisedBytes()).isZero();
    }

    @Test
    void closingAnswersWhatWasReceived() throws Exception {
        for (int round = 0; round < 5; round++) {
            TestServer server = server(NbdLimits.DEFAULT);
            try (NbdTestClient client = server.client(false)) {
                ByteBuffer batch = ByteBuffer.allocate(MIB);
                for (int i = 0; i < 50; i++) {
                    client.encode(batch, NbdTestClient.WRITE, 0, i * 4096L, 4096, new byte[4096]);
                }
                client.sendEncoded(batch.flip());
                client.take(); // the batch has arrived, as a unix socket keeps it in one piece
                server.close();
                int answered = 1;
                try {
                    while (client.inFlight() > 0) {
                        assertThat(client.take().error()).isZero();
                        answered++;
                    }
                } catch (EOFException e) {
                    assertThat(answered).isPositive(); // what was not received is not answered
                }
            }
        }
    }

    @Test
    void theSocketFileIsPrivateAndGoesWithTheServer() throws Exception {
        Path path;
        try (TestServer server = server(NbdLimits.DEFAULT)) {
            path = ((NbdAddress.Unix) server.unix()).path();
            assertThat(Files.getPosixFilePermissions(path)).hasSize(2);
            assertThat(codeOfSecondServer(path)).contains("another server answers");
        }
        assertThat(path).doesNotExist();
    }

    private static String codeOfSecondServer(Path path) {
        try (NbdServer second = NbdServer.start(NbdConfig.on(NbdAddress.unix(path)), null)) {
            return "started: " + second.addresses();
        } catch (IOException e) {
            return e.getMessage();
        }
    }

    @Test
    void aSocketFileThatAKilledServerLeftIsReplaced() throws Exception {
        Path directory = Files.createTempDirectory("nbd");
        Path path = directory.resolve("s");
        try (ServerSocketChannel left = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            left.bind(UnixDomainSocketAddress.of(path));
        }
        assertThat(path).exists();
        ModelPool pool = ModelPool.create(MIB);
        pool.create("vol", MIB);
        NbdConfig config = NbdConfig.on(NbdAddress.unix(path));
        try (NbdServer server = NbdServer.start(config, new PoolExports(pool));
                NbdTestClient client = NbdTestClient.open(server.addresses().getFirst(), "", false)) {
            assertThat(client.sizeBytes()).isEqualTo(MIB);
        }
        Files.writeString(path, "precious");
        assertThat(codeOfSecondServer(path)).contains("not a socket");
        assertThat(path).hasContent("precious");
        Files.delete(path);
        Files.delete(directory);
    }
}

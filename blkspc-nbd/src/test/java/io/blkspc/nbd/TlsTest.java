package io.blkspc.nbd;

import static io.blkspc.nbd.testing.RawNbd.OPT_ABORT;
import static io.blkspc.nbd.testing.RawNbd.OPT_EXPORT_NAME;
import static io.blkspc.nbd.testing.RawNbd.OPT_EXTENDED_HEADERS;
import static io.blkspc.nbd.testing.RawNbd.OPT_GO;
import static io.blkspc.nbd.testing.RawNbd.OPT_INFO;
import static io.blkspc.nbd.testing.RawNbd.OPT_LIST;
import static io.blkspc.nbd.testing.RawNbd.OPT_LIST_META_CONTEXT;
import static io.blkspc.nbd.testing.RawNbd.OPT_SET_META_CONTEXT;
import static io.blkspc.nbd.testing.RawNbd.OPT_STARTTLS;
import static io.blkspc.nbd.testing.RawNbd.OPT_STRUCTURED_REPLY;
import static io.blkspc.nbd.testing.RawNbd.REP_ACK;
import static io.blkspc.nbd.testing.RawNbd.REP_ERR_INVALID;
import static io.blkspc.nbd.testing.RawNbd.REP_ERR_TLS_REQD;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.model.ModelOptions;
import io.blkspc.api.model.ModelPool;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.service.PoolExports;
import io.blkspc.nbd.testing.IntegrityLoad;
import io.blkspc.nbd.testing.NbdTestClient;
import io.blkspc.nbd.testing.RawNbd;
import io.blkspc.nbd.testing.TestCertificates;
import io.blkspc.nbd.testing.TestServer;
import io.blkspc.nbd.tls.TlsCredentials;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import javax.net.ssl.SSLEngine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** TLS: required where it is required, nothing kept from before it, and no way of ending it that hurts anybody else. */
class TlsTest {

    private static final byte[] NOTHING = new byte[0];
    private static final int HAS_DF = 128;

    /** Signatures of two handshakes may differ in length. */
    private static final int SAME_LENGTH_WITHIN_BYTES = 10;

    private final long seed = Long.getLong("blkspc.seed", System.nanoTime());

    @TempDir
    Path directory;

    private TestServer server;

    private void start(boolean clientsAreVerified) throws IOException {
        ModelPool pool = ModelPool.create(64L << 20, ModelOptions.defaults());
        pool.create("vol", IntegrityLoad.SPAN_BYTES);
        TlsCredentials tls = TlsCredentials.read(TestCertificates.write(directory), clientsAreVerified);
        server = TestServer.startWithTls(pool, new PoolExports(pool), NbdLimits.DEFAULT, tls);
    }

    /** Whatever a test did to the server: everybody has left it, and nothing happened that nobody foresaw. */
    @AfterEach
    void stop() throws Exception {
        if (server != null) {
            awaitNobody();
            NbdStatus status = server.server().status();
            server.close();
            assertThat(status.faults()).isZero();
            server.pool().assertConsistent();
        }
    }

    private void awaitNobody() {
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        NbdStatus status = server.server().status();
        while (status.connections() + status.negotiating() > 0) {
            assertThat(System.nanoTime()).as("%s", status).isLessThan(giveUp);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
            status = server.server().status();
        }
    }

    private RawNbd greeted(NbdAddress address) throws IOException {
        RawNbd raw = RawNbd.connect(address);
        assertThat(raw.greet(3)).isEqualTo(3);
        return raw;
    }

    private static int type(RawNbd raw, int option, byte[] data) throws IOException {
        return raw.ask(option, data).getLast().type();
    }

    @Test
    void beforeTlsNothingElseIsAnsweredWhereItIsRequired() throws Exception {
        start(false);
        try (RawNbd raw = greeted(server.tcp())) {
            for (int round = 0; round < 2; round++) {
                assertThat(type(raw, OPT_LIST, NOTHING)).isEqualTo(REP_ERR_TLS_REQD);
                assertThat(type(raw, OPT_INFO, RawNbd.infoData("vol"))).isEqualTo(REP_ERR_TLS_REQD);
                assertThat(type(raw, OPT_GO, RawNbd.infoData("vol"))).isEqualTo(REP_ERR_TLS_REQD);
                for (int option : new int[] {OPT_LIST_META_CONTEXT, OPT_SET_META_CONTEXT}) {
                    assertThat(type(raw, option, RawNbd.metaData("vol", "base:")))
                            .isEqualTo(REP_ERR_TLS_REQD);
                }
                for (int option : new int[] {OPT_STRUCTURED_REPLY, OPT_EXTENDED_HEADERS, 4, 99, -1}) {
                    assertThat(type(raw, option, NOTHING)).isEqualTo(REP_ERR_TLS_REQD);
                }
                assertThat(type(raw, OPT_STARTTLS, new byte[3])).isEqualTo(REP_ERR_INVALID);
            }
            assertThat(type(raw, OPT_ABORT, NOTHING)).isEqualTo(REP_ACK);
            assertThat(raw.isClosedByServer()).isTrue();
        }
        try (RawNbd raw = greeted(server.tcp())) {
            raw.send(RawNbd.option(OPT_EXPORT_NAME, "vol".getBytes(StandardCharsets.UTF_8)));
            assertThat(raw.isClosedByServer()).isTrue();
        }
        try (NbdTestClient client = NbdTestClient.open(server.tcp(), "vol", true)) {
            assertThat(client.sizeBytes()).isEqualTo(IntegrityLoad.SPAN_BYTES);
            client.send(NbdTestClient.DISC, 0, 0, 0, NOTHING);
            assertThat(client.raw().isClosedByServer())
                    .as("with the farewell of TLS")
                    .isTrue();
        }
    }

    /** CVE-2011-0411 and its kin: commands that somebody put behind STARTTLS, to be obeyed inside of TLS. */
    @Test
    void plainTextBehindStartTlsEndsTheConnectionUnanswered() throws Exception {
        start(false);
        for (NbdAddress address : server.server().addresses()) {
            for (byte[] injected : List.of(
                    RawNbd.option(OPT_STRUCTURED_REPLY, NOTHING),
                    new byte[] {0x16},
                    new byte[] {0x16, 3, 1, 0, 50},
                    new byte[3000])) {
                try (RawNbd raw = greeted(address)) {
                    byte[] start = RawNbd.option(OPT_STARTTLS, NOTHING);
                    raw.send(ByteBuffer.allocate(start.length + injected.length)
                            .put(start)
                            .put(injected)
                            .flip());
                    assertThat(raw.isClosedByServer()).isTrue();
                }
            }
        }
    }

    @Test
    void whatWasAgreedInPlainTextIsForgotten() throws Exception {
        start(false);
        for (int option : new int[] {OPT_STRUCTURED_REPLY, OPT_EXTENDED_HEADERS}) {
            try (RawNbd raw = greeted(server.unix())) {
                assertThat(type(raw, option, NOTHING)).isEqualTo(REP_ACK);
                assertThat(type(raw, OPT_SET_META_CONTEXT, RawNbd.metaData("vol", "base:allocation")))
                        .isEqualTo(REP_ACK);
                raw.startTls(TestCertificates.namelessEngine());
                assertThat(type(raw, OPT_SET_META_CONTEXT, RawNbd.metaData("vol", "base:allocation")))
                        .as("chunks are not agreed")
                        .isEqualTo(REP_ERR_INVALID);
                List<RawNbd.OptionReply> replies = raw.ask(OPT_GO, RawNbd.infoData("vol"));
                int flags = Short.toUnsignedInt(
                        ByteBuffer.wrap(replies.getFirst().data()).getShort(10));
                assertThat(flags & HAS_DF).isZero();
                raw.send(RawNbd.request(NbdTestClient.READ, 0, 7, 0, 512));
                assertThat(raw.read(16 + 512).getInt()).as("a simple reply").isEqualTo(0x67446698);
            }
        }
    }

    /** Who chose them may have been somebody in between. */
    @Test
    void contextsChosenInPlainTextAreForgotten() throws Exception {
        start(false);
        for (int option : new int[] {OPT_STRUCTURED_REPLY, OPT_EXTENDED_HEADERS}) {
            for (boolean isChosenAgain : new boolean[] {false, true}) {
                try (RawNbd raw = greeted(server.unix())) {
                    byte[] choice = RawNbd.metaData("vol", "base:allocation");
                    assertThat(type(raw, option, NOTHING)).isEqualTo(REP_ACK);
                    assertThat(type(raw, OPT_SET_META_CONTEXT, choice)).isEqualTo(REP_ACK);
                    raw.startTls(TestCertificates.namelessEngine());
                    assertThat(type(raw, OPT_STRUCTURED_REPLY, NOTHING)).isEqualTo(REP_ACK);
                    if (isChosenAgain) {
                        assertThat(type(raw, OPT_SET_META_CONTEXT, choice)).isEqualTo(REP_ACK);
                    }
                    assertThat(type(raw, OPT_GO, RawNbd.infoData("vol"))).isEqualTo(REP_ACK);
                    raw.send(RawNbd.request(NbdTestClient.BLOCK_STATUS, 0, 7, 0, 4096));
                    ByteBuffer chunk = raw.read(20);
                    assertThat(Short.toUnsignedInt(chunk.getShort(6))).isEqualTo(isChosenAgain ? 5 : 0x8001);
                    raw.read(chunk.getInt(16));
                }
            }
        }
    }

    @Test
    void tlsBeginsOnce() throws Exception {
        start(false);
        try (RawNbd raw = greeted(server.tcp())) {
            raw.startTls(TestCertificates.namelessEngine());
            assertThat(type(raw, OPT_STARTTLS, NOTHING)).isEqualTo(REP_ERR_INVALID);
            assertThat(type(raw, OPT_LIST, NOTHING)).isEqualTo(REP_ACK);
            assertThat(type(raw, 99, NOTHING)).isEqualTo(RawNbd.REP_ERR_UNSUP);
        }
    }

    @Test
    void severalConnectionsSeeTheirOwnWritesThroughTls() throws Exception {
        System.out.println("seed=" + seed);
        start(true);
        IntegrityLoad load = new IntegrityLoad(server.tcp(), "vol", seed, 300);
        load.run(() -> LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20)));
        load.verify(server.tcp(), "vol");
        load.verify(server.unix(), "vol");
    }

    /** Requests and TLS records begin and end where they like. */
    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void requestsNeedNotFitRecords(String protocol) throws Exception {
        System.out.println("seed=" + seed);
        Random random = new Random(seed);
        start(false);
        try (RawNbd raw = greeted(server.tcp())) {
            raw.startTls(TestCertificates.namelessEngine(protocol));
            assertThat(type(raw, OPT_GO, RawNbd.infoData("vol"))).isEqualTo(REP_ACK);
            byte[] data = new byte[300_000];
            random.nextBytes(data);
            ByteBuffer all = ByteBuffer.allocate(56 + data.length)
                    .put(RawNbd.request(NbdTestClient.WRITE, 0, 1, 777, data.length))
                    .put(data)
                    .put(RawNbd.request(NbdTestClient.READ, 0, 2, 777, data.length))
                    .flip();
            while (all.hasRemaining()) {
                int piece = Math.min(all.remaining(), 1 + random.nextInt(random.nextBoolean() ? 40 : 30_000));
                raw.send(all.slice(all.position(), piece));
                all.position(all.position() + piece);
                if (random.nextInt(4) == 0) {
                    raw.send(NOTHING); // a record without content
                }
            }
            assertThat(raw.read(16).getInt(4)).isZero();
            assertThat(raw.read(16).getInt(4)).isZero();
            assertThat(raw.read(data.length).array()).isEqualTo(data);
        }
    }

    @Test
    void clientsThatCannotShowACertificateAreNotServedWhereTheyMust() throws Exception {
        start(true);
        for (NbdAddress address : server.server().addresses()) {
            for (SSLEngine engine : List.of(
                    TestCertificates.namelessEngine(),
                    TestCertificates.namelessEngine("TLSv1.2"),
                    TestCertificates.strangerEngine(),
                    TestCertificates.strangerEngine("TLSv1.2"),
                    TestCertificates.clientEngine("TLSv1.3"))) { // see TlsCredentials for this one
                try (RawNbd raw = greeted(address)) {
                    assertThatThrownBy(() -> raw.startTls(engine)).isInstanceOf(IOException.class);
                }
            }
            try (RawNbd raw = greeted(address)) {
                raw.startTls(TestCertificates.clientEngine());
                assertThat(type(raw, OPT_LIST, NOTHING)).isEqualTo(REP_ACK);
            }
        }
    }

    @Test
    void oldProtocolsAreRefused() throws Exception {
        start(false);
        for (String protocol : List.of("TLSv1", "TLSv1.1")) {
            try (RawNbd raw = greeted(server.tcp())) {
                SSLEngine engine = TestCertificates.namelessEngine(protocol);
                assertThatThrownBy(() -> raw.startTls(engine)).isInstanceOf(IOException.class);
            }
        }
    }

    @Test
    void keysAreRenewedWithTls13AndASecondHandshakeIsRefusedWithTls12() throws Exception {
        start(false);
        try (RawNbd raw = greeted(server.tcp())) {
            raw.startTls(TestCertificates.namelessEngine("TLSv1.3"));
            assertThat(type(raw, OPT_GO, RawNbd.infoData("vol"))).isEqualTo(REP_ACK);
            for (int i = 0; i < 5; i++) {
                raw.renewTls();
                raw.send(RawNbd.request(NbdTestClient.READ, 0, i, 0, 100_000));
                assertThat(raw.read(16 + 100_000).getLong(8)).isEqualTo(i);
            }
        }
        try (RawNbd raw = greeted(server.tcp())) {
            raw.startTls(TestCertificates.namelessEngine("TLSv1.2"));
            assertThat(type(raw, OPT_GO, RawNbd.infoData("vol"))).isEqualTo(REP_ACK);
            assertThatThrownBy(raw::renewTls).isInstanceOf(IOException.class);
        }
    }

    /** nbd-server, 2024: a stream that ended inside of TLS made it turn in a circle for ever. */
    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aStreamMayEndAtAndAroundEveryRecord(String protocol) throws Exception {
        start(protocol.equals("TLSv1.2"));
        List<Integer> ends = new ArrayList<>(List.of(0));
        talkAndCut(protocol, Integer.MAX_VALUE, false, ends);
        assertThat(ends).hasSizeGreaterThan(5);
        for (int end : ends) {
            for (int cut : new int[] {end - 1, end, end + 5}) {
                if (cut >= 0 && cut < ends.getLast() - SAME_LENGTH_WITHIN_BYTES) {
                    talkAndCut(protocol, cut, false, new ArrayList<>());
                    talkAndCut(protocol, cut, true, new ArrayList<>());
                }
            }
        }
        awaitNobody(); // a thread that turned in a circle would stay
        try (NbdTestClient client = NbdTestClient.open(server.tcp(), "vol", true)) {
            assertThat(client.call(NbdTestClient.READ, 0, 0, 4096, NOTHING).error())
                    .isZero();
        }
    }

    /** A short conversation, of which {@code most} bytes are sent; adds to {@code ends} where each record ended. */
    private void talkAndCut(String protocol, int most, boolean reset, List<Integer> ends) throws IOException {
        int[] sent = {0};
        UnaryOperator<ByteBuffer> wire = record -> {
            int rest = Math.min(record.remaining(), most - sent[0]);
            sent[0] += record.remaining();
            ends.add(sent[0]);
            return record.limit(record.position() + rest);
        };
        try (RawNbd raw = greeted(server.tcp())) {
            boolean isWhole = raw.isWhole(() -> {
                raw.startTls(TestCertificates.clientEngine(protocol), wire);
                raw.ask(OPT_STRUCTURED_REPLY, NOTHING);
                raw.ask(OPT_GO, RawNbd.infoData("vol"));
                raw.send(RawNbd.request(NbdTestClient.FLUSH, 0, 1, 0, 0));
                raw.send(RawNbd.request(NbdTestClient.READ, 0, 2, 0, 4096));
                raw.send(RawNbd.request(NbdTestClient.DISC, 0, 3, 0, 0));
                raw.drain();
            });
            assertThat(isWhole).isEqualTo(most == Integer.MAX_VALUE);
            if (reset) {
                raw.reset();
            } else {
                raw.hangUp();
            }
        }
    }

    @Test
    void damagedRecordsEndTheirConnectionOnly() throws Exception {
        System.out.println("seed=" + seed);
        Random random = new Random(seed);
        start(true);
        for (int round = 0; round < 60; round++) {
            int at = random.nextInt(2500);
            int change = 1 + random.nextInt(255);
            int[] sent = {0};
            UnaryOperator<ByteBuffer> damage = record -> {
                int here = at - sent[0];
                sent[0] += record.remaining();
                if (here >= 0 && here < record.remaining()) {
                    record.put(here, (byte) (record.get(here) ^ change));
                }
                return record;
            };
            try (RawNbd raw = greeted(server.tcp())) {
                raw.startTls(TestCertificates.clientEngine(), damage);
                raw.ask(OPT_GO, RawNbd.infoData("vol"));
                raw.send(RawNbd.request(NbdTestClient.READ, 0, 2, 0, 4096));
                raw.shutdownOutput(); // a length that became larger is waited for
                raw.drain();
            } catch (IOException refused) {
                assertThat(sent[0]).as("position %d was reached", at).isGreaterThan(at);
            }
        }
        assertThat(NbdTestClient.open(server.tcp(), "vol", true).raw()).satisfies(RawNbd::close);
    }

    @Test
    void beyondThisMachineTlsOrAnExplicitWishIsNeeded() throws Exception {
        InetAddress all = InetAddress.getByName("0.0.0.0");
        assertThatThrownBy(() -> new NbdAddress.Tcp(all, 0)).isInstanceOf(IllegalArgumentException.class);
        NbdAddress encrypted = new NbdAddress.Tcp(all, 0, NbdAddress.Protection.TLS);
        assertThatThrownBy(() -> NbdConfig.on(encrypted)).hasMessageContaining("no certificate");
        assertThat(encrypted.uri().export("vol")).startsWith("nbds://");
        assertThat(NbdConfig.on(new NbdAddress.Tcp(all, 0, NbdAddress.Protection.NONE))
                        .addresses())
                .hasSize(1);
    }

    @Test
    void aSocketForTheOwnerAloneIsForNobodyElse() {
        var closed = PosixFilePermissions.fromString("rw-------");
        assertThat(UnixPeer.mayStay("me", "me", closed)).isTrue();
        assertThat(UnixPeer.mayStay("root", "me", closed)).isTrue();
        assertThat(UnixPeer.mayStay("you", "me", closed)).isFalse();
        assertThat(UnixPeer.mayStay("you", "me", PosixFilePermissions.fromString("rwxr-xr-x")))
                .isFalse();
        assertThat(UnixPeer.mayStay("you", "me", PosixFilePermissions.fromString("rw-rw----")))
                .isTrue();
    }
}

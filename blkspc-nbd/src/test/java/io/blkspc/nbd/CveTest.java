package io.blkspc.nbd;

import static io.blkspc.nbd.testing.RawNbd.OPT_ABORT;
import static io.blkspc.nbd.testing.RawNbd.OPT_EXPORT_NAME;
import static io.blkspc.nbd.testing.RawNbd.OPT_EXTENDED_HEADERS;
import static io.blkspc.nbd.testing.RawNbd.OPT_GO;
import static io.blkspc.nbd.testing.RawNbd.OPT_INFO;
import static io.blkspc.nbd.testing.RawNbd.OPT_LIST;
import static io.blkspc.nbd.testing.RawNbd.OPT_LIST_META_CONTEXT;
import static io.blkspc.nbd.testing.RawNbd.OPT_SET_META_CONTEXT;
import static io.blkspc.nbd.testing.RawNbd.OPT_STRUCTURED_REPLY;
import static io.blkspc.nbd.testing.RawNbd.REP_ACK;
import static io.blkspc.nbd.testing.RawNbd.REP_ERR_UNKNOWN;
import static io.blkspc.nbd.testing.RawNbd.REP_ERR_UNSUP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.model.ModelPool;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.service.PoolExports;
import io.blkspc.nbd.testing.ForwardingExports;
import io.blkspc.nbd.testing.Headers;
import io.blkspc.nbd.testing.NbdTestClient;
import io.blkspc.nbd.testing.NbdTestClient.Extent;
import io.blkspc.nbd.testing.RawNbd;
import io.blkspc.nbd.testing.TestServer;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Each published weakness of an NBD server once, as its clients would use it against this one. After each of them the server
 * serves, holds nothing of the attacker, and has met nothing that nobody foresaw.
 */
class CveTest {

    private static final byte[] NOTHING = new byte[0];
    private static final int MIB = 1 << 20;
    private static final long GIB = 1L << 30;
    private static final long SIZE = 9 * GIB;

    private final long seed = Long.getLong("blkspc.seed", System.nanoTime());
    private final SplittableRandom random = new SplittableRandom(seed);
    private final ModelPool pool = ModelPool.create(256L * MIB);
    private final AtomicInteger opens = new AtomicInteger();
    private TestServer server;

    @BeforeEach
    void start() throws Exception {
        pool.create("vol", SIZE);
        server = TestServer.start(pool, new CountingExports(), NbdLimits.DEFAULT);
    }

    @AfterEach
    void everythingIsAsBefore() throws Exception {
        try (NbdTestClient client = server.client(Headers.EXTENDED)) {
            client.write(SIZE - 4096, new byte[] {1, 2, 3});
            assertThat(client.read(SIZE - 4096, 3)).containsExactly(1, 2, 3);
            client.disconnect();
        }
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (server.server().status().connections() + server.server().status().negotiating() > 0
                && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        NbdStatus status = server.server().status();
        assertThat(status.connections() + status.negotiating()).isZero();
        assertThat(status.bufferBytes()).isZero();
        assertThat(status.faults()).isZero();
        assertThat(pool.info("vol").attachments()).isZero();
        pool.assertConsistent();
        server.close();
    }

    private final class CountingExports extends ForwardingExports {

        CountingExports() {
            super(new PoolExports(pool));
        }

        @Override
        public BlockSpace open(String name) {
            opens.incrementAndGet();
            return super.open(name);
        }
    }

    private RawNbd greeted() throws Exception {
        RawNbd raw = server.raw();
        raw.greet(3);
        return raw;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] bytes(int count, int seed) {
        byte[] bytes = new byte[count];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static int type(RawNbd raw, int option, byte[] data) throws Exception {
        return raw.ask(option, data).getLast().type();
    }

    /** nbd-server: the length of a request was not checked against the buffer; mended, and broken again six years later. */
    @ParameterizedTest
    @EnumSource(Headers.class)
    void cve2005_3534_and_cve2011_0530_lengthsAroundTheLimits(Headers headers) throws Exception {
        long max = 64L * MIB;
        for (long length : new long[] {max - 1, max}) {
            try (NbdTestClient client = server.client(headers)) {
                byte[] data = new byte[(int) length];
                client.write(0, data);
                assertThat(client.read(0, (int) length)).hasSize((int) length);
                client.disconnect();
            }
        }
        for (long length : new long[] {max + 1, 0x7fffffffL, 0x80000000L, 0xffffffffL}) {
            try (NbdTestClient client = server.client(headers)) {
                client.raw().send(request(headers, NbdTestClient.READ, length));
                ByteBuffer reply = client.raw().read(headers == Headers.SIMPLE ? 16 : headers.requestBytes());
                assertThat(reply.getInt(4)).isNotZero();
            }
            try (NbdTestClient client = server.client(headers)) {
                client.raw().send(request(headers, NbdTestClient.WRITE, length));
                assertThat(client.raw().isClosedByServer()).isTrue();
            }
        }
    }

    private static ByteBuffer request(Headers headers, int type, long length) {
        int flags = type == NbdTestClient.WRITE ? NbdTestClient.PAYLOAD_LEN : 0;
        return headers == Headers.EXTENDED
                ? RawNbd.extendedRequest(type, flags, 1, 0, length)
                : RawNbd.request(type, 0, 1, 0, (int) length);
    }

    /** nbd-server: addresses were compared as text, so that one let in others that begin like it. */
    @Test
    void cve2013_6410_addressesAreComparedAsAddresses() throws Exception {
        for (String host : List.of("127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1")) {
            assertThat(new NbdAddress.Tcp(InetAddress.getByName(host), 0).uri()).isNotNull();
        }
        for (String host : List.of("0.0.0.0", "::", "12.7.0.1", "128.0.0.1", "1.127.0.0", "::ffff:128.0.0.1", "::2")) {
            InetAddress address = InetAddress.getByName(host);
            assertThatThrownBy(() -> new NbdAddress.Tcp(address, 0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("not a loopback address");
        }
    }

    /** nbd-server: a client that left during the negotiation, or asked for an unknown export, ended the server. */
    @Test
    void cve2011_1925_and_cve2013_7441_leavingAtEveryByteOfTheNegotiation() throws Exception {
        ByteBuffer all = ByteBuffer.allocate(1000).putInt(3);
        all.put(RawNbd.option(OPT_LIST, NOTHING));
        all.put(RawNbd.option(OPT_EXTENDED_HEADERS, NOTHING));
        all.put(RawNbd.option(OPT_SET_META_CONTEXT, RawNbd.metaData("vol", "base:allocation")));
        all.put(RawNbd.option(OPT_INFO, RawNbd.infoData("unknown")));
        all.put(RawNbd.option(OPT_EXPORT_NAME, bytes("unknown")));
        for (int end = 0; end <= all.position(); end++) {
            try (RawNbd raw = server.raw()) {
                raw.send(ByteBuffer.wrap(all.array(), 0, end));
                if (end % 2 == 0) {
                    raw.shutdownOutput();
                    raw.drain();
                }
            }
        }
        assertThat(opens.get()).isZero();
    }

    /** nbd-server: a name of length 2^32-1 and its terminator needed a buffer of no bytes. */
    @Test
    void cve2022_26495_namesOfFourGibibytes() throws Exception {
        for (int lie : new int[] {0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffb, 0xfffffff0}) {
            try (RawNbd raw = greeted()) {
                raw.ask(OPT_STRUCTURED_REPLY, NOTHING);
                for (int option : new int[] {OPT_INFO, OPT_GO, OPT_LIST_META_CONTEXT, OPT_SET_META_CONTEXT}) {
                    byte[] data = new byte[64];
                    ByteBuffer.wrap(data).putInt(0, lie);
                    assertThat(raw.ask(option, data).getLast().isError()).isTrue();
                }
                assertThat(type(raw, OPT_GO, RawNbd.infoData("vol"))).isEqualTo(REP_ACK);
            }
        }
    }

    /** nbd-server: an option longer than the name and the queries in it overflowed the stack. */
    @Test
    void cve2022_26496_lengthsThatDoNotAgree() throws Exception {
        byte[] info = RawNbd.infoData("vol", 1, 3);
        byte[] meta = RawNbd.metaData("vol", "base:allocation", "qemu:");
        for (int delta : new int[] {-1024, -1, 1, 1024, 60_000}) {
            try (RawNbd raw = greeted()) {
                raw.ask(OPT_STRUCTURED_REPLY, NOTHING);
                for (int option : new int[] {OPT_INFO, OPT_GO}) {
                    byte[] data = Arrays.copyOf(info, Math.max(0, info.length + delta));
                    assertThat(type(raw, option, data)).isEqualTo(RawNbd.REP_ERR_INVALID);
                }
                for (int option : new int[] {OPT_LIST_META_CONTEXT, OPT_SET_META_CONTEXT}) {
                    byte[] data = Arrays.copyOf(meta, Math.max(0, meta.length + delta));
                    assertThat(type(raw, option, data)).isEqualTo(RawNbd.REP_ERR_INVALID);
                }
                for (int at : new int[] {0, 7, 11, 30}) { // name, count, first and second query
                    byte[] data = meta.clone();
                    ByteBuffer.wrap(data).putInt(at, ByteBuffer.wrap(data).getInt(at) + delta);
                    assertThat(raw.ask(OPT_SET_META_CONTEXT, data).getLast().isError())
                            .isTrue();
                }
                assertThat(type(raw, OPT_GO, info)).isEqualTo(REP_ACK);
            }
        }
    }

    /** nbd-server: sequential reads across the borders of copied and not copied blocks gave wrong data. */
    @ParameterizedTest
    @EnumSource(Headers.class)
    void copyOnWriteCorruption_sequentialReadsAcrossSharedAndOwnBlocks(Headers headers) throws Exception {
        byte[] expected = bytes(4 * MIB, 1);
        try (NbdTestClient origin = server.client(headers)) {
            origin.write(0, expected);
            pool.clone("vol", List.of("clone"));
            byte[] before = expected.clone();
            try (NbdTestClient client = NbdTestClient.open(server.unix(), "clone", headers)) {
                for (int i = 0; i < 40; i++) {
                    byte[] piece = bytes(1 + random.nextInt(20_000), i);
                    int at = random.nextInt(expected.length - piece.length);
                    client.write(at, piece);
                    System.arraycopy(piece, 0, expected, at, piece.length);
                }
                for (int step : new int[] {512, 4096, 10_000, 65_536, MIB}) {
                    for (int at = 0; at < expected.length; at += step) {
                        int length = Math.min(step, expected.length - at);
                        assertThat(Arrays.equals(client.read(at, length), 0, length, expected, at, at + length))
                                .as("seed=%d at=%d length=%d", seed, at, length)
                                .isTrue();
                    }
                }
            }
            assertThat(Arrays.equals(origin.read(0, before.length), before)).isTrue();
        }
    }

    /** qemu-nbd: data that was not expected in the negotiation reached a part that was not ready. */
    @Test
    void cve2017_7539_unexpectedData() throws Exception {
        int[] options = {OPT_LIST, OPT_STRUCTURED_REPLY, OPT_EXTENDED_HEADERS, 5, 4, 99, OPT_ABORT};
        for (int round = 0; round < 100; round++) {
            ByteBuffer all = ByteBuffer.allocate(20_000).putInt(3);
            for (int i = random.nextInt(8); i >= 0; i--) {
                byte[] data = new byte[random.nextInt(1000)];
                all.put(RawNbd.option(options[random.nextInt(options.length)], data));
            }
            all.put(RawNbd.request(0, 0, 1, 0, 512)); // a request, before there is an export
            try (RawNbd raw = server.raw()) {
                raw.send(all.flip());
                raw.shutdownOutput();
                raw.drain();
            } catch (IOException e) {
                assertThat(e.getMessage()).containsAnyOf("Broken pipe", "reset");
            }
        }
    }

    /** qemu-nbd: the end of a client that was not fully there, as a port scan makes it, ended the server. */
    @Test
    void cve2017_9524_portScans() throws Exception {
        for (int i = 0; i < 100; i++) {
            for (NbdAddress address : server.server().addresses()) {
                try (RawNbd raw = RawNbd.connect(address)) {
                    switch (i % 4) {
                        case 0 -> raw.send(bytes("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
                        case 1 -> raw.send(bytes(random.nextInt(100), i));
                        case 2 -> raw.shutdownOutput();
                        default -> {}
                    }
                }
            }
        }
    }

    /** qemu-nbd: the signal of a broken pipe ended the server when a client left before its reply. */
    @ParameterizedTest
    @EnumSource(Headers.class)
    void cve2017_10664_leavingInsideALargeReply(Headers headers) throws Exception {
        try (NbdTestClient client = server.client(headers)) {
            client.write(0, bytes(32 * MIB, 3));
        }
        for (NbdAddress address : server.server().addresses()) {
            for (int i = 0; i < 4; i++) {
                try (NbdTestClient client = NbdTestClient.open(address, "vol", headers)) {
                    client.send(NbdTestClient.READ, 0, 0, 32L * MIB, NOTHING);
                    client.raw().read(16 + i * 50_000);
                }
            }
        }
    }

    /** qemu-nbd: a name between 256 and 4096 bytes was written into a buffer of 256. */
    @Test
    void cve2017_15118_namesOfEveryLegalLength() throws Exception {
        for (int length : new int[] {255, 256, 257, 3000, 4095, 4096, 4097}) {
            try (RawNbd raw = greeted()) {
                assertThat(type(raw, OPT_INFO, RawNbd.infoData("a".repeat(length))))
                        .isEqualTo(REP_ERR_UNKNOWN);
                raw.send(RawNbd.option(OPT_EXPORT_NAME, bytes("a".repeat(length))));
                assertThat(raw.isClosedByServer()).isTrue();
            }
        }
    }

    /** qemu-nbd: skipping options of 4 GiB kept the server busy. */
    @Test
    void cve2017_15119_optionsOfFourGibibytes() throws Exception {
        List<RawNbd> attackers = new ArrayList<>();
        try {
            for (int i = 0; i < 100; i++) {
                RawNbd raw = greeted();
                attackers.add(raw);
                raw.send(RawNbd.option(i % 2 == 0 ? OPT_LIST : 99, 0xffffffff, new byte[100]));
            }
            try (NbdTestClient client = server.client(Headers.STRUCTURED)) {
                client.read(0, 1);
            }
            for (RawNbd raw : attackers) {
                assertThat(raw.isClosedByServer()).isTrue();
            }
        } finally {
            attackers.forEach(RawNbd::close);
        }
    }

    /** qemu-nbd: the text of an error about a long name was longer than the protocol's longest text. */
    @Test
    void cve2020_10761_textsOfErrorsAreNotTooLong() throws Exception {
        for (int length : new int[] {3900, 4000, 4080, 4095, 4096, 4097, 60_000}) {
            for (String letter : new String[] {"a", "\u00e4", "\ud83d\ude00"}) {
                String name = letter.repeat(length / bytes(letter).length);
                try (RawNbd raw = greeted()) {
                    raw.ask(OPT_STRUCTURED_REPLY, NOTHING);
                    for (int option : new int[] {OPT_INFO, OPT_GO, OPT_LIST_META_CONTEXT, OPT_SET_META_CONTEXT}) {
                        boolean isInfo = option == OPT_INFO || option == OPT_GO;
                        byte[] data = isInfo ? RawNbd.infoData(name) : RawNbd.metaData(name);
                        RawNbd.OptionReply reply = raw.ask(option, data).getLast();
                        assertThat(reply.type()).isEqualTo(REP_ERR_UNKNOWN);
                        assertThat(reply.data().length).isBetween(1, 4096);
                    }
                }
            }
        }
    }

    /** qemu-nbd: clients without limit, and a stop while one was connecting used what was freed. CrowdTest has the flood. */
    @Test
    void cve2024_7409_stoppingInAFlood() throws Exception {
        for (int round = 0; round < 5; round++) {
            ModelPool other = ModelPool.create(MIB);
            other.create("vol", MIB);
            TestServer stopped = TestServer.start(other, NbdLimits.DEFAULT.withConnections(4, 8));
            NbdAddress address = stopped.unix();
            Thread flood = Thread.ofPlatform().start(() -> connectUntilRefused(address));
            while (stopped.server().status().accepted() < 30) {
                Thread.onSpinWait();
            }
            assertThat(stopped.server().status().negotiating()).isLessThanOrEqualTo(8);
            stopped.close();
            flood.join();
            assertThat(stopped.server().status().negotiating()).isZero();
            assertThat(stopped.server().status().faults()).isZero();
        }
    }

    private static void connectUntilRefused(NbdAddress address) {
        List<RawNbd> held = new ArrayList<>();
        try {
            while (true) {
                held.add(RawNbd.connectUnguarded(address));
            }
        } catch (IOException e) {
            held.forEach(RawNbd::close);
        }
    }

    /** nbdkit: each client cost the back end an open before it had chosen an export. */
    @Test
    void cve2019_14850_nothingIsOpenedBeforeGo() throws Exception {
        for (int i = 0; i < 40; i++) {
            try (RawNbd raw = greeted()) {
                for (int k = 0; k < 25; k++) {
                    assertThat(type(raw, OPT_INFO, RawNbd.infoData("vol", 1, 2, 3)))
                            .isEqualTo(REP_ACK);
                }
                raw.ask(OPT_LIST, NOTHING);
                raw.ask(OPT_STRUCTURED_REPLY, NOTHING);
                raw.ask(OPT_SET_META_CONTEXT, RawNbd.metaData("vol", "base:allocation"));
            }
        }
        assertThat(opens.get()).isZero();
        assertThat(pool.info("vol").attachments()).isZero();
    }

    /** nbdkit: options in an order that nobody thought of stopped the server. */
    @Test
    void cve2019_14851_everyOrderOfOptions() throws Exception {
        int[] options = {
            OPT_INFO, OPT_LIST, OPT_STRUCTURED_REPLY, OPT_EXTENDED_HEADERS, OPT_SET_META_CONTEXT, OPT_LIST_META_CONTEXT
        };
        int orders = options.length * options.length * options.length;
        for (int order = 0; order < orders; order++) {
            try (RawNbd raw = greeted()) {
                for (int left = order, i = 0; i < 3; i++, left /= options.length) {
                    int option = options[left % options.length];
                    byte[] data = switch (option) {
                        case OPT_INFO -> RawNbd.infoData("vol");
                        case OPT_SET_META_CONTEXT, OPT_LIST_META_CONTEXT ->
                            RawNbd.metaData("vol", "base:allocation", "blkspc:guarantee");
                        default -> NOTHING;
                    };
                    assertThat(raw.ask(option, data)).isNotEmpty();
                }
                assertThat(type(raw, OPT_GO, RawNbd.infoData("vol"))).isEqualTo(REP_ACK);
            }
        }
    }

    /** nbdkit: what was agreed in plain text was kept when TLS began. Without TLS here; {@code TlsTest} has the rest. */
    @Test
    void cve2021_3716_starttlsIsRefusedWhateverCameBefore() throws Exception {
        ByteBuffer all = ByteBuffer.allocate(200).putInt(3);
        all.put(RawNbd.option(OPT_STRUCTURED_REPLY, NOTHING));
        all.put(RawNbd.option(5, NOTHING));
        all.put(new byte[] {0x16, 3, 1, 0, 50}); // the beginning of a TLS handshake, not waiting for the answer
        try (RawNbd raw = server.raw()) {
            raw.read(18);
            raw.send(all.flip());
            assertThat(raw.replies().getLast().type()).isEqualTo(REP_ACK);
            assertThat(raw.replies().getLast().type()).isEqualTo(REP_ERR_UNSUP);
            raw.shutdownOutput();
            assertThat(raw.isClosedByServer()).isTrue();
        }
    }

    /** nbdkit: an extent of 4 GiB or more did not fit its field. */
    @Test
    void cve2025_47711_extentsAroundFourGibibytes() throws Exception {
        for (Headers headers : new Headers[] {Headers.STRUCTURED, Headers.EXTENDED}) {
            try (NbdTestClient client = server.client(headers)) {
                for (long length : new long[] {0xffffffffL, 0xfffffe00L, 0xfffff000L, 0x80000000L, 0x7fffffffL}) {
                    assertThat(status(client, 0, length)).containsExactly(new Extent(length, 3));
                    assertThat(status(client, SIZE - length, length)).containsExactly(new Extent(length, 3));
                }
            }
        }
        try (NbdTestClient client = server.client(Headers.EXTENDED)) {
            for (long length : new long[] {4 * GIB, 4 * GIB + 512, 8 * GIB, SIZE}) {
                assertThat(status(client, 0, length)).containsExactly(new Extent(length, 3));
            }
        }
    }

    private static List<Extent> status(NbdTestClient client, long offset, long length) throws Exception {
        return client.call(NbdTestClient.BLOCK_STATUS, 0, offset, length, NOTHING)
                .extents();
    }

    /** nbdkit: a length near 2^32 became 0 when it was rounded. */
    @ParameterizedTest
    @EnumSource(Headers.class)
    void cve2025_47712_lengthsNearFourGibibytesThatAreNotAligned(Headers headers) throws Exception {
        byte[] data = bytes(8192, 5);
        try (NbdTestClient client = server.client(headers)) {
            for (long length : new long[] {0xfffffe00L, 0xffffffffL, 0xfffff001L}) {
                client.write(GIB, data);
                client.write(4 * GIB - 4096, data);
                assertThat(client.errorOf(NbdTestClient.TRIM, 0, 1, length, NOTHING))
                        .isZero();
                assertThat(client.read(GIB, 8192)).isEqualTo(new byte[8192]);
                assertThat(client.read(4 * GIB, 4096)).isEqualTo(Arrays.copyOfRange(data, 4096, 8192));
                client.write(GIB, data);
                assertThat(client.errorOf(NbdTestClient.WRITE_ZEROES, 0, 1, length, NOTHING))
                        .isZero();
                assertThat(client.read(GIB, 8192)).isEqualTo(new byte[8192]);
                byte[] border = new byte[8192];
                int kept = (int) (1 + length - (4 * GIB - 4096));
                System.arraycopy(data, kept, border, kept, 8192 - kept);
                byte[] seen = client.read(4 * GIB - 4096, 8192);
                assertThat(Arrays.copyOfRange(seen, kept, 8192)).isEqualTo(Arrays.copyOfRange(border, kept, 8192));
            }
        }
    }

    /** nbdkit 9d82aa4f: a client that read slowly and left with replies waiting stopped the server. */
    @ParameterizedTest
    @EnumSource(Headers.class)
    void nbdkit9d82aa4f_slowReadersThatLeave(Headers headers) throws Exception {
        try (NbdTestClient client = server.client(headers)) {
            client.write(0, bytes(MIB, 6));
        }
        for (int round = 0; round < 10; round++) {
            try (NbdTestClient client = server.client(headers)) {
                ByteBuffer batch = ByteBuffer.allocate(64 * 32);
                for (int i = 0; i < 64; i++) {
                    client.encode(batch, NbdTestClient.READ, 0, 0, MIB, NOTHING);
                }
                client.sendEncoded(batch.flip());
                for (int i = 0; i < round; i++) {
                    client.raw().read(1000);
                }
            }
        }
    }

    /** No published case, but a class of mistakes: the name of an export used as a path. */
    @Test
    void pathTraversal_namesAreKeysAndNothingElse() throws Exception {
        pool.snapshot(List.of("vol@s"));
        for (String name : List.of(
                "../vol",
                "./vol",
                "vol/.",
                "/vol",
                "//",
                "..",
                ".",
                "~",
                "vol\0",
                "\0",
                "VOL",
                "Vol",
                "vol@S",
                "vol@..",
                "vol@",
                "@s",
                "vol@s@s",
                "%76ol",
                "vol\n",
                " vol",
                "\ufeffvol",
                "v\u00f6l",
                "/etc/passwd",
                "/dev/zero",
                "file:///etc/passwd",
                "a".repeat(4096))) {
            try (RawNbd raw = greeted()) {
                raw.ask(OPT_STRUCTURED_REPLY, NOTHING);
                assertThat(type(raw, OPT_INFO, RawNbd.infoData(name))).as(name).isEqualTo(REP_ERR_UNKNOWN);
                assertThat(type(raw, OPT_LIST_META_CONTEXT, RawNbd.metaData(name)))
                        .as(name)
                        .isEqualTo(REP_ERR_UNKNOWN);
                assertThat(type(raw, OPT_GO, RawNbd.infoData(name))).as(name).isEqualTo(REP_ERR_UNKNOWN);
                raw.send(RawNbd.option(OPT_EXPORT_NAME, bytes(name)));
                assertThat(raw.isClosedByServer()).as(name).isTrue();
            }
        }
        assertThat(opens.get()).isZero();
        pool.destroy(List.of("vol@s"), false);
    }
}

package io.blkspc.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.model.ModelPool;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.testing.Headers;
import io.blkspc.nbd.testing.NbdTestClient;
import io.blkspc.nbd.testing.NbdTestClient.Reply;
import io.blkspc.nbd.testing.TestServer;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Packets that keep the framing and are otherwise anything: types, flags, offsets and lengths at every border, payloads where
 * none belong, in each kind of headers. What each must be answered is known beforehand, from rules written down here once
 * more, and the client checks every reply; a session that may not write must change no byte.
 *
 * <p>ProtocolFuzzTest breaks the framing as well.
 */
class PacketFuzzTest {

    private static final int SIZE = 2 << 20;
    private static final int BATCH = 40;
    private static final int BATCHES = 25;
    private static final int WORKERS = 2;
    private static final byte[] NOTHING = new byte[0];
    private static final String[] CONTEXTS = {"base:allocation", "qemu:allocation-depth", "blkspc:guarantee"};
    private static final int[] TYPES = {0, 0, 1, 1, 3, 4, 5, 6, 7, 7, 8, 99, 0xffff};
    private static final long[] OFFSETS = {
        0, 1, 511, 512, 4095, 4096, SIZE - 4096, SIZE - 1, SIZE, SIZE + 1, 1L << 32, Long.MAX_VALUE, Long.MIN_VALUE, -1
    };
    private static final long[] LENGTHS = {
        0, 1, 512, 4095, 4096, 8192, SIZE, SIZE + 1, (64 << 20) + 1, 0x7fffffffL, 0x80000000L, 0xfffffe00L, 0xffffffffL
    };
    private static final long[] LONG_LENGTHS = {1L << 32, Long.MAX_VALUE, Long.MIN_VALUE, -512, -1};

    private final long seed = Long.getLong("blkspc.seed", System.nanoTime());
    private final AtomicLong packets = new AtomicLong();
    private final Map<Integer, Integer> answers = new HashMap<>();

    @Test
    void everyPacketGetsTheAnswerItMust() throws Exception {
        fuzz(Long.getLong("blkspc.fuzzPackets", 270_000));
    }

    @Test
    @EnabledIfSystemProperty(named = "blkspc.release", matches = "true", disabledReason = "a long proof")
    void everyOfFiftyMillionPacketsGetsTheAnswerItMust() throws Exception {
        fuzz(50_000_000);
    }

    private void fuzz(long count) throws Exception {
        System.out.println("seed=" + seed);
        ModelPool pool = ModelPool.create(64L << 20);
        pool.create("vol", SIZE);
        pool.create("fixed", SIZE);
        byte[] content = new byte[SIZE];
        new Random(1).nextBytes(content);
        try (TestServer server = TestServer.start(pool, NbdLimits.DEFAULT);
                ExecutorService threads = Executors.newFixedThreadPool(WORKERS)) {
            try (NbdTestClient client = NbdTestClient.open(server.unix(), "fixed", true)) {
                client.write(0, content);
            }
            pool.snapshot(List.of("vol@s"));
            List<Future<?>> workers = new ArrayList<>();
            for (int i = 0; i < WORKERS; i++) {
                SplittableRandom random = new SplittableRandom(seed + i);
                workers.add(threads.submit(() -> {
                    while (packets.get() < count) {
                        new Session(random).run(server);
                    }
                    return null;
                }));
            }
            for (Future<?> worker : workers) {
                worker.get();
            }
            try (NbdTestClient client = NbdTestClient.open(server.unix(), "fixed", false)) {
                assertThat(Arrays.equals(client.read(0, SIZE), content)).isTrue();
            }
            while (server.server().status().connections() > 0) {
                Thread.onSpinWait();
            }
            assertThat(server.server().status().faults()).isZero();
            assertThat(server.server().status().bufferBytes()).isZero();
            assertThat(pool.info("vol").attachments()).isZero();
            assertThat(pool.status().promisedBytes()).isZero();
            pool.assertConsistent();
        }
        System.out.println("packets=" + packets + " answers=" + answers);
        assertThat(answers.keySet()).containsExactlyInAnyOrder(0, 1, 22, 28);
    }

    private final class Session {

        private final SplittableRandom random;
        private final Headers headers;
        private final boolean extended;
        private final boolean readOnly;
        private final boolean mayWrite;
        private final String[] queries;
        private final Map<Long, Integer> expected = new HashMap<>();
        private final Map<Integer, Integer> seen = new HashMap<>();

        Session(SplittableRandom random) {
            this.random = random;
            this.headers = Headers.turn(random.nextInt(3));
            this.extended = headers == Headers.EXTENDED;
            this.readOnly = random.nextInt(4) == 0;
            this.mayWrite = !readOnly && random.nextBoolean();
            this.queries = random.nextInt(4) == 0 ? new String[0] : Arrays.copyOf(CONTEXTS, 1 + random.nextInt(3));
        }

        void run(TestServer server) throws Exception {
            String export = readOnly ? "vol@s" : mayWrite ? "vol" : "fixed";
            NbdAddress address = random.nextBoolean() ? server.unix() : server.tcp();
            try (NbdTestClient client = NbdTestClient.open(address, export, headers, queries)) {
                for (int i = 0; i < BATCHES; i++) {
                    ByteBuffer batch = ByteBuffer.allocate(BATCH * (16_384 + 32));
                    for (int k = 0; k < BATCH; k++) {
                        put(client, batch);
                    }
                    client.sendEncoded(batch.flip());
                    while (client.inFlight() > 0) {
                        take(client.take());
                    }
                    packets.addAndGet(BATCH);
                }
                client.disconnect();
            }
            synchronized (answers) {
                seen.forEach((error, count) -> answers.merge(error, count, Integer::sum));
            }
        }

        private void take(Reply reply) {
            int error = expected.remove(reply.cookie());
            assertThat(reply.error())
                    .as("seed=%d cookie=%x", seed, reply.cookie())
                    .isEqualTo(error);
            seen.merge(error, 1, Integer::sum);
        }

        private void put(NbdTestClient client, ByteBuffer batch) {
            int type = TYPES[random.nextInt(TYPES.length)];
            if (!readOnly && !mayWrite && (type == 1 || type == 4 || type == 6)) {
                type = 0;
            }
            int flags = random.nextInt(4) > 0 ? random.nextInt(2) : 1 << random.nextInt(16);
            long offset = random.nextInt(3) == 0 ? OFFSETS[random.nextInt(OFFSETS.length)] : random.nextInt(SIZE);
            long length = random.nextInt(3) == 0 ? LENGTHS[random.nextInt(LENGTHS.length)] : random.nextInt(9000);
            if (extended && random.nextInt(8) == 0) {
                length = LONG_LENGTHS[random.nextInt(LONG_LENGTHS.length)];
            }
            byte[] payload = NOTHING;
            long effect = length;
            int payloadFlag = NbdTestClient.PAYLOAD_LEN;
            boolean filter = false;
            boolean filterValid = false;
            if (type == 1) {
                length = Math.clamp(length, 0, 16_000);
                effect = length;
                payload = new byte[(int) length];
            } else if (extended && ((flags & payloadFlag) != 0 || random.nextInt(10) == 0)) {
                flags |= payloadFlag;
                filter = type == 7;
                int ids = random.nextInt(5);
                payload = new byte[filter ? 8 + 4 * ids - (random.nextInt(6) == 0 ? 1 : 0) : random.nextInt(2000)];
                length = payload.length;
                if (filter && payload.length == 8 + 4 * ids) {
                    ByteBuffer data = ByteBuffer.wrap(payload).putLong(effect);
                    boolean[] named = new boolean[6];
                    filterValid = ids > 0;
                    for (int i = 0; i < ids; i++) {
                        int id = random.nextInt(3) == 0 ? random.nextInt(6) : 1 + i;
                        data.putInt(id);
                        filterValid &= id >= 1 && id <= queries.length && !named[Math.min(id, 5)];
                        named[Math.min(id, 5)] = true;
                    }
                }
            }
            int legal = legalFlags(type);
            int error = (flags & ~legal) != 0 || (filter && !filterValid) ? 22 : judge(type, offset, effect);
            // the client makes room for the data of a read: one that is refused needs none
            long cookie = client.encodeAs(batch, type, flags, offset, length, payload, error == 0 ? (int) effect : 0);
            expected.put(cookie, error);
        }

        private int legalFlags(int type) {
            int payload = extended ? NbdTestClient.PAYLOAD_LEN : 0;
            return switch (type) {
                case 0 -> 1 | (headers.chunked() ? NbdTestClient.DF : 0);
                case 1 -> 1 | payload;
                case 6 -> 1 | NbdTestClient.NO_HOLE | NbdTestClient.FAST_ZERO;
                case 7 -> 1 | NbdTestClient.REQ_ONE | payload;
                default -> 1;
            };
        }

        /** The rules of the protocol, with numbers as big as they need to be. */
        private int judge(int type, long offset, long length) {
            double from = unsigned(offset);
            double end = from + unsigned(length);
            boolean outside = from > SIZE || end > SIZE;
            return switch (type) {
                case 0 -> outside ? 22 : 0;
                case 1, 6 -> readOnly ? 1 : outside ? 28 : 0;
                case 3 -> 0;
                case 4 -> readOnly ? 1 : outside ? 22 : 0;
                case 5 -> outside ? 22 : 0;
                case 7 -> outside || length == 0 || !headers.chunked() || queries.length == 0 ? 22 : 0;
                default -> 22;
            };
        }

        private double unsigned(long value) {
            return value >= 0 ? (double) value : (double) value + 0x1p64;
        }
    }
}

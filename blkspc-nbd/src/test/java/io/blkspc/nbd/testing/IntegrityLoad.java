package io.blkspc.nbd.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.nbd.NbdAddress;
import io.blkspc.nbd.testing.NbdTestClient.Reply;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Random pipelined requests on several connections, each with a part of the volume of its own that is not aligned to
 * blocks, so that neighbours complete each other's blocks. Every reply is compared with an array of bytes.
 */
public final class IntegrityLoad {

    /** Bytes of the volume that are used. */
    public static final long SPAN_BYTES = 2L << 20;

    private static final int CONNECTIONS = 4;
    private static final int PART = 300 * 1000 + 7;
    private static final int DEPTH = 16;
    private static final byte[] NOTHING = new byte[0];

    private final NbdAddress address;
    private final String export;
    private final long seed;
    private final int requestsEach;
    private final byte[][] expected = new byte[CONNECTIONS][];

    public IntegrityLoad(NbdAddress address, String export, long seed, int requestsEach) {
        this.address = address;
        this.export = export;
        this.seed = seed;
        this.requestsEach = requestsEach;
    }

    /** Runs all connections to their end, while {@code meanwhile} is called again and again. */
    public void run(Runnable meanwhile) throws Exception {
        try (ExecutorService threads =
                Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
            List<Future<byte[]>> clients = new ArrayList<>();
            for (int i = 0; i < CONNECTIONS; i++) {
                int part = i;
                clients.add(threads.submit(() -> new Client(part).run()));
            }
            while (clients.stream().anyMatch(client -> !client.isDone())) {
                meanwhile.run();
            }
            for (int i = 0; i < CONNECTIONS; i++) {
                expected[i] = clients.get(i).get();
            }
        }
    }

    /** Reads everything once more. */
    public void verify(NbdAddress from, String name) throws Exception {
        try (NbdTestClient reader = NbdTestClient.open(from, name, true)) {
            for (int i = 0; i < CONNECTIONS; i++) {
                assertThat(Arrays.equals(reader.read((long) i * PART, PART), expected[i]))
                        .as("seed=%d part=%d", seed, i)
                        .isTrue();
            }
            reader.disconnect();
        }
    }

    private final class Client {

        private final long base;
        private final SplittableRandom random;
        private final Headers headers;
        private final byte[] content = new byte[PART];
        private final boolean[] busy = new boolean[PART];
        private final Map<Long, Request> requests = new HashMap<>();

        private record Request(int type, int start, int length) {}

        Client(int part) {
            this.base = (long) part * PART;
            this.random = new SplittableRandom(seed + part);
            this.headers = Headers.turn(part);
        }

        byte[] run() throws Exception {
            try (NbdTestClient client = NbdTestClient.open(address, export, headers)) {
                for (int i = 0; i < requestsEach; i++) {
                    if (requests.size() == DEPTH) {
                        take(client);
                    }
                    send(client);
                }
                while (!requests.isEmpty()) {
                    take(client);
                }
                client.disconnect();
            }
            return content;
        }

        private void send(NbdTestClient client) throws Exception {
            int length = 1 + (random.nextInt(20) == 0 ? random.nextInt(200_000) : random.nextInt(15_000));
            int start = random.nextInt(PART - length);
            for (int i = start; i < start + length; i++) {
                if (busy[i]) { // what overlaps a request in flight has no defined outcome
                    take(client);
                    return;
                }
            }
            int flags = random.nextInt(8) == 0 ? NbdTestClient.FUA : 0;
            int type = switch (random.nextInt(10)) {
                case 0, 1, 2, 3 -> NbdTestClient.WRITE;
                case 4 -> NbdTestClient.WRITE_ZEROES;
                case 5 -> NbdTestClient.TRIM;
                case 6 -> NbdTestClient.FLUSH;
                default -> NbdTestClient.READ;
            };
            byte[] payload = NOTHING;
            int zeroFrom = start;
            int zeroEnd = start + length;
            if (type == NbdTestClient.WRITE) {
                payload = new byte[length];
                random.nextBytes(payload);
                System.arraycopy(payload, 0, content, start, length);
            } else if (type == NbdTestClient.TRIM) {
                zeroFrom = (int) ((base + start + 4095 & -4096L) - base);
                zeroEnd = (int) ((base + start + length & -4096L) - base);
            } else if (type == NbdTestClient.WRITE_ZEROES) {
                flags |= random.nextBoolean() ? NbdTestClient.NO_HOLE : 0;
            }
            if ((type == NbdTestClient.TRIM || type == NbdTestClient.WRITE_ZEROES) && zeroFrom < zeroEnd) {
                Arrays.fill(content, zeroFrom, zeroEnd, (byte) 0);
            }
            if (type == NbdTestClient.FLUSH) {
                requests.put(client.send(type, 0, 0, 0, NOTHING), new Request(type, start, 0));
                return;
            }
            Arrays.fill(busy, start, start + length, true);
            requests.put(client.send(type, flags, base + start, length, payload), new Request(type, start, length));
        }

        private void take(NbdTestClient client) throws Exception {
            if (requests.isEmpty()) {
                return;
            }
            Reply reply = client.take();
            Request request = requests.remove(reply.cookie());
            assertThat(reply.error()).as("seed=%d request=%s", seed, request).isZero();
            int end = request.start() + request.length();
            Arrays.fill(busy, request.start(), end, false);
            if (request.type() == NbdTestClient.READ) {
                byte[] expected = Arrays.copyOfRange(content, request.start(), end);
                assertThat(Arrays.equals(reply.data(), expected))
                        .as("seed=%d request=%s", seed, request)
                        .isTrue();
            }
        }
    }
}

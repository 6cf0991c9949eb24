package io.blkspc.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.model.ModelPool;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.testing.Headers;
import io.blkspc.nbd.testing.NbdTestClient;
import io.blkspc.nbd.testing.NbdTestClient.Reply;
import io.blkspc.nbd.testing.TestServer;
import io.blkspc.nbd.testing.WrappedPool;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Clients that ask for far more than they take: what they make the server hold is bounded, each and together. */
class FloodTest {

    private static final int MIB = 1 << 20;
    private static final byte[] NOTHING = new byte[0];
    private static final long EACH = 5L * MIB;
    private static final long TOGETHER = 8L * MIB;

    private final ModelPool pool = ModelPool.create(64L * MIB);
    private final byte[] data = new byte[8 * MIB];
    private TestServer server;

    @BeforeEach
    void start() throws Exception {
        pool.create("vol", 32L * MIB);
        WrappedPool medium = new WrappedPool(pool);
        medium.cold = true;
        NbdLimits limits = NbdLimits.DEFAULT.withMemory(EACH, TOGETHER);
        server = TestServer.start(pool, medium, limits);
        new Random(1).nextBytes(data);
        try (NbdTestClient client = server.client(false)) {
            client.write(0, data);
        }
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
    }

    private long held() {
        return server.server().status().bufferBytes();
    }

    private static List<Long> flood(NbdTestClient client, int requests, int length) throws Exception {
        ByteBuffer batch = ByteBuffer.allocate(requests * 32);
        List<Long> cookies = new ArrayList<>();
        for (int i = 0; i < requests; i++) {
            cookies.add(client.encode(batch, NbdTestClient.READ, 0, i % 4 * 4096L, length, NOTHING));
        }
        client.sendEncoded(batch.flip());
        return cookies;
    }

    /** Long enough for the server to take in all it will; what it holds never passes {@code most}. */
    private void watch(long atLeast, long most) throws Exception {
        long seen = 0;
        while (seen < atLeast) {
            seen = held();
            assertThat(seen).isLessThanOrEqualTo(most);
        }
        for (int i = 0; i < 100; i++) {
            assertThat(held()).isLessThanOrEqualTo(most);
            Thread.sleep(2);
        }
    }

    /** The first lengths are for the workers, the last is longer than the buffer of replies. */
    @ParameterizedTest
    @CsvSource({
        "STRUCTURED, 900000",
        "SIMPLE, 900000",
        "EXTENDED, 900000",
        "STRUCTURED, 1500000",
        "SIMPLE, 1500000",
        "STRUCTURED, 3000000",
        "SIMPLE, 3000000",
        "EXTENDED, 3000000"
    })
    void oneClientHoldsNoMoreThanItsShareAndLosesNothing(Headers headers, int length) throws Exception {
        try (NbdTestClient greedy = server.client(headers)) {
            List<Long> cookies = flood(greedy, 40, length);
            watch(MIB / 2, EACH);
            for (int i = 0; i < 40; i++) {
                Reply reply = greedy.take();
                assertThat(reply.error()).isZero();
                int from = cookies.indexOf(reply.cookie()) % 4 * 4096;
                assertThat(java.util.Arrays.equals(reply.data(), 0, length, data, from, from + length))
                        .isTrue();
                assertThat(held()).isLessThanOrEqualTo(EACH);
            }
            greedy.disconnect();
        }
    }

    @Test
    void allClientsTogetherHoldNoMoreThanTheBoundAndOthersAreServed() throws Exception {
        List<NbdTestClient> greedy = new ArrayList<>();
        try {
            for (int i = 0; i < 6; i++) {
                greedy.add(server.client(Headers.turn(i)));
                flood(greedy.get(i), 40, i % 3 == 0 ? 3 * MIB : 900_000 + i);
            }
            watch(EACH, TOGETHER);
            try (NbdTestClient good = server.client(false)) {
                good.write(100, new byte[] {1, 2, 3});
                assertThat(good.read(100, 3)).containsExactly(1, 2, 3);
                good.flush();
                good.disconnect();
            }
            watch(0, TOGETHER);
        } finally {
            greedy.forEach(NbdTestClient::close);
        }
        while (server.server().status().connections() > 0) {
            assertThat(held()).isLessThanOrEqualTo(TOGETHER);
        }
    }
}

package io.blkspc.nbd.transmission;

import static io.blkspc.nbd.testing.NbdTestClient.FLUSH;
import static io.blkspc.nbd.testing.NbdTestClient.FUA;
import static io.blkspc.nbd.testing.NbdTestClient.READ;
import static io.blkspc.nbd.testing.NbdTestClient.WRITE;
import static io.blkspc.nbd.testing.NbdTestClient.WRITE_ZEROES;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.model.ModelFaults;
import io.blkspc.api.model.ModelPool;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.testing.Headers;
import io.blkspc.nbd.testing.NbdTestClient;
import io.blkspc.nbd.testing.NbdTestClient.Reply;
import io.blkspc.nbd.testing.TestServer;
import io.blkspc.nbd.testing.WrappedPool;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What waits for the medium holds up nothing else. */
class SlowMediumTest {

    private static final byte[] NOTHING = new byte[0];
    private static final int COUNT = 32;

    private final ModelPool pool = ModelPool.create(64L << 20);
    private WrappedPool medium;
    private TestServer server;
    private final byte[] data = new byte[COUNT * 8192];

    @BeforeEach
    void start() throws Exception {
        pool.create("vol", 32L << 20);
        medium = new WrappedPool(pool);
        server = TestServer.start(pool, medium, NbdLimits.DEFAULT);
        new Random(1).nextBytes(data);
        try (NbdTestClient client = server.client(false)) {
            client.write(0, data);
        }
    }

    @AfterEach
    void stop() throws Exception {
        medium.gated = false;
        medium.permits.release(1000);
        server.close();
    }

    private List<Long> sendReads(NbdTestClient client, int count) throws Exception {
        ByteBuffer batch = ByteBuffer.allocate(count * 32);
        List<Long> cookies = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            cookies.add(client.encode(batch, READ, 0, i * 8192L, 8192, NOTHING));
        }
        client.sendEncoded(batch.flip());
        return cookies;
    }

    private void awaitWaiting(int count) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (medium.waiting.get() < count) {
            assertThat(System.nanoTime())
                    .as("at the medium: %s", medium.waiting)
                    .isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    @ParameterizedTest
    @EnumSource(Headers.class)
    void coldReadsOfOneBatchAreAllAtTheMediumTogether(Headers headers) throws Exception {
        medium.cold = true;
        medium.gated = true;
        try (NbdTestClient client = server.client(headers)) {
            List<Long> cookies = sendReads(client, COUNT);
            awaitWaiting(COUNT);
            medium.permits.release(COUNT);
            for (int i = 0; i < COUNT; i++) {
                Reply reply = client.take();
                int at = cookies.indexOf(reply.cookie()) * 8192;
                assertThat(reply.data()).isEqualTo(Arrays.copyOfRange(data, at, at + 8192));
            }
            client.disconnect();
        }
    }

    @ParameterizedTest
    @EnumSource(Headers.class)
    void repliesThatCompleteTogetherKeepTheirBytesWhateverTheirLengths(Headers headers) throws Exception {
        int[] lengths = {4096, 512, 40_000, 8192, 100_000, 16_000, 16_384, 1, 70_000, 12_000};
        medium.cold = true;
        medium.gated = true;
        try (NbdTestClient client = server.client(headers)) {
            for (int round = 0; round < 4; round++) {
                ByteBuffer batch = ByteBuffer.allocate(COUNT * 32);
                List<Long> cookies = new ArrayList<>();
                for (int i = 0; i < COUNT; i++) {
                    cookies.add(client.encode(batch, READ, 0, i * 1000L, lengths[i % lengths.length], NOTHING));
                }
                client.sendEncoded(batch.flip());
                awaitWaiting(COUNT);
                medium.permits.release(COUNT);
                for (int i = 0; i < COUNT; i++) {
                    Reply reply = client.take();
                    int index = cookies.indexOf(reply.cookie());
                    assertThat(reply.data())
                            .as("reply of %s", index)
                            .isEqualTo(Arrays.copyOfRange(
                                    data, index * 1000, index * 1000 + lengths[index % lengths.length]));
                }
            }
            client.disconnect();
        }
    }

    @ParameterizedTest
    @EnumSource(Headers.class)
    void cachedReadsAndWritesOvertakeColdReadsAndFlushes(Headers headers) throws Exception {
        medium.gated = true;
        try (NbdTestClient client = server.client(headers)) {
            medium.cold = true;
            sendReads(client, 2);
            awaitWaiting(2);
            medium.cold = false;
            ByteBuffer batch = ByteBuffer.allocate(20_000);
            client.encode(batch, FLUSH, 0, 0, 0, NOTHING);
            client.encode(batch, WRITE, FUA, 1 << 20, 100, new byte[100]);
            long write = client.encode(batch, WRITE, 0, 2 << 20, 100, new byte[100]);
            long read = client.encode(batch, READ, 0, 0, 4096, NOTHING);
            client.sendEncoded(batch.flip());
            assertThat(List.of(client.take().cookie(), client.take().cookie())).containsExactlyInAnyOrder(write, read);
            assertThat(client.inFlight()).isEqualTo(4);
            medium.permits.release(4);
            while (client.inFlight() > 0) {
                assertThat(client.take().error()).isZero();
            }
        }
    }

    @Test
    void oneForceAnswersTheFlushesOfABatch() throws Exception {
        try (NbdTestClient client = server.client(false)) {
            ByteBuffer batch = ByteBuffer.allocate(20_000);
            for (int i = 0; i < 20; i++) {
                client.encode(batch, FLUSH, 0, 0, 0, NOTHING);
                client.encode(batch, WRITE, FUA, i * 8192L, 10, new byte[10]);
            }
            int before = medium.flushes.get();
            client.sendEncoded(batch.flip());
            while (client.inFlight() > 0) {
                assertThat(client.take().error()).isZero();
            }
            assertThat(medium.flushes.get() - before).isBetween(1, 3); // the batch may arrive in pieces
        }
    }

    @Test
    void aClientThatWaitsForTheMediumHoldsUpNoOther() throws Exception {
        medium.cold = true;
        medium.gated = true;
        try (NbdTestClient waiting = server.client(false)) {
            sendReads(waiting, 8);
            awaitWaiting(8);
            medium.cold = false;
            try (NbdTestClient client = server.client(false)) {
                assertThat(client.read(0, 4096)).isEqualTo(Arrays.copyOf(data, 4096));
                client.write(0, NOTHING);
            }
            medium.permits.release(8);
            while (waiting.inFlight() > 0) {
                waiting.take();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Headers.class)
    void errorsOfColdReadsAreErrors(Headers headers) throws Exception {
        medium.cold = true;
        pool.faults().failIo(ModelFaults.Io.READ, 3);
        try (NbdTestClient client = server.client(headers)) {
            sendReads(client, 8);
            int failed = 0;
            while (client.inFlight() > 0) {
                failed += client.take().error() == NbdTestClient.EIO ? 1 : 0;
            }
            assertThat(failed).isEqualTo(1);
        }
    }

    @Test
    void aDisconnectWaitsForWhatIsAtTheMedium() throws Exception {
        medium.cold = true;
        medium.gated = true;
        try (NbdTestClient client = server.client(true)) {
            sendReads(client, 8);
            client.send(NbdTestClient.DISC, 0, 0, 0, NOTHING);
            awaitWaiting(8);
            medium.permits.release(8);
            while (client.inFlight() > 0) {
                assertThat(client.take().error()).isZero();
            }
            assertThat(client.raw().isClosedByServer()).isTrue();
        }
    }

    @Test
    void aClientThatLeavesWhileItsReadsWaitIsCleanedUp() throws Exception {
        medium.cold = true;
        medium.gated = true;
        try (NbdTestClient client = server.client(true)) {
            sendReads(client, 8);
            awaitWaiting(8);
        }
        medium.permits.release(8);
        while (server.server().status().connections() > 0) {
            Thread.onSpinWait();
        }
        assertThat(pool.info("vol").attachments()).isZero();
    }

    @Test
    void moreThanTheLaneHoldsIsServedAllTheSame() throws Exception {
        medium.cold = true;
        try (NbdTestClient client = server.client(false)) {
            ByteBuffer batch = ByteBuffer.allocate(1 << 20);
            int count = 500;
            for (int i = 0; i < count; i++) {
                if (i % 5 == 0) {
                    client.encode(batch, WRITE_ZEROES, FUA, (1 << 20) + i * 100L, 5000, NOTHING);
                } else {
                    client.encode(batch, READ, 0, (i % COUNT) * 8192L, 8192, NOTHING);
                }
            }
            client.sendEncoded(batch.flip());
            for (int i = 0; i < count; i++) {
                assertThat(client.take().error()).isZero();
            }
            client.disconnect();
        }
    }
}

package io.blkspc.nbd.transmission;

import static io.blkspc.nbd.testing.NbdTestClient.BLOCK_STATUS;
import static io.blkspc.nbd.testing.NbdTestClient.CACHE;
import static io.blkspc.nbd.testing.NbdTestClient.EINVAL;
import static io.blkspc.nbd.testing.NbdTestClient.ENOSPC;
import static io.blkspc.nbd.testing.NbdTestClient.EOVERFLOW;
import static io.blkspc.nbd.testing.NbdTestClient.FLUSH;
import static io.blkspc.nbd.testing.NbdTestClient.FUA;
import static io.blkspc.nbd.testing.NbdTestClient.PAYLOAD_LEN;
import static io.blkspc.nbd.testing.NbdTestClient.READ;
import static io.blkspc.nbd.testing.NbdTestClient.REQ_ONE;
import static io.blkspc.nbd.testing.NbdTestClient.TRIM;
import static io.blkspc.nbd.testing.NbdTestClient.WRITE;
import static io.blkspc.nbd.testing.NbdTestClient.WRITE_ZEROES;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.model.ModelPool;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.testing.Headers;
import io.blkspc.nbd.testing.NbdTestClient;
import io.blkspc.nbd.testing.NbdTestClient.Extent;
import io.blkspc.nbd.testing.NbdTestClient.Reply;
import io.blkspc.nbd.testing.RawNbd;
import io.blkspc.nbd.testing.TestServer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What only extended headers can say: 64-bit ranges, payload lengths apart from them, filters of contexts. */
class ExtendedHeadersTest {

    private static final byte[] NOTHING = new byte[0];
    private static final int MIB = 1 << 20;
    private static final long GIB = 1L << 30;
    private static final long SIZE = 24 * GIB;
    private static final String[] ALL = {"base:allocation", "qemu:allocation-depth", "blkspc:guarantee"};

    private final ModelPool pool = ModelPool.create(64L * MIB);
    private final byte[] block = new byte[4096];
    private TestServer server;

    @BeforeEach
    void start() throws Exception {
        pool.create("vol", SIZE);
        server = TestServer.start(pool, NbdLimits.DEFAULT);
        new Random(1).nextBytes(block);
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
    }

    @Test
    void rangesLongerThanFourGibibytesAreOneRequest() throws Exception {
        try (NbdTestClient client = server.client(Headers.EXTENDED)) {
            client.write(5 * GIB, block);
            client.write(20 * GIB, block, FUA);
            assertThat(client.call(BLOCK_STATUS, 0, 0, SIZE, NOTHING).extents())
                    .containsExactly(
                            new Extent(5 * GIB, 3),
                            new Extent(4096, 0),
                            new Extent(15 * GIB - 4096, 3),
                            new Extent(4096, 0),
                            new Extent(4 * GIB - 4096, 3));
            assertThat(client.call(CACHE, 0, 0, SIZE, NOTHING).error()).isZero();
            assertThat(client.call(TRIM, FUA, 1, 20 * GIB, NOTHING).error()).isZero();
            assertThat(client.read(5 * GIB, 4096)).isEqualTo(new byte[4096]);
            assertThat(client.read(20 * GIB, 4096)).isEqualTo(block); // the last block is not whole
            assertThat(client.call(WRITE_ZEROES, FUA, 4096, 20 * GIB, NOTHING).error())
                    .isZero();
            assertThat(client.call(BLOCK_STATUS, REQ_ONE, 0, SIZE, NOTHING).extents())
                    .containsExactly(new Extent(SIZE, 3));
            assertThat(pool.status().allocatedBytes()).isZero();
            client.disconnect();
        }
    }

    @Test
    void lengthsThatWrapAreBeyondTheEnd() throws Exception {
        try (NbdTestClient client = server.client(Headers.EXTENDED)) {
            RawNbd raw = client.raw();
            for (long length : new long[] {SIZE + 1, Long.MAX_VALUE, Long.MIN_VALUE, -512, -1}) {
                for (long offset : new long[] {0, 512, SIZE, -1, Long.MAX_VALUE, Long.MIN_VALUE}) {
                    for (int type : new int[] {READ, TRIM, WRITE_ZEROES, BLOCK_STATUS, CACHE}) {
                        raw.send(RawNbd.extendedRequest(type, 0, 7, offset, length));
                        assertThat(errorOf(raw, 7, offset))
                                .as("type=%d offset=%d length=%d", type, offset, length)
                                .isEqualTo(type == WRITE_ZEROES ? ENOSPC : EINVAL);
                    }
                }
            }
            raw.send(RawNbd.extendedRequest(READ, 0, 8, 0, SIZE));
            assertThat(errorOf(raw, 8, 0)).isEqualTo(EOVERFLOW);
            assertThat(client.read(0, 10)).hasSize(10);
        }
    }

    /** The error in the one chunk that answers a request. */
    private static int errorOf(RawNbd raw, long cookie, long offset) throws Exception {
        ByteBuffer header = raw.read(32);
        assertThat(header.getInt()).isEqualTo(0x6e8a278c);
        assertThat(header.getShort()).isEqualTo((short) 1);
        assertThat(Short.toUnsignedInt(header.getShort())).isEqualTo(0x8001);
        assertThat(header.getLong()).isEqualTo(cookie);
        assertThat(header.getLong()).isEqualTo(offset);
        ByteBuffer body = raw.read((int) header.getLong());
        int error = body.getInt();
        byte[] text = new byte[body.getShort()];
        body.get(text);
        assertThat(body.hasRemaining()).isFalse();
        assertThat(new String(text, StandardCharsets.US_ASCII)).matches("[a-z -,]{5,48}");
        return error;
    }

    @Test
    void repliesTellTheOffsetOfTheRequestAlsoWithoutData() throws Exception {
        try (NbdTestClient client = server.client(Headers.EXTENDED)) { // the client checks each reply for it
            client.write(777, block);
            assertThat(client.errorOf(WRITE, 0, SIZE - 1, 4096, block)).isEqualTo(ENOSPC);
            assertThat(client.errorOf(FLUSH, FUA, 12_345, 0, NOTHING)).isZero();
            assertThat(client.errorOf(99, 0, -3, 0, NOTHING)).isEqualTo(EINVAL);
            assertThat(client.errorOf(READ, 0, -3, 0, NOTHING)).isEqualTo(EINVAL);
            ByteBuffer batch = ByteBuffer.allocate(MIB);
            for (int i = 0; i < 20; i++) {
                client.encode(batch, WRITE, FUA, i * 8192L, 4096, block);
                client.encode(batch, FLUSH, 0, i, 0, NOTHING);
                client.encode(batch, WRITE_ZEROES, FUA, i * 8192L + 1, 5000, NOTHING);
                client.encode(batch, READ, 0, i * 100L, 10_000, NOTHING);
            }
            client.sendEncoded(batch.flip());
            while (client.inFlight() > 0) {
                assertThat(client.take().error()).isZero();
            }
        }
    }

    @Test
    void aPayloadWhereNoneBelongsIsTakenFromTheStreamAndRefused() throws Exception {
        try (NbdTestClient client = server.client(Headers.EXTENDED)) {
            byte[] large = new byte[5 * MIB];
            for (int type : new int[] {READ, FLUSH, TRIM, CACHE, WRITE_ZEROES, 99}) {
                for (byte[] payload : new byte[][] {block, large}) {
                    assertThat(client.errorOf(type, PAYLOAD_LEN, 0, payload.length, payload))
                            .isEqualTo(EINVAL);
                }
            }
            client.raw().send(RawNbd.extendedRequest(WRITE, 0, 7, 0, 4096)); // no flag: no payload follows
            assertThat(errorOf(client.raw(), 7, 0)).isEqualTo(EINVAL);
            assertThat(client.errorOf(WRITE, 0, 0, 0, NOTHING)).isZero();
            client.write(0, block);
            assertThat(client.read(0, 4096)).isEqualTo(block);
        }
    }

    @Test
    void aPayloadAboveTheLimitEndsTheConnection() throws Exception {
        for (long length : new long[] {64L * MIB + 1, 1L << 32, Long.MAX_VALUE, Long.MIN_VALUE, -1}) {
            for (int type : new int[] {WRITE, BLOCK_STATUS, READ}) {
                try (NbdTestClient client = server.client(Headers.EXTENDED)) {
                    client.raw().send(RawNbd.extendedRequest(type, PAYLOAD_LEN, 7, 0, length));
                    assertThat(client.raw().isClosedByServer()).isTrue();
                }
            }
        }
    }

    @Test
    void aFilterLimitsTheReplyToTheContextsItNames() throws Exception {
        try (NbdTestClient client = server.client(Headers.EXTENDED, ALL)) {
            client.write(MIB, block);
            Reply all = client.call(BLOCK_STATUS, 0, 0, SIZE, NOTHING);
            assertThat(all.status().keySet()).containsExactly(1, 2, 3);
            for (int[] ids : new int[][] {{1}, {2}, {3}, {2, 1}, {3, 1}, {1, 2, 3}, {3, 2, 1}}) {
                Reply some = client.filteredStatus(0, 0, SIZE, ids);
                assertThat(some.error()).isZero();
                assertThat(some.status().keySet()).hasSize(ids.length);
                for (int id : ids) {
                    assertThat(some.status().get(id)).isEqualTo(all.status().get(id));
                }
            }
            assertThat(client.filteredStatus(REQ_ONE | FUA, MIB, 8192, 1).extents())
                    .containsExactly(new Extent(4096, 0));
        }
    }

    @Test
    void aFilterThatIsNotValidIsTakenFromTheStreamAndRefused() throws Exception {
        try (NbdTestClient client = server.client(Headers.EXTENDED, ALL[0], ALL[2])) {
            for (int[] ids :
                    new int[][] {{}, {2}, {1, 1}, {1, 2}, {0}, {4}, {-1}, {1, 3, 1}, {1, 3, 1, 3}, new int[99]}) {
                assertThat(client.filteredStatus(0, 0, 4096, ids).error()).isEqualTo(EINVAL);
            }
            for (int length : new int[] {0, 1, 7, 8, 11, 13, 15, 17, 3 * MIB}) {
                assertThat(client.errorOf(BLOCK_STATUS, PAYLOAD_LEN, 0, length, new byte[length]))
                        .isEqualTo(EINVAL);
            }
            for (long length : new long[] {0, SIZE + 1, -1, Long.MIN_VALUE}) {
                assertThat(client.filteredStatus(0, 0, length, 1).error()).isEqualTo(EINVAL);
            }
            assertThat(client.filteredStatus(0, 0, 4096, 3, 1).status()).hasSize(2);
        }
        try (NbdTestClient none = server.client(Headers.EXTENDED, "x-nothing:here")) {
            assertThat(none.filteredStatus(0, 0, 4096, 1).error()).isEqualTo(EINVAL);
            assertThat(none.errorOf(BLOCK_STATUS, 0, 0, 4096, NOTHING)).isEqualTo(EINVAL);
        }
    }

    @Test
    void aFilterThatArrivesInPiecesIsWaitedFor() throws Exception {
        try (NbdTestClient client = server.client(Headers.EXTENDED, ALL)) {
            ByteBuffer batch = ByteBuffer.allocate(200);
            client.encode(batch, READ, 0, 0, 10, NOTHING);
            byte[] payload = ByteBuffer.allocate(12).putLong(4096).putInt(2).array();
            client.encode(batch, BLOCK_STATUS, PAYLOAD_LEN, 0, 12, payload);
            client.encode(batch, READ, 0, 0, 10, NOTHING);
            batch.flip();
            while (batch.hasRemaining()) {
                client.raw().send(new byte[] {batch.get()});
            }
            for (int i = 0; i < 3; i++) {
                assertThat(client.take().error()).isZero();
            }
            assertThat(client.inFlight()).isZero();
            assertThat(List.of(client.contexts().toArray())).containsExactly((Object[]) ALL);
        }
    }
}

package io.blkspc.nbd.transmission;

import static io.blkspc.nbd.testing.NbdTestClient.BLOCK_STATUS;
import static io.blkspc.nbd.testing.NbdTestClient.CACHE;
import static io.blkspc.nbd.testing.NbdTestClient.DF;
import static io.blkspc.nbd.testing.NbdTestClient.DISC;
import static io.blkspc.nbd.testing.NbdTestClient.EINVAL;
import static io.blkspc.nbd.testing.NbdTestClient.EIO;
import static io.blkspc.nbd.testing.NbdTestClient.ENOSPC;
import static io.blkspc.nbd.testing.NbdTestClient.EOVERFLOW;
import static io.blkspc.nbd.testing.NbdTestClient.FAST_ZERO;
import static io.blkspc.nbd.testing.NbdTestClient.FLUSH;
import static io.blkspc.nbd.testing.NbdTestClient.FUA;
import static io.blkspc.nbd.testing.NbdTestClient.NO_HOLE;
import static io.blkspc.nbd.testing.NbdTestClient.PAYLOAD_LEN;
import static io.blkspc.nbd.testing.NbdTestClient.READ;
import static io.blkspc.nbd.testing.NbdTestClient.REQ_ONE;
import static io.blkspc.nbd.testing.NbdTestClient.TRIM;
import static io.blkspc.nbd.testing.NbdTestClient.WRITE;
import static io.blkspc.nbd.testing.NbdTestClient.WRITE_ZEROES;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.PoolStatus;
import io.blkspc.api.model.ModelFaults;
import io.blkspc.api.model.ModelPool;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.testing.Headers;
import io.blkspc.nbd.testing.NbdTestClient;
import io.blkspc.nbd.testing.NbdTestClient.Extent;
import io.blkspc.nbd.testing.NbdTestClient.Reply;
import io.blkspc.nbd.testing.RawNbd;
import io.blkspc.nbd.testing.TestServer;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TransmissionTest {

    private static final byte[] NOTHING = new byte[0];
    private static final int MIB = 1 << 20;

    private static byte[] bytes(int count, int seed) {
        byte[] bytes = new byte[count];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @Test
    void holesAreSentAsHolesAndDataAsData() throws Exception {
        try (TestServer server = TestServer.start();
                NbdTestClient client = server.client(true)) {
            byte[] data = bytes(8192, 1);
            client.write(MIB, data);
            Reply reply = client.call(READ, 0, 0, 3 * MIB, NOTHING);
            assertThat(reply.chunks()).isEqualTo(3);
            assertThat(reply.holes()).isEqualTo(2);
            assertThat(Arrays.copyOfRange(reply.data(), MIB, MIB + 8192)).isEqualTo(data);
            Reply whole = client.call(READ, DF, 0, MIB + MIB / 2, NOTHING);
            assertThat(whole.chunks()).isEqualTo(1);
            assertThat(whole.data()).isEqualTo(Arrays.copyOf(reply.data(), MIB + MIB / 2));
            assertThat(client.errorOf(READ, DF, 0, 32 * MIB, NOTHING)).isEqualTo(EOVERFLOW);
        }
    }

    @ParameterizedTest
    @EnumSource(Headers.class)
    void readsOfAnySizeArriveWhole(Headers headers) throws Exception {
        try (TestServer server = TestServer.start();
                NbdTestClient client = server.client(headers)) {
            byte[] data = bytes(40 * MIB, 2);
            client.write(4096, data);
            for (int length : new int[] {1, 511, 4096, MIB, 2 * MIB + 4080, 2 * MIB + 4081, 5 * MIB + 1, 40 * MIB}) {
                assertThat(Arrays.equals(client.read(4096, length), Arrays.copyOf(data, length)))
                        .as("length=%d", length)
                        .isTrue();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Headers.class)
    void writesUpToTheLimitAreTakenInPieces(Headers headers) throws Exception {
        ModelPool pool = ModelPool.create(256L * MIB);
        pool.create("vol", 80L * MIB);
        try (TestServer server = TestServer.start(pool, NbdLimits.DEFAULT);
                NbdTestClient client = server.client(headers)) {
            for (int length : new int[] {2 * MIB - 28, 2 * MIB + 4096, 2 * MIB + 4069, 50 * MIB + 1000, 64 * MIB}) {
                byte[] data = bytes(length, length);
                int offset = length % 5000;
                client.write(offset, data, FUA);
                assertThat(Arrays.equals(client.read(offset, length), data)).isTrue();
            }
            client.send(WRITE, 0, 0, 64L * MIB + 1, NOTHING);
            assertThat(client.raw().isClosedByServer()).isTrue();
            try (NbdTestClient next = server.client(headers)) {
                next.read(0, 10);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Headers.class)
    void refusedWritesOfAnySizeLeaveTheStreamInStep(Headers headers) throws Exception {
        try (TestServer server = TestServer.start();
                NbdTestClient client = server.client(headers)) {
            byte[] large = bytes(5 * MIB, 3);
            assertThat(client.errorOf(WRITE, 0, client.sizeBytes() - MIB, large.length, large))
                    .isEqualTo(ENOSPC);
            assertThat(client.errorOf(WRITE, NO_HOLE, 0, 4096, bytes(4096, 4))).isEqualTo(EINVAL);
            assertThat(client.errorOf(WRITE, 0x80, 0, large.length, large)).isEqualTo(EINVAL);
            client.write(0, bytes(100, 5));
            assertThat(client.read(0, 100)).isEqualTo(bytes(100, 5));
        }
    }

    @ParameterizedTest
    @EnumSource(Headers.class)
    void flagsAreLegalWhereTheySayAndNowhereElse(Headers headers) throws Exception {
        try (TestServer server = TestServer.start();
                NbdTestClient client = server.client(headers)) {
            byte[] data = bytes(4096, 6);
            for (int flag = 1; flag < 1 << 16; flag <<= 1) {
                // with extended headers this flag says that 4096 bytes follow
                byte[] payload = headers == Headers.EXTENDED && flag == PAYLOAD_LEN ? data : NOTHING;
                assertThat(client.errorOf(READ, flag, 0, 4096, payload) == 0)
                        .isEqualTo(flag == FUA || (headers.chunked() && flag == DF));
                assertThat(client.errorOf(WRITE, flag, 0, 4096, data) == 0)
                        .isEqualTo(flag == FUA || payload.length > 0);
                assertThat(client.errorOf(FLUSH, flag, 0, payload.length, payload) == 0)
                        .isEqualTo(flag == FUA);
                assertThat(client.errorOf(TRIM, flag, 0, 4096, payload) == 0).isEqualTo(flag == FUA);
                assertThat(client.errorOf(CACHE, flag, 0, 4096, payload) == 0).isEqualTo(flag == FUA);
                assertThat(client.errorOf(WRITE_ZEROES, flag, 0, 4096, payload) == 0)
                        .isEqualTo(flag == FUA || flag == NO_HOLE || flag == FAST_ZERO);
                assertThat(client.errorOf(BLOCK_STATUS, flag, 0, 4096, payload) == 0)
                        .isEqualTo(headers.chunked() && (flag == FUA || flag == REQ_ONE));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Headers.class)
    void requestsOfNoLengthSucceedAndChangeNothing(Headers headers) throws Exception {
        try (TestServer server = TestServer.start();
                NbdTestClient client = server.client(headers)) {
            for (long offset : new long[] {0, 100, client.sizeBytes()}) {
                for (int type : new int[] {READ, WRITE, TRIM, CACHE, WRITE_ZEROES}) {
                    assertThat(client.errorOf(type, FUA, offset, 0, NOTHING)).isZero();
                }
            }
            assertThat(server.pool().status().allocatedBytes()).isZero();
        }
    }

    @Test
    void lengthsNearFourGibibytesAreRefusedOrServedButNeverWrapped() throws Exception {
        ModelPool pool = ModelPool.create(64L * MIB);
        pool.create("vol", 9L << 30);
        try (TestServer server = TestServer.start(pool, NbdLimits.DEFAULT);
                NbdTestClient client = server.client(true)) {
            client.write((4L << 30) - 4096, bytes(8192, 7));
            client.write(8L << 30, bytes(4096, 7));
            long length = 0xfffffe00L;
            assertThat(client.errorOf(READ, 0, 0, 0, NOTHING)).isZero();
            RawNbd raw = client.raw();
            raw.send(RawNbd.request(READ, 0, 77, 0, (int) length));
            ByteBuffer error = raw.read(26);
            assertThat(error.getInt(20)).isEqualTo(EOVERFLOW);
            raw.read(error.getShort(24));
            Reply status = client.call(BLOCK_STATUS, 0, 0, length, NOTHING);
            assertThat(status.extents())
                    .containsExactly(new Extent((4L << 30) - 4096, 3), new Extent(length - ((4L << 30) - 4096), 0));
            assertThat(client.call(TRIM, 0, 0, length, NOTHING).error()).isZero();
            assertThat(client.read((4L << 30) - 4096, 4096)).isEqualTo(bytes(4096, 7)); // the last block is not whole
            assertThat(client.call(WRITE_ZEROES, 0, 512, length, NOTHING).error())
                    .isZero();
            assertThat(Arrays.copyOf(client.read((4L << 30) - 4096, 4096), 4096))
                    .isEqualTo(new byte[4096]);
            assertThat(client.read(8L << 30, 4096)).isEqualTo(bytes(4096, 7));
        }
    }

    @Test
    void blockStatusTellsHolesZerosAndDataOnce() throws Exception {
        try (TestServer server = TestServer.start();
                NbdTestClient client = server.client(true)) {
            client.write(0, bytes(8192, 8));
            client.zero(4096, 4096, NO_HOLE);
            client.write(MIB, bytes(4096, 8));
            server.pool().faults().seed(1).shortMappings(0.9);
            List<Extent> extents =
                    client.call(BLOCK_STATUS, 0, 0, 2 * MIB, NOTHING).extents();
            assertThat(extents)
                    .containsExactly(
                            new Extent(4096, 0),
                            new Extent(4096, 2),
                            new Extent(MIB - 8192, 3),
                            new Extent(4096, 0),
                            new Extent(MIB - 4096, 3));
            assertThat(client.call(BLOCK_STATUS, REQ_ONE, 100, 2 * MIB, NOTHING).extents())
                    .containsExactly(new Extent(3996, 0));
            assertThat(client.errorOf(BLOCK_STATUS, 0, 0, 0, NOTHING)).isEqualTo(EINVAL);
            assertThat(client.errorOf(BLOCK_STATUS, 0, client.sizeBytes(), 1, NOTHING))
                    .isEqualTo(EINVAL);
        }
    }

    @Test
    void fuaAndFlushAreNotAnsweredBeforeTheMediumHasIt() throws Exception {
        try (TestServer server = TestServer.start();
                NbdTestClient client = server.client(false);
                NbdTestClient other = server.client(false)) {
            client.write(0, bytes(4096, 9));
            PoolStatus written = server.pool().status();
            assertThat(written.durableSequence()).isLessThan(written.sequence());
            other.flush(); // covers what was replied to on any connection
            assertThat(server.pool().status().durableSequence()).isGreaterThanOrEqualTo(written.sequence());
            for (int type : new int[] {WRITE, WRITE_ZEROES, TRIM}) {
                byte[] payload = type == WRITE ? bytes(4096, 10) : NOTHING;
                assertThat(client.errorOf(type, FUA, 8192, 4096, payload)).isZero();
                PoolStatus status = server.pool().status();
                assertThat(status.durableSequence()).as("type=%d", type).isEqualTo(status.sequence());
            }
        }
    }

    @Test
    void manyFlushesOfOneBatchShareOneForce() throws Exception {
        try (TestServer server = TestServer.start();
                NbdTestClient client = server.client(false)) {
            ByteBuffer batch = ByteBuffer.allocate(MIB);
            for (int i = 0; i < 50; i++) {
                client.encode(batch, WRITE, FUA, i * 8192L, 4096, bytes(4096, i));
                client.encode(batch, FLUSH, 0, 0, 0, NOTHING);
            }
            client.sendEncoded(batch.flip());
            while (client.inFlight() > 0) {
                assertThat(client.take().error()).isZero();
            }
            PoolStatus status = server.pool().status();
            assertThat(status.durableSequence()).isEqualTo(status.sequence());
        }
    }

    @Test
    void aFailedFlushIsAnErrorAndSoIsEverythingThatWritesAfterIt() throws Exception {
        try (TestServer server = TestServer.start();
                NbdTestClient client = server.client(true);
                NbdTestClient other = server.client(true)) {
            byte[] data = bytes(4096, 11);
            client.write(0, data);
            server.pool().faults().failIo(ModelFaults.Io.FORCE, 0);
            assertThat(client.errorOf(FLUSH, 0, 0, 0, NOTHING)).isEqualTo(EIO);
            assertThat(client.errorOf(FLUSH, 0, 0, 0, NOTHING)).isEqualTo(EIO);
            assertThat(other.errorOf(WRITE, 0, 0, 4096, data)).isEqualTo(EIO);
            assertThat(other.errorOf(WRITE, FUA, MIB, 4096, data)).isEqualTo(EIO);
            assertThat(other.errorOf(TRIM, 0, 0, 4096, NOTHING)).isEqualTo(EIO);
            assertThat(other.read(0, 4096)).isEqualTo(data);
        }
    }

    @ParameterizedTest
    @EnumSource(Headers.class)
    void aReadErrorIsAnErrorOfThatReadOnly(Headers headers) throws Exception {
        try (TestServer server = TestServer.start();
                NbdTestClient client = server.client(headers)) {
            byte[] data = bytes(8 * MIB, 12);
            client.write(0, data);
            for (int length : new int[] {4096, MIB, 5 * MIB}) {
                server.pool().faults().failIo(ModelFaults.Io.READ, 0);
                assertThat(client.errorOf(READ, 0, 0, length, NOTHING)).isEqualTo(EIO);
                assertThat(Arrays.equals(client.read(0, length), Arrays.copyOf(data, length)))
                        .isTrue();
            }
        }
    }

    @Test
    void aFullPoolIsNoSpaceForThatWriteOnly() throws Exception {
        ModelPool pool = ModelPool.create(4L * MIB);
        pool.create("vol", 64L * MIB);
        pool.create("victim", 2L * MIB);
        try (TestServer server = TestServer.start(pool, NbdLimits.DEFAULT);
                NbdTestClient client = NbdTestClient.open(server.tcp(), "vol", true)) {
            try (NbdTestClient victim = NbdTestClient.open(server.tcp(), "victim", true)) {
                victim.write(0, bytes(2 * MIB, 13));
                victim.disconnect();
            }
            client.write(0, bytes(MIB, 14));
            assertThat(client.errorOf(WRITE, 0, 8 * MIB, 2 * MIB, bytes(2 * MIB, 15)))
                    .isEqualTo(ENOSPC);
            assertThat(client.errorOf(WRITE, 0, 8 * MIB, 8 * MIB, bytes(8 * MIB, 15)))
                    .isEqualTo(ENOSPC);
            assertThat(client.errorOf(WRITE_ZEROES, NO_HOLE, 8 * MIB, 4 * MIB, NOTHING))
                    .isEqualTo(ENOSPC);
            client.write(100, bytes(MIB - 100, 16)); // what has blocks can be overwritten
            assertThat(client.read(8 * MIB, 8 * MIB)).isEqualTo(new byte[8 * MIB]);
            assertThat(pool.status().promisedBytes()).isZero();
            while (pool.info("victim").attachments() > 0) {
                Thread.onSpinWait();
            }
            pool.destroy(List.of("victim"), false);
            client.write(8 * MIB, bytes(2 * MIB, 15));
            assertThat(client.read(8 * MIB, 2 * MIB)).isEqualTo(bytes(2 * MIB, 15));
        }
    }

    @Test
    void disconnectAnswersEverythingBeforeIt() throws Exception {
        for (int round = 0; round < 10; round++) {
            try (TestServer server = TestServer.start();
                    NbdTestClient client = server.client(true)) {
                ByteBuffer batch = ByteBuffer.allocate(2 * MIB);
                for (int i = 0; i < 64; i++) {
                    client.encode(
                            batch,
                            i % 3 == 0 ? READ : WRITE,
                            0,
                            i * 4096L,
                            4096,
                            i % 3 == 0 ? NOTHING : bytes(4096, i));
                    client.encode(batch, FLUSH, 0, 0, 0, NOTHING);
                }
                batch.put(RawNbd.request(DISC, 0, 1, 0, 0));
                batch.put(RawNbd.request(WRITE, 0, 1, 0, 4096)); // after it nothing counts
                client.sendEncoded(batch.flip());
                while (client.inFlight() > 0) {
                    assertThat(client.take().error()).isZero();
                }
                assertThat(client.raw().isClosedByServer()).isTrue();
            }
        }
    }

    /** It has no reply, so nothing about it can be refused, and no payload is waited for. */
    @ParameterizedTest
    @EnumSource(Headers.class)
    void disconnectHasNoReplyWhateverItSays(Headers headers) throws Exception {
        try (TestServer server = TestServer.start()) {
            for (int flags = 1; flags < 1 << 16; flags <<= 1) {
                try (NbdTestClient client = server.client(headers)) {
                    ByteBuffer batch = ByteBuffer.allocate(MIB);
                    client.encode(batch, WRITE, FUA, 0, 4096, bytes(4096, flags));
                    int length = flags == PAYLOAD_LEN ? 5 * MIB : flags;
                    batch.put(
                            headers == Headers.EXTENDED
                                    ? RawNbd.extendedRequest(DISC, flags, 1, -1, length)
                                    : RawNbd.request(DISC, flags, 1, -1, length));
                    client.sendEncoded(batch.flip());
                    assertThat(client.take().error()).isZero();
                    assertThat(client.raw().isClosedByServer())
                            .as("flags=%x", flags)
                            .isTrue();
                }
            }
        }
    }

    /** Where chunks were agreed: only those have room for words. */
    @ParameterizedTest
    @EnumSource(Headers.class)
    void everyErrorIsAChunkWithWordsWhereThereAreChunks(Headers headers) throws Exception {
        try (TestServer server = TestServer.start();
                NbdTestClient client = server.client(headers)) {
            long end = client.sizeBytes();
            for (int type : new int[] {READ, WRITE, TRIM, CACHE, WRITE_ZEROES, BLOCK_STATUS, 99}) {
                byte[] payload = type == WRITE ? new byte[4096] : NOTHING;
                Reply reply = client.call(type, 0, end, 4096, payload);
                assertThat(reply.error()).isNotZero();
                assertThat(reply.chunks()).as("type=%d", type).isEqualTo(headers.chunked() ? 1 : 0);
            }
            server.pool().faults().failIo(ModelFaults.Io.FORCE, 0);
            client.write(0, bytes(4096, 1));
            Reply late = client.call(FLUSH, 0, 0, 0, NOTHING); // answered by a worker
            assertThat(late.error()).isEqualTo(EIO);
            assertThat(late.chunks()).isEqualTo(headers.chunked() ? 1 : 0);
        }
    }

    @Test
    void requestsOfOneConnectionActInTheirOrder() throws Exception {
        try (TestServer server = TestServer.start();
                NbdTestClient client = server.client(false)) {
            ByteBuffer batch = ByteBuffer.allocate(MIB);
            client.encode(batch, WRITE, 0, 0, 8192, bytes(8192, 1));
            client.encode(batch, WRITE, 0, 100, 50, bytes(50, 2));
            client.encode(batch, WRITE, 0, 4000, 200, bytes(200, 3));
            client.encode(batch, TRIM, 0, 4096, 4096, NOTHING);
            client.encode(batch, WRITE, 0, 4096, 10, bytes(10, 4));
            long read = client.encode(batch, READ, 0, 0, 8192, NOTHING);
            client.sendEncoded(batch.flip());
            byte[] expected = Arrays.copyOf(bytes(8192, 1), 8192);
            System.arraycopy(bytes(50, 2), 0, expected, 100, 50);
            System.arraycopy(bytes(200, 3), 0, expected, 4000, 200);
            Arrays.fill(expected, 4096, 8192, (byte) 0);
            System.arraycopy(bytes(10, 4), 0, expected, 4096, 10);
            while (client.inFlight() > 0) {
                Reply reply = client.take();
                if (reply.cookie() == read) {
                    assertThat(reply.data()).isEqualTo(expected);
                }
            }
        }
    }

    @Test
    void aDestroyedVolumeIsShutDownForItsClients() throws Exception {
        try (TestServer server = TestServer.start();
                NbdTestClient client = server.client(true)) {
            client.write(0, bytes(4096, 1));
            server.pool().destroy(List.of("vol"), true);
            assertThat(client.errorOf(READ, 0, 0, 4096, NOTHING)).isEqualTo(NbdTestClient.ESHUTDOWN);
            assertThat(client.errorOf(WRITE, 0, 0, 4096, bytes(4096, 1))).isEqualTo(NbdTestClient.ESHUTDOWN);
        }
    }
}

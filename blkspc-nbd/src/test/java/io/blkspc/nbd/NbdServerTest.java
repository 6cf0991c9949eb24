package io.blkspc.nbd;

import static io.blkspc.nbd.testing.NbdTestClient.EINVAL;
import static io.blkspc.nbd.testing.NbdTestClient.ENOSPC;
import static io.blkspc.nbd.testing.NbdTestClient.EPERM;
import static io.blkspc.nbd.testing.NbdTestClient.FUA;
import static io.blkspc.nbd.testing.NbdTestClient.READ;
import static io.blkspc.nbd.testing.NbdTestClient.TRIM;
import static io.blkspc.nbd.testing.NbdTestClient.WRITE;
import static io.blkspc.nbd.testing.NbdTestClient.WRITE_ZEROES;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.nbd.testing.Headers;
import io.blkspc.nbd.testing.NbdTestClient;
import io.blkspc.nbd.testing.TestServer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class NbdServerTest {

    private static final byte[] NOTHING = new byte[0];

    private static byte[] bytes(int count, int seed) {
        byte[] bytes = new byte[count];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @ParameterizedTest
    @EnumSource(Headers.class)
    void readsBackWhatWasWritten(Headers headers) throws Exception {
        try (TestServer server = TestServer.start();
                NbdTestClient client = server.client(headers)) {
            byte[] data = bytes(10_000, 1);
            client.write(777, data);
            assertThat(client.read(777, data.length)).isEqualTo(data);
            assertThat(client.read(0, 777)).isEqualTo(new byte[777]);
            client.flush();
            client.write(800, Arrays.copyOf(data, 100), FUA);
            assertThat(client.read(800, 100)).isEqualTo(Arrays.copyOf(data, 100));
            client.zero(1000, 5000, 0);
            assertThat(client.read(1000, 5000)).isEqualTo(new byte[5000]);
            client.disconnect();
            server.pool().assertConsistent();
        }
    }

    @ParameterizedTest
    @EnumSource(Headers.class)
    void requestsBeyondTheEndAreRefusedAndTheConnectionStays(Headers headers) throws Exception {
        try (TestServer server = TestServer.start();
                NbdTestClient client = server.client(headers)) {
            long size = client.sizeBytes();
            byte[] data = bytes(4096, 2);
            for (long offset : new long[] {size - 1, size, size + 1, Long.MAX_VALUE, Long.MIN_VALUE, -1}) {
                assertThat(client.errorOf(READ, 0, offset, 4096, NOTHING)).isEqualTo(EINVAL);
                assertThat(client.errorOf(TRIM, 0, offset, 4096, NOTHING)).isEqualTo(EINVAL);
                assertThat(client.errorOf(WRITE, 0, offset, 4096, data)).isEqualTo(ENOSPC);
                assertThat(client.errorOf(WRITE_ZEROES, 0, offset, 4096, NOTHING))
                        .isEqualTo(ENOSPC);
            }
            assertThat(client.errorOf(99, 0, 0, 0, NOTHING)).isEqualTo(EINVAL);
            client.write(size - 4096, data);
            assertThat(client.read(size - 4096, 4096)).isEqualTo(data);
        }
    }

    @ParameterizedTest
    @EnumSource(Headers.class)
    void snapshotsCanBeReadAndNotWritten(Headers headers) throws Exception {
        try (TestServer server = TestServer.start()) {
            byte[] data = bytes(4096, 3);
            try (NbdTestClient writer = server.client(headers)) {
                writer.write(0, data);
            }
            server.pool().snapshot(List.of("vol@s"));
            try (NbdTestClient client = NbdTestClient.open(server.tcp(), "vol@s", headers)) {
                assertThat(client.flags() & 2).isEqualTo(2);
                assertThat(client.errorOf(WRITE, 0, 0, 4096, bytes(4096, 4))).isEqualTo(EPERM);
                assertThat(client.errorOf(TRIM, 0, 0, 4096, NOTHING)).isEqualTo(EPERM);
                assertThat(client.read(0, 4096)).isEqualTo(data);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Headers.class)
    void manyRequestsInOneSendAreAllAnswered(Headers headers) throws Exception {
        try (TestServer server = TestServer.start();
                NbdTestClient client = server.client(headers)) {
            byte[] data = bytes(64 * 4096, 5);
            java.nio.ByteBuffer batch = java.nio.ByteBuffer.allocate(1 << 20);
            for (int i = 0; i < 64; i++) {
                int block = (i * 37) % 64;
                client.encode(
                        batch,
                        WRITE,
                        0,
                        block * 4096L,
                        4096,
                        Arrays.copyOfRange(data, block * 4096, block * 4096 + 4096));
            }
            client.sendEncoded(batch.flip());
            for (int i = 0; i < 64; i++) {
                assertThat(client.take().error()).isZero();
            }
            assertThat(client.read(0, data.length)).isEqualTo(data);
        }
    }
}

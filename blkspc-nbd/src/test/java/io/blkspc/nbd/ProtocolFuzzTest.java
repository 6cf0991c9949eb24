package io.blkspc.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.model.ModelPool;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.testing.NbdTestClient;
import io.blkspc.nbd.testing.RawNbd;
import io.blkspc.nbd.testing.TestServer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Sessions that follow the grammar and then break it somewhere: lengths, types, flags, magic numbers, order, ends. The
 * server must answer or hang up, go on serving others, and a session of reads must change no byte.
 */
class ProtocolFuzzTest {

    private static final int[] OPTIONS = {1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 0, -1};
    private static final int[] LENGTHS = {0, 1, 2, 3, 4, 6, 255, 4096, 65536, 65537, 1 << 20, 0x7fffffff, 0x80000000, -1
    };
    private static final long[] OFFSETS = {0, 1, 4095, 4096, 1 << 20, (4 << 20) - 1, 4 << 20, Long.MAX_VALUE, -1};
    private static final long PACKETS = Long.getLong("blkspc.fuzzPackets", 30_000);

    private final long seed = Long.getLong("blkspc.seed", System.nanoTime());
    private final SplittableRandom random = new SplittableRandom(seed);
    private long packets;

    @Test
    void brokenSessionsHurtNobodyAndReadersChangeNothing() throws Exception {
        System.out.println("seed=" + seed);
        ModelPool pool = ModelPool.create(64L << 20);
        pool.create("vol", 4L << 20);
        pool.create("fixed", 4L << 20);
        byte[] content = new byte[4 << 20];
        new Random(1).nextBytes(content);
        long sessions = 0;
        try (TestServer server = TestServer.start(pool, NbdLimits.DEFAULT.withTimes(1_000, 1_000, 5_000));
                NbdTestClient witness = NbdTestClient.open(server.unix(), "fixed", true)) {
            witness.write(0, content);
            while (packets < PACKETS) {
                boolean writes = random.nextBoolean();
                session(server, writes ? "vol" : "fixed", writes);
                sessions++;
                if (sessions % 50 == 0) {
                    assertThat(Arrays.equals(witness.read(0, content.length), content))
                            .as("seed=%d", seed)
                            .isTrue();
                }
            }
            assertThat(Arrays.equals(witness.read(0, content.length), content)).isTrue();
            witness.disconnect();
            while (server.server().status().connections()
                            + server.server().status().negotiating()
                    > 0) {
                Thread.onSpinWait();
            }
            assertThat(server.server().status().faults()).isZero();
            assertThat(pool.info("vol").attachments()).isZero();
            assertThat(pool.status().promisedBytes()).isZero();
            pool.assertConsistent();
        }
        System.out.println("sessions=" + sessions + " packets=" + packets);
    }

    private void session(TestServer server, String export, boolean writes) throws IOException {
        ByteBuffer stream = ByteBuffer.allocate(300_000);
        stream.putInt(random.nextInt(20) == 0 ? random.nextInt() : random.nextInt(4));
        int options = random.nextInt(6);
        boolean extended = random.nextInt(3) == 0;
        if (extended) {
            stream.put(RawNbd.option(RawNbd.OPT_EXTENDED_HEADERS, new byte[0]));
        }
        for (int i = 0; i < options; i++) {
            putOption(stream, export);
        }
        stream.put(RawNbd.option(RawNbd.OPT_GO, RawNbd.infoData(export, 3)));
        int requests = random.nextInt(30);
        packets += 2 + options + requests;
        for (int i = 0; i < requests && stream.remaining() > 100_000; i++) {
            putRequest(stream, writes, extended);
        }
        int length = stream.position();
        mutate(stream.array(), length, writes);
        if (random.nextInt(4) == 0) {
            length = random.nextInt(length + 1);
        }
        try (RawNbd raw = random.nextBoolean() ? server.raw() : RawNbd.connect(server.tcp())) {
            raw.send(ByteBuffer.wrap(stream.array(), 0, length));
            if (random.nextInt(3) > 0) {
                raw.shutdownOutput();
                raw.drain(); // the guard of RawNbd ends a server that never hangs up
            }
        } catch (IOException e) {
            assertThat(e.getMessage()).containsAnyOf("Broken pipe", "reset", "closed");
        }
    }

    private void putOption(ByteBuffer stream, String export) {
        int option = OPTIONS[random.nextInt(OPTIONS.length)];
        byte[] data = switch (option) {
            case 6, 7 -> RawNbd.infoData(random.nextBoolean() ? export : "x", 0, 1, 2, 3, 4);
            case 9, 10 -> RawNbd.metaData(export, "base:allocation", "base:", "x", "blkspc:guarantee");
            default -> new byte[random.nextInt(3) == 0 ? random.nextInt(40) : 0];
        };
        boolean endsSession = option == 1 || option == 2;
        if (endsSession && random.nextInt(10) > 0) {
            return;
        }
        int length = random.nextInt(15) == 0 ? LENGTHS[random.nextInt(LENGTHS.length)] : data.length;
        stream.put(RawNbd.option(option, length, data));
    }

    private void putRequest(ByteBuffer stream, boolean writes, boolean extended) {
        int[] types = writes ? new int[] {0, 1, 1, 2, 3, 4, 6, 7, 5, 99} : new int[] {0, 0, 3, 7, 5, 99, 0xffff};
        int type = types[random.nextInt(types.length)];
        if (type == 2 && random.nextInt(5) > 0) {
            type = 0;
        }
        int flags = random.nextInt(3) == 0 ? random.nextInt() : random.nextInt(2);
        long offset = random.nextInt(3) == 0 ? OFFSETS[random.nextInt(OFFSETS.length)] : random.nextInt(4 << 20);
        int length = random.nextInt(8) == 0 ? LENGTHS[random.nextInt(LENGTHS.length)] : random.nextInt(20_000);
        if (extended) {
            flags = type == 1 ? flags | 32 : flags & ~(type == 7 ? 0 : 32);
            stream.put(RawNbd.extendedRequest(type, flags, random.nextLong(), offset, length));
        } else {
            stream.put(RawNbd.request(type, flags, random.nextLong(), offset, length));
        }
        if (type == 1 && length >= 0 && length <= 65_536) {
            stream.position(stream.position() + length);
        }
    }

    /** Flips bits; in a session that must not write, only before the requests, whose types they would change. */
    private void mutate(byte[] stream, int length, boolean anywhere) {
        if (random.nextInt(2) == 0) {
            return;
        }
        int flips = 1 + random.nextInt(4);
        for (int i = 0; i < flips; i++) {
            int bound = anywhere ? length : Math.min(length, 24);
            stream[random.nextInt(bound)] ^= (byte) (1 << random.nextInt(8));
        }
    }
}

package io.blkspc.nbd.transmission;

import static io.blkspc.nbd.testing.NbdTestClient.BLOCK_STATUS;
import static io.blkspc.nbd.testing.NbdTestClient.ENOSPC;
import static io.blkspc.nbd.testing.NbdTestClient.NO_HOLE;
import static io.blkspc.nbd.testing.NbdTestClient.REQ_ONE;
import static io.blkspc.nbd.testing.NbdTestClient.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.Quota;
import io.blkspc.api.model.ModelPool;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.testing.Headers;
import io.blkspc.nbd.testing.NbdTestClient;
import io.blkspc.nbd.testing.NbdTestClient.Extent;
import io.blkspc.nbd.testing.NbdTestClient.Reply;
import io.blkspc.nbd.testing.TestServer;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the contexts say, and that it is true: where no space is promised a write may fail, elsewhere it does not. */
class MetaContextTest {

    private static final byte[] NOTHING = new byte[0];
    private static final int BLOCK = 4096;
    private static final int BLOCKS = 256;
    private static final int SIZE = BLOCKS * BLOCK;
    private static final String[] ALL = {"base:allocation", "qemu:allocation-depth", "blkspc:guarantee"};

    private final long seed = Long.getLong("blkspc.seed", System.nanoTime());
    private final SplittableRandom random = new SplittableRandom(seed);
    private final ModelPool pool = ModelPool.create(4L << 20);
    private final byte[] block = new byte[BLOCK];
    private TestServer server;

    @BeforeEach
    void start() throws Exception {
        pool.create("vol", SIZE);
        server = TestServer.start(pool, NbdLimits.DEFAULT);
        random.nextBytes(block);
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
    }

    private NbdTestClient open(String export, Headers headers) throws Exception {
        return NbdTestClient.open(server.unix(), export, headers, ALL);
    }

    private static Map<Integer, List<Extent>> status(NbdTestClient client) throws Exception {
        Reply reply = client.call(BLOCK_STATUS, 0, 0, SIZE, NOTHING);
        assertThat(reply.error()).isZero();
        assertThat(reply.chunks()).isEqualTo(3);
        return reply.status();
    }

    @ParameterizedTest
    @EnumSource(value = Headers.class, names = "SIMPLE", mode = EnumSource.Mode.EXCLUDE)
    void eachContextHasItsOwnExtents(Headers headers) throws Exception {
        try (NbdTestClient client = open("vol", headers)) {
            assertThat(client.contexts()).containsExactly(ALL);
            client.write(0, block);
            client.zero(BLOCK, BLOCK, NO_HOLE);
            assertThat(status(client))
                    .isEqualTo(Map.of(
                            1, List.of(new Extent(BLOCK, 0), new Extent(BLOCK, 2), new Extent(SIZE - 2 * BLOCK, 3)),
                            2, List.of(new Extent(2 * BLOCK, 1), new Extent(SIZE - 2 * BLOCK, 0)),
                            3, List.of(new Extent(2 * BLOCK, 1), new Extent(SIZE - 2 * BLOCK, 0))));
            pool.snapshot(List.of("vol@s"));
            client.write(2 * BLOCK, block);
            assertThat(status(client))
                    .isEqualTo(Map.of(
                            1,
                            List.of(
                                    new Extent(BLOCK, 0),
                                    new Extent(BLOCK, 3), // zeros that are shared: a write may find no space
                                    new Extent(BLOCK, 0),
                                    new Extent(SIZE - 3 * BLOCK, 3)),
                            2,
                            List.of(new Extent(2 * BLOCK, 2), new Extent(BLOCK, 1), new Extent(SIZE - 3 * BLOCK, 0)),
                            3,
                            List.of(new Extent(2 * BLOCK, 0), new Extent(BLOCK, 1), new Extent(SIZE - 3 * BLOCK, 0))));
            Reply one = client.call(BLOCK_STATUS, REQ_ONE, 100, SIZE - 100, NOTHING);
            assertThat(one.status())
                    .isEqualTo(Map.of(
                            1, List.of(new Extent(BLOCK - 100, 0)),
                            2, List.of(new Extent(2 * BLOCK - 100, 2)),
                            3, List.of(new Extent(2 * BLOCK - 100, 0))));
        }
    }

    @Test
    void aVolumeGuaranteedInFullHasNoHolesAndNothingElseIsGuaranteedEverywhere() throws Exception {
        pool.create("full", SIZE, Quota.guarantee(Quota.FULL));
        pool.create("half", SIZE, Quota.guarantee(SIZE / 2));
        try (NbdTestClient full = open("full", Headers.STRUCTURED);
                NbdTestClient half = open("half", Headers.EXTENDED)) {
            full.write(0, block);
            half.write(0, block);
            pool.snapshot(List.of("full@s"));
            assertThat(status(full))
                    .isEqualTo(Map.of(
                            1, List.of(new Extent(BLOCK, 0), new Extent(SIZE - BLOCK, 2)),
                            2, List.of(new Extent(BLOCK, 2), new Extent(SIZE - BLOCK, 0)),
                            3, List.of(new Extent(SIZE, 1))));
            assertThat(status(half).get(1)).containsExactly(new Extent(BLOCK, 0), new Extent(SIZE - BLOCK, 3));
            assertThat(status(half).get(3)).containsExactly(new Extent(BLOCK, 1), new Extent(SIZE - BLOCK, 0));
        }
        try (NbdTestClient snapshot = open("full@s", Headers.EXTENDED)) {
            assertThat(status(snapshot).get(3)).containsExactly(new Extent(SIZE, 0));
        }
    }

    /** A pool filled to the brim: every write into what blkspc:guarantee promises must succeed, whatever was done before. */
    @ParameterizedTest
    @EnumSource(value = Headers.class, names = "SIMPLE", mode = EnumSource.Mode.EXCLUDE)
    void inAFullPoolEveryGuaranteedBlockCanBeWritten(Headers headers) throws Exception {
        System.out.println("seed=" + seed);
        pool.create("full", SIZE, Quota.guarantee(Quota.FULL));
        pool.create("filler", 64L << 20);
        try (NbdTestClient client = open("vol", headers);
                NbdTestClient full = open("full", headers);
                NbdTestClient filler = open("filler", headers)) {
            for (int i = 0; i < 60; i++) {
                disturb(random.nextBoolean() ? client : full);
                if (i == 30) {
                    pool.snapshot(List.of("vol@s"));
                    pool.snapshot(List.of("full@s"));
                }
            }
            long at = 0;
            while (filler.errorOf(WRITE, 0, at, BLOCK, block) != ENOSPC) {
                at += BLOCK;
            }
            int failed = 0;
            int succeeded = 0;
            for (NbdTestClient one : List.of(client, full)) {
                boolean[] guaranteed = blocks(status(one).get(3));
                for (int i = 0; i < BLOCKS; i++) {
                    int error = one.errorOf(WRITE, 0, (long) i * BLOCK, BLOCK, block);
                    assertThat(error).as("seed=%d block=%d", seed, i).isIn(0, ENOSPC);
                    assertThat(error == 0 || !guaranteed[i])
                            .as("seed=%d block=%d was guaranteed", seed, i)
                            .isTrue();
                    failed += error == 0 ? 0 : 1;
                    succeeded += error == 0 ? 1 : 0;
                }
            }
            assertThat(failed).as("seed=%d", seed).isPositive();
            assertThat(succeeded).as("seed=%d", seed).isGreaterThanOrEqualTo(BLOCKS);
        }
    }

    private void disturb(NbdTestClient client) throws Exception {
        int first = random.nextInt(BLOCKS - 8);
        int count = 1 + random.nextInt(8);
        switch (random.nextInt(4)) {
            case 0 -> client.trim((long) first * BLOCK, (long) count * BLOCK);
            case 1 -> client.zero((long) first * BLOCK, (long) count * BLOCK, NO_HOLE);
            default -> {
                for (int i = 0; i < count; i++) {
                    client.write((long) (first + i) * BLOCK, block);
                }
            }
        }
    }

    private static boolean[] blocks(List<Extent> extents) {
        boolean[] set = new boolean[BLOCKS];
        int at = 0;
        for (Extent extent : extents) {
            for (int i = 0; i < extent.length() / BLOCK; i++) {
                set[at++] = extent.flags() == 1;
            }
        }
        assertThat(at).isEqualTo(BLOCKS);
        return set;
    }
}

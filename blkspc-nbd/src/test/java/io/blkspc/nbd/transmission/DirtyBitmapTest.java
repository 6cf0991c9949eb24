package io.blkspc.nbd.transmission;

import static io.blkspc.nbd.testing.NbdTestClient.BLOCK_STATUS;
import static io.blkspc.nbd.testing.NbdTestClient.EIO;
import static io.blkspc.nbd.testing.NbdTestClient.NO_HOLE;
import static io.blkspc.nbd.testing.NbdTestClient.REQ_ONE;
import static io.blkspc.nbd.testing.RawNbd.OPT_LIST_META_CONTEXT;
import static io.blkspc.nbd.testing.RawNbd.OPT_SET_META_CONTEXT;
import static io.blkspc.nbd.testing.RawNbd.OPT_STRUCTURED_REPLY;
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
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What changed since a snapshot, told by qemu:dirty-bitmap, is what reads differently, on volumes, clones and snapshots. */
class DirtyBitmapTest {

    private static final byte[] NOTHING = new byte[0];
    private static final int BLOCK = 4096;
    private static final int BLOCKS = 256;
    private static final int SIZE = BLOCKS * BLOCK;
    private static final String SINCE = "qemu:dirty-bitmap:";
    private static final int TOO_BIG = 0x80000009;

    private final long seed = Long.getLong("blkspc.seed", System.nanoTime());
    private final SplittableRandom random = new SplittableRandom(seed);
    private final ModelPool pool = ModelPool.create(64L << 20);
    private TestServer server;

    @BeforeEach
    void start() throws Exception {
        pool.create("vol", SIZE);
        server = TestServer.start(pool, NbdLimits.DEFAULT);
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
    }

    private NbdTestClient open(String export, Headers headers, String... contexts) throws Exception {
        return NbdTestClient.open(server.unix(), export, headers, contexts);
    }

    private byte[] block() {
        byte[] bytes = new byte[BLOCK];
        random.nextBytes(bytes);
        return bytes;
    }

    @ParameterizedTest
    @EnumSource(value = Headers.class, names = "SIMPLE", mode = EnumSource.Mode.EXCLUDE)
    void onlyWhatWasWrittenOrGivenUpSinceIsDirty(Headers headers) throws Exception {
        try (NbdTestClient before = open("vol", headers)) {
            before.write(0, new byte[2 * BLOCK]);
            pool.snapshot(List.of("vol@a"));
        }
        try (NbdTestClient client = open("vol", headers, "base:allocation", SINCE + "a")) {
            assertThat(client.contexts()).containsExactly("base:allocation", SINCE + "a");
            Map<Integer, List<Extent>> clean =
                    client.call(BLOCK_STATUS, 0, 0, SIZE, NOTHING).status();
            assertThat(clean.get(4)).containsExactly(new Extent(SIZE, 0));
            assertThat(clean.get(1)).hasSize(2);
            client.write(BLOCK, block());
            client.write(5L * BLOCK + 7, new byte[] {1}); // its block becomes another
            client.zero(9L * BLOCK, BLOCK, NO_HOLE); // read as zeros before and do so now
            client.trim(0, BLOCK);
            assertThat(client.call(BLOCK_STATUS, 0, 0, SIZE, NOTHING).status().get(4))
                    .containsExactly(
                            new Extent(2 * BLOCK, 1),
                            new Extent(3 * BLOCK, 0),
                            new Extent(BLOCK, 1),
                            new Extent(SIZE - 6 * BLOCK, 0));
            Reply inside = client.call(BLOCK_STATUS, 0, BLOCK + 100, 5 * BLOCK, NOTHING);
            assertThat(inside.status().get(4))
                    .containsExactly(
                            new Extent(BLOCK - 100, 1),
                            new Extent(3 * BLOCK, 0),
                            new Extent(BLOCK, 1),
                            new Extent(100, 0));
            assertThat(client.call(BLOCK_STATUS, REQ_ONE, 3L * BLOCK, 5 * BLOCK, NOTHING)
                            .status()
                            .get(4))
                    .containsExactly(new Extent(2 * BLOCK, 0));
        }
    }

    /** Every block that reads differently is dirty and no other, whatever was written, trimmed, zeroed, cloned and frozen. */
    @ParameterizedTest
    @EnumSource(value = Headers.class, names = "SIMPLE", mode = EnumSource.Mode.EXCLUDE)
    void dirtyIsExactlyWhatReadsDifferently(Headers headers) throws Exception {
        System.out.println("seed=" + seed);
        try (NbdTestClient origin = open("vol", headers)) {
            disturb(origin, 40);
            pool.snapshot(List.of("vol@a"));
            pool.clone("vol@a", List.of("copy"));
            disturb(origin, 10);
            pool.snapshot(List.of("vol@b"));
            disturb(origin, 10);
        }
        try (NbdTestClient copy = open("copy", headers)) {
            disturb(copy, 10);
        }
        int dirty = compare(headers, "vol", "vol@a", "a");
        dirty += compare(headers, "vol", "vol@b", "b");
        dirty += compare(headers, "vol@a", "vol@b", "b");
        dirty += compare(headers, "copy", "vol@a", "vol@a");
        dirty += compare(headers, "copy", "vol@b", "vol@b");
        assertThat(dirty).as("seed=%d", seed).isBetween(1, 5 * BLOCKS - 1);
    }

    private int compare(Headers headers, String export, String snapshot, String bitmap) throws Exception {
        int dirty = 0;
        try (NbdTestClient client = open(export, headers, SINCE + bitmap);
                NbdTestClient since = open(snapshot, headers)) {
            boolean[] told = dirty(client);
            for (int i = 0; i < BLOCKS; i++) {
                boolean differs =
                        !Arrays.equals(client.read((long) i * BLOCK, BLOCK), since.read((long) i * BLOCK, BLOCK));
                assertThat(told[i])
                        .as("seed=%d %s since %s block=%d", seed, export, snapshot, i)
                        .isEqualTo(differs);
                dirty += differs ? 1 : 0;
            }
        }
        return dirty;
    }

    /** Asks piece by piece, of any length and alignment, until everything is told. */
    private boolean[] dirty(NbdTestClient client) throws Exception {
        boolean[] dirty = new boolean[BLOCKS];
        for (long at = 0; at < SIZE; ) {
            int length = (int) Math.min(SIZE - at, 1 + random.nextInt(SIZE / 4));
            int flags = random.nextInt(3) == 0 ? REQ_ONE : 0;
            List<Extent> extents = client.call(BLOCK_STATUS, flags, at, length, NOTHING)
                    .status()
                    .get(4);
            long end = at + length;
            for (Extent extent : extents) {
                long next = at + extent.length();
                for (long block = at / BLOCK; block * BLOCK < next; block++) {
                    dirty[(int) block] = extent.flags() == 1;
                }
                at = next;
            }
            assertThat(at).as("seed=%d", seed).isLessThanOrEqualTo(end);
            assertThat(extents.size()).isBetween(1, flags == 0 ? Integer.MAX_VALUE : 1);
        }
        return dirty;
    }

    private void disturb(NbdTestClient client, int times) throws Exception {
        for (int i = 0; i < times; i++) {
            int first = random.nextInt(BLOCKS - 8);
            int count = 1 + random.nextInt(8);
            switch (random.nextInt(4)) {
                case 0 -> client.trim((long) first * BLOCK, (long) count * BLOCK);
                case 1 -> client.zero((long) first * BLOCK, (long) count * BLOCK, NO_HOLE);
                default -> {
                    for (int j = 0; j < count; j++) {
                        client.write((long) (first + j) * BLOCK, block());
                    }
                }
            }
        }
    }

    @Test
    void snapshotsOfTheVolumeAndItsOriginAreListedAndAnyOtherCanBeNamed() throws Exception {
        pool.snapshot(List.of("vol@a"));
        pool.snapshot(List.of("vol@b"));
        pool.clone("vol@a", List.of("copy"));
        pool.snapshot(List.of("copy@c"));
        try (RawNbd raw = server.raw()) {
            raw.greet(3);
            raw.ask(OPT_STRUCTURED_REPLY, NOTHING);
            String[] ofVolume = {SINCE + "a", SINCE + "b"};
            assertThat(names(raw, OPT_LIST_META_CONTEXT, "vol")).hasSize(5).endsWith(ofVolume);
            assertThat(names(raw, OPT_LIST_META_CONTEXT, "vol", SINCE)).containsExactly(ofVolume);
            assertThat(names(raw, OPT_LIST_META_CONTEXT, "vol", "qemu:"))
                    .containsExactly("qemu:allocation-depth", SINCE + "a", SINCE + "b");
            assertThat(names(raw, OPT_LIST_META_CONTEXT, "vol@a", SINCE)).containsExactly(SINCE + "b");
            assertThat(names(raw, OPT_LIST_META_CONTEXT, "copy", SINCE)).containsExactly(SINCE + "c", SINCE + "vol@a");
            assertThat(names(
                            raw,
                            OPT_LIST_META_CONTEXT,
                            "copy",
                            SINCE + "vol@b",
                            SINCE + "x",
                            SINCE + "vol",
                            SINCE + "@"))
                    .containsExactly(SINCE + "vol@b");
            assertThat(names(raw, OPT_SET_META_CONTEXT, "copy", SINCE)).isEmpty();
            assertThat(names(
                            raw,
                            OPT_SET_META_CONTEXT,
                            "copy",
                            SINCE + "vol@b",
                            SINCE + "c",
                            SINCE + "vol@b",
                            SINCE + "b"))
                    .containsExactly(SINCE + "vol@b", SINCE + "c");
        }
    }

    @Test
    void noMoreThanEightAreChosenAndThenNoneIs() throws Exception {
        String[] queries = IntStream.range(0, 9).mapToObj(i -> SINCE + "s" + i).toArray(String[]::new);
        IntStream.range(0, 9).forEach(i -> pool.snapshot(List.of("vol@s" + i)));
        try (RawNbd raw = server.raw()) {
            raw.greet(3);
            raw.ask(OPT_STRUCTURED_REPLY, NOTHING);
            assertThat(names(raw, OPT_SET_META_CONTEXT, "vol", Arrays.copyOf(queries, 8)))
                    .hasSize(8);
            assertThat(raw.ask(OPT_SET_META_CONTEXT, RawNbd.metaData("vol", queries))
                            .getLast()
                            .type())
                    .isEqualTo(TOO_BIG);
        }
        try (NbdTestClient client = open("vol", Headers.EXTENDED, Arrays.copyOf(queries, 8))) {
            client.write(0, block());
            Map<Integer, List<Extent>> all =
                    client.call(BLOCK_STATUS, 0, 0, SIZE, NOTHING).status();
            assertThat(all).containsOnlyKeys(4, 5, 6, 7, 8, 9, 10, 11);
            assertThat(all.values()).allSatisfy(extents -> assertThat(extents).hasSize(2));
        }
    }

    private static List<String> names(RawNbd raw, int option, String export, String... queries) throws Exception {
        return raw.ask(option, RawNbd.metaData(export, queries)).stream()
                .filter(reply -> reply.type() == RawNbd.REP_META_CONTEXT)
                .peek(reply -> assertThat(ByteBuffer.wrap(reply.data()).getInt() == 0)
                        .isEqualTo(option == OPT_LIST_META_CONTEXT))
                .map(reply -> reply.text().substring(4))
                .toList();
    }

    /** Who asks about a version is not answered about another that took its name. */
    @Test
    void aNameThatMeansSomethingElseByNowIsAnError() throws Exception {
        pool.snapshot(List.of("vol@a"));
        pool.create("other", SIZE);
        try (NbdTestClient client = open("vol", Headers.STRUCTURED, SINCE + "a")) {
            assertThat(client.errorOf(BLOCK_STATUS, 0, 0, SIZE, NOTHING)).isZero();
            pool.rename("vol@a", "vol@z");
            assertThat(client.errorOf(BLOCK_STATUS, 0, 0, SIZE, NOTHING)).isEqualTo(EIO);
            pool.snapshot(List.of("vol@a"));
            assertThat(client.errorOf(BLOCK_STATUS, 0, 0, SIZE, NOTHING)).isEqualTo(EIO);
            pool.rename("vol", "renamed");
            pool.rename("other", "vol");
            assertThat(client.errorOf(BLOCK_STATUS, 0, 0, SIZE, NOTHING)).isEqualTo(EIO);
        }
    }
}

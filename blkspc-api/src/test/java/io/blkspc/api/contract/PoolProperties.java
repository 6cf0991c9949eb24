package io.blkspc.api.contract;

import static io.blkspc.api.contract.Fixture.BLOCK;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Cookie;
import io.blkspc.api.contract.TestIo.Staged;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;

/** What holds for every interleaving and every history. A host's module makes one subclass for each configuration. */
public abstract class PoolProperties implements ContractHost {

    private static final long HISTORY_POOL_BYTES = 4096L * BLOCK;

    @Provide
    Arbitrary<List<Step>> steps() {
        return Step.any().list().ofMinSize(1).ofMaxSize(60);
    }

    /** Conservation, no double charge, no foreign bytes, {@code promised ≤ free}: see {@link ReservationMachine}. */
    @Property(tries = 60, shrinking = ShrinkingMode.BOUNDED)
    void creditAndBlocksAreConservedOverAnyInterleaving(@ForAll("steps") List<Step> steps) {
        try (ReservationMachine machine = new ReservationMachine(this)) {
            machine.run(steps);
        }
    }

    /** Every version holds its bytes and every number is what an audit counts: see {@link HistoryDriver}. */
    @Property(tries = 8, shrinking = ShrinkingMode.OFF)
    void everyHistoryKeepsItsBytesAndItsNumbers(@ForAll long seed) {
        new HistoryDriver(Long.getLong("blkspc.seed", seed))
                .add(this, HISTORY_POOL_BYTES)
                .run(80);
    }

    /** In a fragmented pool that somebody else drains meanwhile. */
    @Property(tries = 12, shrinking = ShrinkingMode.OFF)
    void whatWasReservedCanBeAllocatedWhileAnotherThreadDrainsThePool(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 40) int credits, @ForAll boolean wide) {
        SplittableRandom random = new SplittableRandom(seed);
        try (Fixture f = fixture(512L * BLOCK)) {
            BlockSpace space = f.space();
            for (int i = 0; i < 20; i++) {
                f.io().write(random.nextLong(200) * BLOCK, Fixture.bytes(i, 3 * BLOCK));
                space.discard(random.nextLong(200) * BLOCK, 2L * BLOCK);
            }
            f.pool().snapshot(List.of("vol@s"));
            f.pool().create("other", 64L << 20);
            BlockSpace other = f.space("other");
            int windowBlocks = wide ? 4 : 1;
            Cookie cookie = space.reserve(credits, windowBlocks * BLOCK);
            FutureTask<Integer> drain = Fixture.async(() -> {
                int taken = 0;
                for (Cookie drained : f.drain(other)) {
                    while (drained.creditsRemaining() > 0) {
                        f.commit(other, drained, f.stage(other, drained, 7L * taken * BLOCK, new byte[BLOCK]));
                        taken++;
                    }
                    drained.put();
                }
                return taken;
            });
            List<Staged> staged = new ArrayList<>();
            for (int i = 0; i < credits; i++) {
                long offset = (credits - 1L - i) * windowBlocks * BLOCK;
                staged.addAll(f.stageAll(space, cookie, offset, Fixture.bytes(i, windowBlocks * BLOCK)));
            }
            staged.forEach(s -> f.commit(space, cookie, s));
            Fixture.get(drain);
            cookie.put();
            for (int i = 0; i < credits; i++) {
                long offset = (credits - 1L - i) * windowBlocks * BLOCK;
                assertThat(f.io().read(offset, windowBlocks * BLOCK)).isEqualTo(Fixture.bytes(i, windowBlocks * BLOCK));
            }
        }
    }

    /** Beside a client that drains the pool: see {@link WholeGuaranteeHistory}. */
    @Property(tries = 30, shrinking = ShrinkingMode.OFF)
    void aVolumeGuaranteedInFullIsNeverRefusedInAFullPool(@ForAll long seed) {
        new WholeGuaranteeHistory(this, Long.getLong("blkspc.seed", seed)).run(150);
    }

    /** Threads that get and put as they like, then all put what they have left. */
    @Property(tries = 30, shrinking = ShrinkingMode.OFF)
    void creditReturnsExactlyOnceHoweverThreadsGetAndPut(@ForAll long seed, @ForAll boolean cancels) {
        try (Fixture f = fixture(256L * BLOCK)) {
            BlockSpace space = f.space();
            Cookie other = space.reserve(5, BLOCK);
            Cookie cookie = space.reserve(9, BLOCK);
            f.stage(space, cookie, 0, new byte[BLOCK]);
            List<FutureTask<Void>> threads = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                SplittableRandom random = new SplittableRandom(seed + i);
                assertThat(cookie.get()).isSameAs(cookie);
                threads.add(Fixture.async(() -> {
                    getAndPut(cookie, random);
                    return null;
                }));
            }
            if (cancels) {
                cookie.cancel();
            }
            cookie.put();
            threads.forEach(Fixture::get);
            assertThat(cookie.references()).isZero();
            assertThat(f.status().reservedBytes()).isEqualTo(5L * BLOCK);
            assertThat(f.status().allocatedBytes()).isZero();
            other.put();
        }
    }

    private static void getAndPut(Cookie cookie, SplittableRandom random) {
        int mine = 1;
        for (int round = 0; round < 200 && mine > 0; round++) {
            if (random.nextInt(3) > 0) {
                mine += cookie.get() == null ? 0 : 1;
            } else {
                cookie.put();
                mine--;
            }
        }
        while (mine-- > 0) {
            cookie.put();
        }
    }

    /**
     * A reader that runs beside a writer and a freezer sees each block whole: some version of it, or zeros. Only what one
     * mapping names is whole: a mapping may end inside a block, and the next one may be of a newer version.
     */
    @Property(tries = 6, shrinking = ShrinkingMode.OFF)
    void readersSeeWholePublishedBlocksWhileOthersWriteAndFreeze(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        try (Fixture f = fixture(1024L * BLOCK)) {
            BlockSpace space = f.space();
            AtomicBoolean stop = new AtomicBoolean();
            FutureTask<Integer> reader = Fixture.async(() -> {
                int reads = 0;
                while (!stop.get() || reads == 0) {
                    byte[] bytes = new byte[BLOCK];
                    for (int block = 0; block < 8; block++) {
                        if (new TestIo(space).readOneMapping((long) block * BLOCK, bytes) == BLOCK) {
                            checkWhole(block, bytes);
                        }
                    }
                    reads++;
                }
                return reads;
            });
            try {
                for (int round = 1; round <= 60; round++) {
                    byte[] data = new byte[(1 + random.nextInt(4)) * BLOCK];
                    Arrays.fill(data, (byte) round);
                    // Staged and committed, never in place: an overwrite in place may be seen half done.
                    Cookie cookie = space.reserve(data.length / BLOCK, BLOCK);
                    long offset = random.nextLong(5) * BLOCK;
                    space.discard(offset, data.length);
                    f.stageAll(space, cookie, offset, data).forEach(s -> f.commit(space, cookie, s));
                    cookie.put();
                    if (round % 10 == 0) {
                        f.pool().snapshot(List.of("vol@s" + round));
                        space.flush();
                    }
                }
            } finally {
                stop.set(true);
            }
            assertThat(Fixture.get(reader)).isPositive();
        }
    }

    private static void checkWhole(int block, byte[] bytes) {
        // A block is whole when it equals itself moved by one byte.
        int torn = Arrays.mismatch(bytes, 0, BLOCK - 1, bytes, 1, BLOCK);
        assertThat(torn).as("first torn byte of block %d", block).isNegative();
    }
}

package io.blkspc.host.extent;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/**
 * Readers without a lock beside one writer that overwrites, punches, freezes and checkpoints, with memory for few nodes. Each
 * block counts its changes, and the physical block says which change wrote it, so a reader knows which answers are possible.
 */
class ConcurrentReadersTest {

    private static final long SEED = Long.getLong("blkspc.seed", 99);
    private static final int BLOCKS = 2048;
    private static final int CHANGES = Integer.getInteger("blkspc.changes", 12_000);
    private static final int READERS = 3;

    /** Blocks lie on both sides of a level 2 border, so that all levels of nodes come and go. */
    private static final long FIRST = (1 << 24) - BLOCKS / 2;

    private final TreeFixture at = new TreeFixture(20_000);

    /** Number of the last change of each block that is begun, and that is published. */
    private final AtomicLongArray begun = new AtomicLongArray(BLOCKS);

    private final AtomicLongArray published = new AtomicLongArray(BLOCKS);
    private final boolean[][] punchedBy = new boolean[BLOCKS][CHANGES + 1];
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private volatile Root root = Root.EMPTY;
    private volatile boolean done;

    @Test
    void eachAnswerIsTheStateBeforeOrAfterAChangeAndNothingElse() throws InterruptedException {
        System.out.println("blkspc.seed=" + SEED);
        List<Thread> readers = new ArrayList<>();
        long[] answers = new long[READERS];
        for (int reader = 0; reader < READERS; reader++) {
            int index = reader;
            Thread thread = new Thread(() -> answers[index] = read(new Random(SEED + index + 1)), "reader-" + reader);
            thread.start();
            readers.add(thread);
        }
        try {
            write(new Random(SEED));
        } finally {
            done = true;
            for (Thread thread : readers) {
                thread.join();
            }
        }
        assertThat(failure.get()).isNull();
        assertThat(answers).doesNotContain(0);
    }

    private void write(Random random) {
        long epoch = 1;
        long ownedAfter = 0;
        List<Long> shared = new ArrayList<>();
        DropSink sink = sink(shared, () -> 0L);
        for (int change = 1; change <= CHANGES && failure.get() == null; change++) {
            int start = random.nextInt(BLOCKS);
            int count =
                    Math.min(BLOCKS - start, random.nextInt(4) == 0 ? 1 + random.nextInt(900) : 1 + random.nextInt(3));
            boolean punch = random.nextInt(3) == 0;
            for (int block = start; block < start + count; block++) {
                punchedBy[block][change] = punch;
                begun.set(block, change);
            }
            long physical = ((long) change << 12) + start;
            long freeze = ownedAfter;
            DropSink now = sink(shared, () -> freeze);
            root = at.tree.replace(
                    root,
                    FIRST + start,
                    count,
                    physical,
                    punch ? ExtentRun.NONE : ExtentRun.WRITTEN,
                    epoch,
                    freeze,
                    now);
            for (int block = start; block < start + count; block++) {
                published.set(block, change);
            }
            if (random.nextInt(50) == 0) {
                ownedAfter = epoch++;
            }
            if (random.nextInt(40) == 0) {
                // The older version dies: the nodes only it had go away while readers may still be in them.
                shared.forEach(at.cache::remove);
                shared.clear();
            }
            if (random.nextInt(20) == 0) {
                at.checkpoint();
            }
        }
        assertThat(sink).isNotNull();
    }

    private static DropSink sink(List<Long> shared, java.util.function.LongSupplier ownedAfter) {
        return new DropSink() {
            @Override
            public void dropExtent(long physical, long count, long birth, int state) {}

            @Override
            public void dropNode(long nodeId, long birth) {
                if (birth <= ownedAfter.getAsLong()) {
                    shared.add(nodeId);
                }
            }
        };
    }

    private long read(Random random) {
        ExtentRun run = new ExtentRun();
        long answers = 0;
        try {
            while (!done && failure.get() == null) {
                int block = random.nextInt(BLOCKS);
                long oldest = published.get(block);
                while (!at.tree.lookup(root, FIRST + block, BLOCKS - block, run)) {
                    Thread.onSpinWait();
                }
                check(run, block, oldest, begun.get(block));
                answers++;
            }
        } catch (RuntimeException | AssertionError e) {
            failure.compareAndSet(null, e);
        }
        return answers;
    }

    /** The first block of an answer was written, or punched, by one of the changes that ran or ended during the lookup. */
    private void check(ExtentRun run, int block, long oldest, long newest) {
        assertThat(run.startBlock()).isEqualTo(FIRST + block);
        if (run.state() == ExtentRun.NONE) {
            boolean possible = oldest == 0;
            for (long change = Math.max(1, oldest); change <= newest && !possible; change++) {
                possible = punchedBy[block][(int) change];
            }
            assertThat(possible)
                    .as("hole at %s, changes %s to %s", block, oldest, newest)
                    .isTrue();
        } else {
            assertThat(run.physicalBlock() & 0xfff).isEqualTo(block);
            assertThat(run.physicalBlock() >>> 12).isBetween(oldest, newest);
        }
    }
}

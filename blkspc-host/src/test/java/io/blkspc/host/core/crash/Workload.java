package io.blkspc.host.core.crash;

import io.blkspc.api.Geometry;
import io.blkspc.host.core.crash.RuleCoverage.Rule;
import io.blkspc.host.sched.Scheduler;
import java.util.BitSet;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;

/** What clients of one history have in common: the oracle, what they prefer to do and where. */
final class Workload {

    /** What clients do, in percent; the rest are writes and reads. */
    record Mix(int management, int clearing, int flushing) {}

    static final int MAX_VERSIONS = 7;
    static final long MOST_POOL_BYTES = 512L * Geometry.BLOCK_BYTES;

    private static final Mix[] MIXES = {
        new Mix(5, 10, 12), new Mix(12, 12, 10), new Mix(2, 25, 8), new Mix(25, 8, 5), new Mix(3, 4, 3)
    };

    final CrashOracle oracle = new CrashOracle();
    final Mix mix;
    private final boolean sparse;
    /** Blocks that nearly everything happens to: few, so that requests meet. */
    private final int hotBlocks;

    private int names;
    /** Set once an IO failed in a way that ends all writing: from then on nothing may succeed (D12). */
    boolean writingEnded;
    /** Errors of the medium are to be expected. */
    boolean hasFaults;
    /** What rules were met. */
    RuleCoverage coverage = new RuleCoverage();
    /** Largest size in bytes that a pool was asked to have, and that it was said to have. */
    long askedSize;

    long grownSize;
    /** The epoch of the pool that clients work on. */
    LongSupplier epoch = () -> 0;
    /** Physical blocks that a commit has named since the pool was opened. */
    final BitSet named = new BitSet();
    /** Lets a client wait with a lease; null where there is nobody to wait for. */
    Scheduler scheduler;

    Workload(SplittableRandom random) {
        mix = MIXES[random.nextInt(MIXES.length)];
        sparse = random.nextInt(3) == 0;
        hotBlocks = new int[] {24, 24, 8, 3}[random.nextInt(4)];
    }

    String newName(String kind) {
        return kind + ++names;
    }

    int volumeBlocks(SplittableRandom choice) {
        return sparse ? 520 : 20 + choice.nextInt(60);
    }

    /** A sector of the first blocks or, in a sparse volume, of blocks around the borders of leaves. */
    int hotSector(SplittableRandom choice, int sectors) {
        int blocks = sectors / 8;
        int block = choice.nextInt(Math.min(blocks, choice.nextInt(8) == 0 ? 24 : hotBlocks));
        if (sparse && blocks >= 520) {
            block += new int[] {0, 0, 240, 496}[choice.nextInt(4)];
        }
        return block * 8 + choice.nextInt(8);
    }

    /** Called with what a client saw before its request: a success after the end of all writing is a violation. */
    void succeeded(boolean endedBefore, String what) {
        if (endedBefore) {
            throw new AssertionError("D12 success after a failed write or force: " + what);
        }
    }

    /** D5: what was said to be larger is, whatever happened; nothing in between is. */
    void requireSize(long size) {
        if (size < grownSize || size > askedSize) {
            throw new AssertionError(
                    "D5 pool size=" + size + ", was said to be " + grownSize + ", asked for " + askedSize);
        }
    }

    void met(Rule rule) {
        coverage.met(rule, 1);
    }

    void met(Rule rule, boolean isMet) {
        coverage.met(rule, isMet);
    }

    void dawdle(SplittableRandom choice) {
        if (scheduler != null && choice.nextBoolean()) {
            scheduler.pause(choice.nextLong(4_000_000));
        }
    }
}

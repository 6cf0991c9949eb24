package io.blkspc.api.contract;

import io.blkspc.api.Geometry;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * The blocks of a large volume that a history uses: few enough to keep their bytes in an array, placed where a tree of
 * extents has its edges (1 MiB, 256 MiB, the end).
 */
final class HistoryLayout {

    private static final int BLOCK = Geometry.BLOCK_BYTES;

    /** Size of the volumes, in bytes. */
    static final long SIZE_BYTES = 600L << 20;

    private static final long[][] RUNS = {
        {0, 12}, {250, 12}, {700, 2}, {65_530, 12}, {SIZE_BYTES / BLOCK - 6, 6},
    };

    /** First slot of each run in the array, in blocks. */
    private static final int[] SLOTS = new int[RUNS.length];

    /** Blocks in all. */
    static final int BLOCKS;

    static {
        int slot = 0;
        for (int i = 0; i < RUNS.length; i++) {
            SLOTS[i] = slot;
            slot += (int) RUNS[i][1];
        }
        BLOCKS = slot;
    }

    private HistoryLayout() {}

    /** Some bytes inside one run: {offset in the volume, offset in the array, length}. */
    static long[] pick(SplittableRandom random, boolean wholeBlocks) {
        int run = random.nextInt(RUNS.length);
        long bytes = RUNS[run][1] * BLOCK;
        long start = random.nextLong(bytes);
        long length = 1 + random.nextLong(random.nextInt(3) == 0 ? bytes - start : Math.min(bytes - start, 6000));
        if (wholeBlocks) {
            length = Geometry.alignUp(start % BLOCK + length);
            start = Geometry.alignDown(start);
        }
        return new long[] {RUNS[run][0] * BLOCK + start, (long) SLOTS[run] * BLOCK + start, length};
    }

    /** A range of whole blocks over any runs and the holes between them: {first block, end block}. */
    static long[] pickWide(SplittableRandom random) {
        long one = edge(random);
        long two = edge(random);
        return new long[] {Math.min(one, two), Math.max(one, two)};
    }

    private static long edge(SplittableRandom random) {
        long[] run = RUNS[random.nextInt(RUNS.length)];
        return run[0] + random.nextLong(run[1] + 1);
    }

    /** Zeros the part of the array that lies in a range of blocks. */
    static void clear(byte[] bytes, long firstBlock, long endBlock) {
        for (int run = 0; run < RUNS.length; run++) {
            for (long b = 0; b < RUNS[run][1]; b++) {
                long block = RUNS[run][0] + b;
                if (block >= firstBlock && block < endBlock) {
                    int at = (int) (SLOTS[run] + b) * BLOCK;
                    Arrays.fill(bytes, at, at + BLOCK, (byte) 0);
                }
            }
        }
    }

    /** How many runs there are. */
    static int runs() {
        return RUNS.length;
    }

    /** The run that holds this offset in the volume. */
    static int runOf(long offset) {
        for (int run = 0; run < RUNS.length; run++) {
            if (offset >= RUNS[run][0] * BLOCK && offset < (RUNS[run][0] + RUNS[run][1]) * BLOCK) {
                return run;
            }
        }
        throw new IllegalArgumentException("no run: offset=" + offset);
    }

    /** First byte of the array that differs from what is read of one run, or -1. */
    static int mismatch(TestIo io, int run, byte[] expected) {
        byte[] part = io.read(RUNS[run][0] * BLOCK, (int) RUNS[run][1] * BLOCK);
        int from = SLOTS[run] * BLOCK;
        int difference = Arrays.mismatch(part, 0, part.length, expected, from, from + part.length);
        return difference < 0 ? -1 : from + difference;
    }
}

package io.blkspc.host.alloc;

/**
 * The free blocks of a pool: one bit a block (1 = in use) and, for every group of 4,096 blocks, how many are free, so that
 * full regions are skipped 16 MiB at a time. Next-fit from a hint: a volume that passes the end of its last run as the next
 * hint stays physically sequential.
 *
 * <p>A block is <em>in use</em> from {@link #allocateRun} or {@link #markUsed} until {@link #release}; a freed block rests
 * in the {@link Quarantine}, still in use here, until it may be handed out again. Guarded by the order lock.
 */
public final class FreeSpace {

    private static final int GROUP_SHIFT = 12;
    private static final int GROUP_BLOCKS = 1 << GROUP_SHIFT;

    private long blockCount;
    private long[] words;
    private short[] groupFree;
    private long freeBlocks;
    private int runLength;

    /** A pool of {@code blockCount} blocks, all free. */
    public FreeSpace(long blockCount) {
        if (blockCount <= 0 || (blockCount + 63) >>> 6 > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("block count out of range: blocks=" + blockCount);
        }
        this.blockCount = blockCount;
        this.words = new long[(int) ((blockCount + 63) >>> 6)];
        this.groupFree = new short[(int) ((blockCount + GROUP_BLOCKS - 1) >>> GROUP_SHIFT)];
        for (int g = 0; g < groupFree.length; g++) {
            groupFree[g] = (short) Math.min(GROUP_BLOCKS, blockCount - ((long) g << GROUP_SHIFT));
        }
        this.freeBlocks = blockCount;
    }

    /** Adds free blocks behind the last one. */
    public void grow(long newBlockCount) {
        if (newBlockCount < blockCount) {
            throw new IllegalArgumentException("free space cannot shrink: blocks=" + newBlockCount);
        }
        FreeSpace larger = new FreeSpace(newBlockCount);
        System.arraycopy(words, 0, larger.words, 0, words.length);
        // The last group may have got more blocks than it had.
        for (int g = 0; g < groupFree.length; g++) {
            long end = Math.min((long) (g + 1) << GROUP_SHIFT, blockCount);
            larger.groupFree[g] -= (short) (end - ((long) g << GROUP_SHIFT) - groupFree[g]);
        }
        freeBlocks += newBlockCount - blockCount;
        blockCount = newBlockCount;
        words = larger.words;
        groupFree = larger.groupFree;
    }

    /** Capacity in blocks. */
    public long blockCount() {
        return blockCount;
    }

    /** Blocks that can be handed out now. */
    public long freeBlocks() {
        return freeBlocks;
    }

    /** {@code true} when the block is handed out or resting. */
    public boolean isUsed(long block) {
        return (words[(int) (block >>> 6)] & (1L << block)) != 0;
    }

    /**
     * Takes one contiguous run at or after {@code hint}, wrapping once. Prefers the first free block after the hint and
     * takes what follows it; it does not search for the best fit.
     *
     * @return the first block, or -1 when nothing is free; {@link #runLength()} is then how many were taken
     */
    public long allocateRun(long hint, int maxBlocks) {
        long start = maxBlocks <= 0 ? -1 : firstFree(hint);
        if (start < 0) {
            return -1;
        }
        int length = 0;
        long limit = Math.min(blockCount, start + maxBlocks);
        for (long b = start; b < limit && !isUsed(b); b++) {
            length++;
        }
        setUsed(start, length);
        runLength = length;
        return start;
    }

    /** First free block at or after {@code hint}, wrapping once; -1 when nothing is free. */
    public long firstFree(long hint) {
        if (freeBlocks == 0) {
            return -1;
        }
        long from = hint < 0 || hint >= blockCount ? 0 : hint;
        long start = nextFree(from, blockCount);
        return start < 0 ? nextFree(0, from) : start;
    }

    /** Length in blocks of the run the last {@link #allocateRun} took. */
    public int runLength() {
        return runLength;
    }

    /**
     * Takes exactly these blocks.
     *
     * @throws IllegalStateException when one is in use: two owners for one block
     */
    public void markUsed(long start, long count) {
        checkRange(start, count);
        setUsed(start, count);
    }

    /** Takes these blocks where they are not taken yet; for working out what several versions hold. */
    public void markHeld(long start, long count) {
        checkRange(start, count);
        for (long b = start; b < start + count; b++) {
            if (!isUsed(b)) {
                setUsed(b, 1);
            }
        }
    }

    /**
     * Makes blocks free.
     *
     * @throws IllegalStateException when one is free already: a double free
     */
    public void release(long start, long count) {
        checkRange(start, count);
        for (long b = start; b < start + count; b++) {
            int w = (int) (b >>> 6);
            long bit = 1L << b;
            if ((words[w] & bit) == 0) {
                throw new IllegalStateException("double free: block=" + b);
            }
            words[w] &= ~bit;
            groupFree[(int) (b >>> GROUP_SHIFT)]++;
        }
        freeBlocks += count;
    }

    /** The raw bits of blocks {@code 64 * index} to {@code 64 * index + 63}, 1 = in use; for images of the map. */
    public long word(int index) {
        return words[index];
    }

    /** Number of {@link #word words}. */
    public int wordCount() {
        return words.length;
    }

    private void setUsed(long start, long count) {
        for (long b = start; b < start + count; b++) {
            int w = (int) (b >>> 6);
            long bit = 1L << b;
            if ((words[w] & bit) != 0) {
                throw new IllegalStateException("block has two owners: block=" + b);
            }
            words[w] |= bit;
            groupFree[(int) (b >>> GROUP_SHIFT)]--;
        }
        freeBlocks -= count;
    }

    /** First free block in {@code [from, to)}, or -1. */
    private long nextFree(long from, long to) {
        long b = from;
        while (b < to) {
            int group = (int) (b >>> GROUP_SHIFT);
            if (groupFree[group] == 0) {
                b = (long) (group + 1) << GROUP_SHIFT;
                continue;
            }
            long free = ~words[(int) (b >>> 6)] >>> b;
            if (free != 0) {
                long found = b + Long.numberOfTrailingZeros(free);
                return found < to ? found : -1;
            }
            b = (b | 63) + 1;
        }
        return -1;
    }

    private void checkRange(long start, long count) {
        if (start < 0 || count < 0 || start > blockCount - count) {
            throw new IllegalStateException("blocks outside the pool: start=" + start + ", count=" + count);
        }
    }
}

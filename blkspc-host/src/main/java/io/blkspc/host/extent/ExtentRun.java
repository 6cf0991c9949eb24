package io.blkspc.host.extent;

/** Answer of a lookup: consecutive blocks that map in one way. Mutable and reusable; belongs to one thread. */
public final class ExtentRun {

    /** Nothing is mapped: a hole. */
    public static final int NONE = 0;

    /** Blocks are allocated and hold no data. */
    public static final int UNWRITTEN = 1;

    /** Blocks hold data. */
    public static final int WRITTEN = 2;

    private long startBlock;
    private long blockCount;
    private long physicalBlock;
    private long birth;
    private int state;

    /** First logical block: exactly the one asked for. */
    public long startBlock() {
        return startBlock;
    }

    /** Length in blocks, at least 1 and at most what was asked for. */
    public long blockCount() {
        return blockCount;
    }

    /** First logical block after the run. */
    public long endBlock() {
        return startBlock + blockCount;
    }

    /** First physical block; 0 for a hole. */
    public long physicalBlock() {
        return physicalBlock;
    }

    /** The oldest birth in the run; 0 for a hole. */
    public long birth() {
        return birth;
    }

    /** {@link #NONE}, {@link #UNWRITTEN} or {@link #WRITTEN}. */
    public int state() {
        return state;
    }

    void hole(long start, long count) {
        set(start, count, 0, 0, NONE);
    }

    void set(long start, long count, long physical, long born, int kind) {
        startBlock = start;
        blockCount = count;
        physicalBlock = physical;
        birth = born;
        state = kind;
    }

    @Override
    public String toString() {
        return "ExtentRun[start=" + startBlock + ", count=" + blockCount + ", physical=" + physicalBlock + ", birth="
                + birth + ", state=" + state + "]";
    }
}

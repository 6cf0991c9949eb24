package io.blkspc.api;

/**
 * Answer of {@link BlockSpace#allocate}. The last two are expected outcomes of the hot path and therefore values, not
 * exceptions.
 */
public enum Allocation {
    /**
     * Exclusive, written and durably mapped: write it, no commit, no credit spent. Valid inside the write lease only. Never to be
     * counted on: an exclusive block that was written not long ago may be answered with {@link #COW} at the price of a credit, for a
     * while after a {@link BlockSpace#flush} too.
     */
    IN_PLACE(null),
    /** Readers see zeros until commit. Write whole blocks (zeros around a partial write), then commit. */
    UNWRITTEN(CommitType.UNWRITTEN),
    /** Readers see the source until commit. Write whole blocks (the source around a partial write), then commit. */
    COW(CommitType.COW),
    /**
     * The first block is staged by another cookie, or every free block still waits for leases to end, maybe the caller's.
     * Nothing changed: leave the lease, {@link BlockSpace#awaitUnstaged}, ask again.
     */
    BUSY(null),
    /** The first block needs a credit and the cookie has none left. Nothing changed. */
    NO_CREDIT(null);

    private final CommitType commitType;

    Allocation(CommitType commitType) {
        this.commitType = commitType;
    }

    /** The type to commit with, or {@code null} where there is nothing to commit. */
    public CommitType commitType() {
        return commitType;
    }

    /** {@code true} when the mapping was filled and the caller may write to it. */
    public boolean isWritable() {
        return this != BUSY && this != NO_CREDIT;
    }
}

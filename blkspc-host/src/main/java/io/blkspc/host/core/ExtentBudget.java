package io.blkspc.host.core;

/** How many extents a dump, or a restore, reads into memory at once, and how many it had there at most. One thread. */
final class ExtentBudget {

    /** As many as one record of a dump takes. */
    private static final int USUAL = 16_384;

    private final int entries;
    private int mostHeld;

    /**
     * For a test that wants them to be few.
     *
     * @param entries 1 or more
     */
    ExtentBudget(int entries) {
        this.entries = entries;
    }

    static ExtentBudget usual() {
        return new ExtentBudget(USUAL);
    }

    /** Extents of one part of what is read. */
    int entries() {
        return entries;
    }

    /** So many are in memory now. */
    void holds(int count) {
        mostHeld = Math.max(mostHeld, count);
    }

    int mostHeld() {
        return mostHeld;
    }
}

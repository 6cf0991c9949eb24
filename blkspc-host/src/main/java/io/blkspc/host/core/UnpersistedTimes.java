package io.blkspc.host.core;

/**
 * Since when what is unpersisted has been so. Commits between the beginnings of two forces are one bucket: the time of its first
 * counts for all, and it is gone once H1 covers its last. Two forces may be under way at once, so there are three buckets at
 * most as a rule; where there would be too many, the newest takes in what comes, and all of that counts as older than it is.
 *
 * <p>Guarded by the order lock. Allocates nothing.
 */
final class UnpersistedTimes {

    private static final int MAX_BUCKETS = 4;

    private final long[] nanos = new long[MAX_BUCKETS];
    private final long[] lastSequences = new long[MAX_BUCKETS];
    private int count;
    private boolean isOpen; // the newest bucket takes more

    /** Record {@code sequence} was appended at {@code now}; sequences ascend. */
    void committed(long sequence, long now) {
        if (!isOpen && count < MAX_BUCKETS) {
            nanos[count++] = now;
            isOpen = true;
        }
        lastSequences[count - 1] = sequence;
    }

    /** {@code true} when the next commit needs to know the time: it begins a bucket. */
    boolean wantsTime() {
        return !isOpen && count < MAX_BUCKETS;
    }

    /** A force begins, which covers what was committed up to now and not what comes. */
    void forceBegins() {
        isOpen = false;
    }

    /** H1 has come to {@code sequence}. */
    void persisted(long sequence) {
        int gone = 0;
        while (gone < count && lastSequences[gone] <= sequence) {
            gone++;
        }
        if (gone == count) {
            isOpen = false;
        }
        count -= gone;
        System.arraycopy(nanos, gone, nanos, 0, count);
        System.arraycopy(lastSequences, gone, lastSequences, 0, count);
    }

    /** {@code true} when everything committed is persisted. */
    boolean isNone() {
        return count == 0;
    }

    /** When the oldest unpersisted commit was; only while there is one. */
    long oldestNanos() {
        return nanos[0];
    }
}

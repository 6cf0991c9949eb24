package io.blkspc.bench.load;

/**
 * Counts of durations in nanoseconds, exact to one part in 32. Fixed memory, no allocation; one thread at a time.
 */
public final class Histogram {

    private static final int FINE_BITS = 5;
    private static final int FINE = 1 << FINE_BITS;

    private final long[] counts = new long[(Long.SIZE - FINE_BITS) * FINE];
    private long total;
    private long max;

    /** Adds one duration; a negative one counts as zero. */
    public void add(long nanos) {
        long value = Math.max(0, nanos);
        counts[bucket(value)]++;
        total++;
        max = Math.max(max, value);
    }

    /** Adds everything another one counted. */
    public void add(Histogram other) {
        for (int i = 0; i < counts.length; i++) {
            counts[i] += other.counts[i];
        }
        total += other.total;
        max = Math.max(max, other.max);
    }

    /** How many were added. */
    public long total() {
        return total;
    }

    /** The longest, exactly; 0 when there is none. */
    public long max() {
        return max;
    }

    /** A duration that {@code percent} of all do not exceed, at most 1/32 too long; 0 when there is none. */
    public long percentile(double percent) {
        long wanted = (long) Math.ceil(total * percent / 100);
        long seen = 0;
        for (int i = 0; i < counts.length; i++) {
            seen += counts[i];
            if (seen >= wanted && seen > 0) {
                return Math.min(max, upper(i));
            }
        }
        return 0;
    }

    /** Values below FINE have a bucket each; above, each power of two has FINE of them. */
    private static int bucket(long value) {
        int shift = Math.max(0, Long.SIZE - Long.numberOfLeadingZeros(value) - FINE_BITS - 1);
        return (shift << FINE_BITS) + (int) (value >>> shift);
    }

    /** The last value of a bucket. */
    private static long upper(int bucket) {
        int shift = Math.max(0, (bucket >>> FINE_BITS) - 1);
        long fine = bucket - ((long) shift << FINE_BITS);
        return ((fine + 1) << shift) - 1;
    }
}

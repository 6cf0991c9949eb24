package io.blkspc.host.device;

/**
 * Parts of a device that were written and are to be forced: a few ranges that cover them all. What lies between two of them is
 * taken in where there would be too many, the smallest gap first: to force more than was asked for is never wrong, and each
 * range costs a force of its own.
 *
 * <p>Guarded by whoever owns it. Allocates nothing.
 */
public final class UnforcedRanges {

    /** Most ranges. */
    public static final int MAX_RANGES = 4;

    private static final int ROOM = MAX_RANGES + 1; // one too many, until two are joined

    // Ascending, with a gap behind each; ends are exclusive.
    private final long[] starts = new long[ROOM];
    private final long[] ends = new long[ROOM];
    private int count;
    private int last; // where the range before was added: the next one usually follows it

    /** Takes in {@code lengthBytes}, more than 0, from {@code startBytes} on. */
    public void add(long startBytes, long lengthBytes) {
        long endBytes = startBytes + lengthBytes;
        if (last < count && startBytes >= starts[last] && endBytes <= ends[last]) {
            return;
        }
        int first = 0;
        while (first < count && ends[first] < startBytes) {
            first++;
        }
        int next = first;
        long start = startBytes;
        long end = endBytes;
        for (; next < count && starts[next] <= endBytes; next++) {
            start = Math.min(start, starts[next]);
            end = Math.max(end, ends[next]);
        }
        replace(first, next, start, end);
        last = first;
        if (count > MAX_RANGES) {
            joinNearest();
        }
    }

    /** Puts one range in the place of those from {@code first} to before {@code next}, which may be none. */
    private void replace(int first, int next, long start, long end) {
        System.arraycopy(starts, next, starts, first + 1, count - next);
        System.arraycopy(ends, next, ends, first + 1, count - next);
        starts[first] = start;
        ends[first] = end;
        count += first + 1 - next;
    }

    private void joinNearest() {
        int nearest = 1;
        for (int i = 2; i < count; i++) {
            if (starts[i] - ends[i - 1] < starts[nearest] - ends[nearest - 1]) {
                nearest = i;
            }
        }
        replace(nearest - 1, nearest + 1, starts[nearest - 1], ends[nearest]);
        last = nearest - 1;
    }

    /** Number of ranges. */
    public int count() {
        return count;
    }

    /** First byte of a range; the ranges ascend and do not touch. */
    public long startBytes(int range) {
        return starts[range];
    }

    /** First byte behind a range. */
    public long endBytes(int range) {
        return ends[range];
    }

    /** Forgets all of them. */
    public void clear() {
        count = 0;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("unforced");
        for (int i = 0; i < count; i++) {
            text.append(' ').append(starts[i]).append('-').append(ends[i]);
        }
        return text.toString();
    }
}

package io.blkspc.host.core;

import java.util.Arrays;

/**
 * What a head's cookies were handed and have not committed: disjoint runs, sorted by logical block (SEMANTICS S5). In memory
 * only. Parallel arrays, so that staging allocates nothing; a few hundred runs at most are in flight. Guarded by the order
 * lock.
 */
final class StageTable {

    private long[] starts = new long[16];
    private long[] counts = new long[16];
    private long[] physicals = new long[16];
    /** Physical block of the old data of a copy-on-write run, -1 when readers see zeros. */
    private long[] sources = new long[16];
    /** {@code true}: the target is newly taken; {@code false}: it is the mapped unwritten block itself. */
    private boolean[] fresh = new boolean[16];
    /** {@code true}: the target, newly taken, is to replace blocks of the head's own; kept where all of a volume is guaranteed. */
    private boolean[] own = new boolean[16];

    private HostCookie[] cookies = new HostCookie[16];
    private int size;

    int size() {
        return size;
    }

    /** Index of the run that covers {@code block}, or {@code -(insertion point) - 1}. */
    int find(long block) {
        int at = Arrays.binarySearch(starts, 0, size, block);
        if (at >= 0) {
            return at;
        }
        int before = -at - 2;
        if (before >= 0 && block < starts[before] + counts[before]) {
            return before;
        }
        return at;
    }

    /** First staged block at or after {@code block}, or {@code limit}. */
    long nextStart(long block, long limit) {
        int at = find(block);
        if (at >= 0) {
            return block;
        }
        int next = -at - 1;
        return next < size ? Math.min(limit, starts[next]) : limit;
    }

    boolean overlaps(long start, long count) {
        return nextStart(start, Long.MAX_VALUE) < start + count;
    }

    void add(long start, long count, long physical, long source, boolean isFresh, boolean isOwn, HostCookie cookie) {
        int at = find(start);
        if (at >= 0) {
            throw new IllegalStateException("block staged twice: block=" + start);
        }
        at = -at - 1;
        insert(at, start, count, physical, source, cookie);
        fresh[at] = isFresh;
        own[at] = isOwn;
    }

    /** Removes blocks that lie inside run {@code index}, splitting it where needed. */
    void remove(int index, long start, long count) {
        long runStart = starts[index];
        long head = start - runStart;
        long tail = runStart + counts[index] - start - count;
        if (head < 0 || tail < 0) {
            throw new IllegalStateException("not inside one staged run: start=" + start + ", count=" + count);
        }
        if (tail > 0) {
            long skip = head + count;
            insert(
                    index + 1,
                    start + count,
                    tail,
                    physicals[index] + skip,
                    sources[index] < 0 ? -1 : sources[index] + skip,
                    cookies[index]);
            fresh[index + 1] = fresh[index];
            own[index + 1] = own[index];
        }
        if (head > 0) {
            counts[index] = head;
        } else {
            delete(index);
        }
    }

    long start(int index) {
        return starts[index];
    }

    long count(int index) {
        return counts[index];
    }

    long end(int index) {
        return starts[index] + counts[index];
    }

    long physical(int index) {
        return physicals[index];
    }

    long source(int index) {
        return sources[index];
    }

    boolean isFresh(int index) {
        return fresh[index];
    }

    boolean isOwn(int index) {
        return own[index];
    }

    /** Says of part of run {@code index} that it is over blocks of the head's own now; the run is split where needed. */
    void markOwn(int index, long start, long count) {
        long physical = physicals[index] + start - starts[index];
        long source = sources[index] < 0 ? -1 : sources[index] + start - starts[index];
        HostCookie cookie = cookies[index];
        remove(index, start, count);
        add(start, count, physical, source, true, true, cookie);
    }

    /** The head was frozen: what is below its stages is not its own any more. */
    void frozen() {
        Arrays.fill(own, 0, size, false);
    }

    /** {@code true} when run {@code index} reaches to {@code end}, alone or with what {@link #markOwn} cut off behind it. */
    boolean isOneRun(int index, long end) {
        int last = index;
        while (end(last) < end && last + 1 < size && continues(last)) {
            last++;
        }
        return end <= end(last);
    }

    private boolean continues(int index) {
        int next = index + 1;
        return starts[next] == end(index)
                && cookies[next] == cookies[index]
                && fresh[next] == fresh[index]
                && physicals[next] == physicals[index] + counts[index]
                && (sources[index] < 0 ? sources[next] < 0 : sources[next] == sources[index] + counts[index]);
    }

    HostCookie cookie(int index) {
        return cookies[index];
    }

    /** Blocks that {@code cookie} has staged. */
    long countOf(HostCookie cookie) {
        long staged = 0;
        for (int i = 0; i < size; i++) {
            staged += cookies[i] == cookie ? counts[i] : 0;
        }
        return staged;
    }

    /** The caller says whether it is fresh, and over the head's own. */
    private void insert(int at, long start, long count, long physical, long source, HostCookie cookie) {
        if (size == starts.length) {
            int wider = size * 2;
            starts = Arrays.copyOf(starts, wider);
            counts = Arrays.copyOf(counts, wider);
            physicals = Arrays.copyOf(physicals, wider);
            sources = Arrays.copyOf(sources, wider);
            fresh = Arrays.copyOf(fresh, wider);
            own = Arrays.copyOf(own, wider);
            cookies = Arrays.copyOf(cookies, wider);
        }
        shift(at, at + 1, size - at);
        starts[at] = start;
        counts[at] = count;
        physicals[at] = physical;
        sources[at] = source;
        cookies[at] = cookie;
        size++;
    }

    private void delete(int at) {
        shift(at + 1, at, size - at - 1);
        size--;
        cookies[size] = null;
    }

    private void shift(int from, int to, int length) {
        System.arraycopy(starts, from, starts, to, length);
        System.arraycopy(counts, from, counts, to, length);
        System.arraycopy(physicals, from, physicals, to, length);
        System.arraycopy(sources, from, sources, to, length);
        System.arraycopy(fresh, from, fresh, to, length);
        System.arraycopy(own, from, own, to, length);
        System.arraycopy(cookies, from, cookies, to, length);
    }
}

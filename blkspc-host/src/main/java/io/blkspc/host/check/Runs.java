package io.blkspc.host.check;

import java.util.Arrays;
import java.util.List;

/** A growing list of runs {@code {key, count, value, birth}}, sorted on demand by key. Compact, for millions of runs. */
final class Runs {

    private static final int WIDTH = 4;

    private long[] words = new long[WIDTH * 64];
    private int size;

    int size() {
        return size;
    }

    void add(long key, long count, long value, long birth) {
        if (WIDTH * size == words.length) {
            words = Arrays.copyOf(words, words.length * 2);
        }
        words[WIDTH * size] = key;
        words[WIDTH * size + 1] = count;
        words[WIDTH * size + 2] = value;
        words[WIDTH * size + 3] = birth;
        size++;
    }

    long key(int index) {
        return words[WIDTH * index];
    }

    long count(int index) {
        return words[WIDTH * index + 1];
    }

    long end(int index) {
        return key(index) + count(index);
    }

    long value(int index) {
        return words[WIDTH * index + 2];
    }

    long birth(int index) {
        return words[WIDTH * index + 3];
    }

    Runs sortByKey() {
        Integer[] order = new Integer[size];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, (a, b) -> Long.compare(key(a), key(b)));
        long[] sorted = new long[words.length];
        for (int i = 0; i < size; i++) {
            System.arraycopy(words, WIDTH * order[i], sorted, WIDTH * i, WIDTH);
        }
        words = sorted;
        return this;
    }

    /** Leaves out, of a sorted list, what an earlier run covers already. */
    Runs removeRepeated() {
        int kept = 0;
        long end = 0;
        for (int i = 0; i < size; i++) {
            long skip = Math.clamp(end - key(i), 0, count(i));
            if (skip < count(i)) {
                end = end(i);
                set(kept++, key(i) + skip, count(i) - skip, value(i) + skip, birth(i));
            }
        }
        size = kept;
        return this;
    }

    private void set(int index, long key, long count, long value, long birth) {
        words[WIDTH * index] = key;
        words[WIDTH * index + 1] = count;
        words[WIDTH * index + 2] = value;
        words[WIDTH * index + 3] = birth;
    }

    /** What two sorted lists both cover, with births of the first. */
    static Runs inBoth(Runs a, Runs b) {
        Runs both = new Runs();
        int at = 0;
        for (int i = 0; i < a.size; i++) {
            while (at < b.size && b.end(at) <= a.key(i)) {
                at++;
            }
            for (int k = at; k < b.size && b.key(k) < a.end(i); k++) {
                long start = Math.max(a.key(i), b.key(k));
                both.add(start, Math.min(a.end(i), b.end(k)) - start, 0, a.birth(i));
            }
        }
        return both;
    }

    /** What this sorted list covers and the other one does not. */
    Runs without(Runs other) {
        Runs left = new Runs();
        int at = 0;
        for (int i = 0; i < size; i++) {
            long start = key(i);
            while (at < other.size && other.end(at) <= start) {
                at++;
            }
            for (int k = at; k < other.size && other.key(k) < end(i); k++) {
                if (other.key(k) > start) {
                    left.add(start, other.key(k) - start, 0, birth(i));
                }
                start = Math.max(start, other.end(k));
            }
            if (start < end(i)) {
                left.add(start, end(i) - start, 0, birth(i));
            }
        }
        return left;
    }

    /** What either of two lists covers, sorted. */
    static Runs inEither(Runs a, Runs b) {
        Runs either = new Runs();
        for (Runs runs : List.of(a, b)) {
            for (int i = 0; i < runs.size; i++) {
                either.add(runs.key(i), runs.count(i), 0, runs.birth(i));
            }
        }
        return either.sortByKey();
    }

    /** Blocks covered at least once; the list is sorted. */
    long covered() {
        long sum = 0;
        long end = Long.MIN_VALUE;
        for (int i = 0; i < size; i++) {
            sum += Math.max(0, end(i) - Math.max(end, key(i)));
            end = Math.max(end, end(i));
        }
        return sum;
    }

    /** First key that only one of two sorted lists covers, or -1 when both cover the same. */
    static long firstDifference(Runs a, Runs b) {
        Runs left = a.merged();
        Runs right = b.merged();
        for (int i = 0; i < Math.max(left.size, right.size); i++) {
            if (i >= left.size) {
                return right.key(i);
            }
            if (i >= right.size) {
                return left.key(i);
            }
            if (left.key(i) != right.key(i)) {
                return Math.min(left.key(i), right.key(i));
            }
            if (left.count(i) != right.count(i)) {
                return Math.min(left.end(i), right.end(i));
            }
        }
        return -1;
    }

    private Runs merged() {
        Runs merged = new Runs();
        for (int i = 0; i < size; i++) {
            int last = merged.size - 1;
            if (last >= 0 && merged.end(last) >= key(i)) {
                merged.words[WIDTH * last + 1] = Math.max(merged.end(last), end(i)) - merged.key(last);
            } else {
                merged.add(key(i), count(i), 0, 0);
            }
        }
        return merged;
    }
}

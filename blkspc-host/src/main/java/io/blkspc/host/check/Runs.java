package io.blkspc.host.check;

import java.util.Arrays;

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

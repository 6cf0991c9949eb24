package io.blkspc.host.core;

import java.util.Arrays;

/** A growing list of extents in block order, compact, for millions of them. */
final class ExtentRuns {

    private static final int WIDTH = 5;

    private long[] words = new long[WIDTH * 16];
    private int size;

    /** Receives pieces. */
    interface Visitor {
        void piece(long start, long count, long physical, long birth, int state);
    }

    /** Receives gaps. */
    interface GapVisitor {
        void gap(long start, long count);
    }

    void add(long start, long count, long physical, long birth, int state) {
        if (WIDTH * size == words.length) {
            words = Arrays.copyOf(words, words.length * 2);
        }
        int at = WIDTH * size++;
        words[at] = start;
        words[at + 1] = count;
        words[at + 2] = physical;
        words[at + 3] = birth;
        words[at + 4] = state;
    }

    int size() {
        return size;
    }

    long start(int index) {
        return words[WIDTH * index];
    }

    long end(int index) {
        return start(index) + words[WIDTH * index + 1];
    }

    long blocks() {
        long sum = 0;
        for (int i = 0; i < size; i++) {
            sum += words[WIDTH * i + 1];
        }
        return sum;
    }

    void forEach(Visitor visitor) {
        for (int i = 0; i < size; i++) {
            deliver(i, start(i), end(i), visitor);
        }
    }

    /** The parts of extents inside a range. */
    void within(long from, long to, Visitor visitor) {
        for (int i = firstEndingAfter(from); i < size && start(i) < to; i++) {
            deliver(i, Math.max(from, start(i)), Math.min(to, end(i)), visitor);
        }
    }

    /** What lies before a block, for a list in block order. */
    ExtentRuns upTo(long block) {
        ExtentRuns kept = new ExtentRuns();
        within(0, block, kept::add);
        return kept;
    }

    /** The parts of a range that no extent covers. */
    void gaps(long from, long to, GapVisitor visitor) {
        long at = from;
        for (int i = firstEndingAfter(from); i < size && start(i) < to; i++) {
            if (start(i) > at) {
                visitor.gap(at, start(i) - at);
            }
            at = Math.max(at, end(i));
        }
        if (at < to) {
            visitor.gap(at, to - at);
        }
    }

    private void deliver(int index, long from, long to, Visitor visitor) {
        int at = WIDTH * index;
        visitor.piece(from, to - from, words[at + 2] + from - words[at], words[at + 3], (int) words[at + 4]);
    }

    private int firstEndingAfter(long block) {
        int low = 0;
        int high = size;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (end(middle) <= block) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** Puts extents that were added in any order in order, and leaves out what an earlier one covers already. */
    ExtentRuns sorted() {
        Integer[] order = new Integer[size];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, (a, b) -> Long.compare(start(a), start(b)));
        ExtentRuns sorted = new ExtentRuns();
        for (int index : order) {
            long from = sorted.size == 0 ? 0 : sorted.end(sorted.size - 1);
            if (end(index) > from) {
                deliver(index, Math.max(from, start(index)), end(index), sorted::add);
            }
        }
        return sorted;
    }
}

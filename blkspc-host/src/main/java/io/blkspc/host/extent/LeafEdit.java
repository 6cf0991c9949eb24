package io.blkspc.host.extent;

import java.util.Arrays;

/** Scratch for changing the extents of one leaf span. Reused; not thread safe. */
final class LeafEdit {

    /** At most one extent per block. */
    private final long[] old = new long[2 * Node.FANOUT];

    /** A split makes two of one, but only the blocks of a leaf can start an extent. */
    private final long[] result = new long[2 * Node.FANOUT];

    private final long[] dropped = new long[2 * Node.FANOUT];

    private int oldCount;
    private int resultCount;
    private int droppedCount;

    /** Begins with the extents of a leaf. */
    void load(Node leaf) {
        oldCount = leaf.copyEntries(old);
    }

    /** Begins with an empty slot (0) or a direct extent. */
    void load(long slotWord, long birth) {
        oldCount = slotWord == 0 ? 0 : 1;
        old[0] = slotWord == 0 ? 0 : Entry.extent(0, Node.FANOUT, ExtentRun.WRITTEN, Entry.target(slotWord));
        old[1] = birth;
    }

    /**
     * Replaces the blocks from {@code from} to {@code to}, which is exclusive.
     *
     * <pre>
     *  old     [--A--][-----B-----]   [--C--]
     *  range       [---------------------)
     *  result  [A)[-------- new ---------)[C]     dropped: (A]  B  [C)
     * </pre>
     */
    void replace(int from, int to, long physical, int state, long birth) {
        droppedCount = 0;
        int index = firstAtOrAfter(from);
        System.arraycopy(old, 0, result, 0, 2 * index);
        resultCount = index;
        if (index > 0 && Entry.end(old[2 * index - 2]) > from) {
            index--;
            result[2 * index] = cut(old[2 * index], 0, from);
        }
        if (state != ExtentRun.NONE) {
            append(Entry.extent(from, to - from, state, physical), birth);
        }
        for (; index < oldCount && Entry.start(old[2 * index]) < to; index++) {
            long word = old[2 * index];
            dropped[2 * droppedCount] = cut(word, from, to);
            dropped[2 * droppedCount + 1] = old[2 * index + 1];
            droppedCount++;
            if (Entry.end(word) > to) {
                append(cut(word, to, Node.FANOUT), old[2 * index + 1]);
            }
        }
        if (index < oldCount) {
            // Only the first of the rest can have got a new neighbour.
            append(old[2 * index], old[2 * index + 1]);
            index++;
            System.arraycopy(old, 2 * index, result, 2 * resultCount, 2 * (oldCount - index));
            resultCount += oldCount - index;
        }
    }

    /** Index of the first old extent that starts at or after a block. */
    private int firstAtOrAfter(int block) {
        int low = 0;
        int high = oldCount;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (Entry.start(old[2 * middle]) < block) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    boolean isUnchanged() {
        return resultCount == oldCount && Arrays.equals(result, 0, 2 * resultCount, old, 0, 2 * oldCount);
    }

    /** Number of extents now. */
    int count() {
        return resultCount;
    }

    /**
     * {@code true} when one written extent covers the whole span, so that no leaf is needed. Unwritten blocks always keep
     * their leaf: writing them later then needs no node that might not be there.
     */
    boolean isDirect() {
        return resultCount == 1
                && Entry.length(result[0]) == Node.FANOUT
                && Entry.state(result[0]) == ExtentRun.WRITTEN;
    }

    long directWord() {
        return Entry.direct(Entry.physical(result[0]));
    }

    long directBirth() {
        return result[1];
    }

    int droppedCount() {
        return droppedCount;
    }

    long droppedWord(int index) {
        return dropped[2 * index];
    }

    long droppedBirth(int index) {
        return dropped[2 * index + 1];
    }

    Node build(long nodeId, long firstBlock) {
        long[] bits = new long[4];
        for (int index = 0; index < resultCount; index++) {
            int start = Entry.start(result[2 * index]);
            bits[start >>> 6] |= 1L << start;
        }
        return new Node(nodeId, 0, firstBlock, bits, Arrays.copyOf(result, 2 * resultCount));
    }

    /** The part of an extent inside {@code from} to {@code to}; they overlap. */
    private static long cut(long word, int from, int to) {
        int start = Math.max(from, Entry.start(word));
        int end = Math.min(to, Entry.end(word));
        return Entry.extent(start, end - start, Entry.state(word), Entry.physical(word) + (start - Entry.start(word)));
    }

    /** Adds an extent behind the others; joins it to the last when it continues it with the same state and birth. */
    private void append(long word, long birth) {
        if (resultCount > 0) {
            long last = result[2 * resultCount - 2];
            if (Entry.end(last) == Entry.start(word)
                    && Entry.physical(last) + Entry.length(last) == Entry.physical(word)
                    && Entry.state(last) == Entry.state(word)
                    && result[2 * resultCount - 1] == birth) {
                int length = Entry.length(last) + Entry.length(word);
                result[2 * resultCount - 2] =
                        Entry.extent(Entry.start(last), length, Entry.state(last), Entry.physical(last));
                return;
            }
        }
        result[2 * resultCount] = word;
        result[2 * resultCount + 1] = birth;
        resultCount++;
    }
}

package io.blkspc.host.core;

import java.util.Arrays;

/**
 * Some of the cells of {@link DropCells}: next to each other, by start, so many words each. Knows nothing of other chunks, nor
 * does it join what becomes alike. Guarded by the order lock.
 */
final class DropChunk {

    /** Most cells of a chunk: to insert one moves half of them, to split a chunk moves half of the list of chunks. */
    static final int MOST_CELLS = 128;

    private static final int FIRST_CELLS = 4; // most hidden versions have few drops

    private static final int WORDS = 5;
    private static final int END = 1;
    private static final int BIRTH = 2;
    private static final int TAGS = 3;
    private static final int COUNT = 4;
    private static final long GONE = 1L << 40; // beside the count, which is an int

    private long[] words;
    private int size;

    /** No cell that is not gone has a higher count. */
    private int most;

    DropChunk() {
        this(FIRST_CELLS);
    }

    private DropChunk(int cells) {
        words = new long[WORDS * cells];
    }

    int size() {
        return size;
    }

    boolean isFull() {
        return size == MOST_CELLS;
    }

    long start(int cell) {
        return words[WORDS * cell];
    }

    long end(int cell) {
        return words[WORDS * cell + END];
    }

    void end(int cell, long end) {
        words[WORDS * cell + END] = end;
    }

    long birth(int cell) {
        return words[WORDS * cell + BIRTH];
    }

    long tags(int cell) {
        return words[WORDS * cell + TAGS];
    }

    int count(int cell) {
        return (int) words[WORDS * cell + COUNT];
    }

    boolean isGone(int cell) {
        return (words[WORDS * cell + COUNT] & GONE) != 0;
    }

    void setGone(int cell) {
        words[WORDS * cell + COUNT] |= GONE;
    }

    void add(int cell, int more, long moreTags) {
        words[WORDS * cell + TAGS] += moreTags;
        words[WORDS * cell + COUNT] += more;
    }

    /** A cell that is not gone has this count now. */
    void counted(int count) {
        most = Math.max(most, count);
    }

    /** {@code false}: no cell has this count, or it is gone. */
    boolean mayHave(int count) {
        return most >= count;
    }

    /** Delivers, from one on, the cells with this count that start below a key and are not gone; {@code false}: no more is wanted. */
    boolean forEach(int first, int count, long to, DropCells.Visitor visitor) {
        int highest = 0;
        for (int i = 0; i < size; i++) {
            int has = isGone(i) ? 0 : count(i);
            highest = Math.max(highest, has);
            if (i >= first && has == count && start(i) < to && !visitor.cell(start(i), end(i), birth(i), tags(i))) {
                return false;
            }
        }
        most = highest; // cells are gone, or go, without a search for the next highest
        return true;
    }

    /** {@code true} when a cell goes on where one of another chunk, or of this one, ends, and all else is the same. */
    boolean continues(int cell, DropChunk other, int otherCell) {
        int mine = WORDS * cell;
        int its = WORDS * otherCell;
        return words[mine] == other.words[its + END]
                && words[mine + BIRTH] == other.words[its + BIRTH]
                && words[mine + TAGS] == other.words[its + TAGS]
                && words[mine + COUNT] == other.words[its + COUNT];
    }

    /** Index of the first cell that ends after a key, or the size. */
    int after(long key) {
        int low = 0;
        for (int high = size; low < high; ) {
            int middle = (low + high) >>> 1;
            if (end(middle) > key) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    /** Inserts a cell of count 0; not into a chunk that is full. */
    void insert(int cell, long start, long end, long birth) {
        if (WORDS * size == words.length) {
            words = Arrays.copyOf(words, Math.min(WORDS * MOST_CELLS, 2 * words.length));
        }
        System.arraycopy(words, WORDS * cell, words, WORDS * (cell + 1), WORDS * (size - cell));
        size++;
        words[WORDS * cell] = start;
        words[WORDS * cell + END] = end;
        words[WORDS * cell + BIRTH] = birth;
        words[WORDS * cell + TAGS] = 0;
        words[WORDS * cell + COUNT] = 0;
    }

    void remove(int cell) {
        size--;
        System.arraycopy(words, WORDS * (cell + 1), words, WORDS * cell, WORDS * (size - cell));
    }

    /** Moves the upper half of the cells into a chunk of their own. */
    DropChunk split() {
        DropChunk upper = new DropChunk(MOST_CELLS);
        int kept = size / 2;
        upper.size = size - kept;
        upper.most = most;
        System.arraycopy(words, WORDS * kept, upper.words, 0, WORDS * upper.size);
        size = kept;
        return upper;
    }
}

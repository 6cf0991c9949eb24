package io.blkspc.host.core;

import java.util.Arrays;

/**
 * Disjoint intervals of keys, with how many children gave each up, and which: the sum of their tags. A write to a clone changes one
 * of maybe millions, so the cells lie in arrays, {@value #CHUNK_CELLS} to a chunk, where a search touches few lines of memory, and
 * none of them is an object.
 *
 * <pre>
 *  firsts     0           900         4711           first key of each chunk
 *  chunks   [0,3) [7,9)  [900,901)   [4711,4720)     cells by start
 * </pre>
 *
 * <p>What a change makes alike its neighbour is joined to it. A cell that is <em>gone</em> is found by changes, but {@link #countOf}
 * and {@link #forEach} know nothing of it. Guarded by the order lock.
 */
final class DropCells {

    /** Most cells of a chunk: to insert one moves half of them, to split a chunk moves half of the list of chunks. */
    static final int CHUNK_CELLS = 128;

    private static final int FIRST_CELLS = 4; // most hidden versions have few drops
    private static final Chunk[] NO_CHUNKS = {};
    private static final long[] NO_KEYS = {};

    /** Cells next to each other, by start: so many words each. */
    private static final class Chunk {
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

        private Chunk(int cells) {
            words = new long[WORDS * cells];
        }

        private long start(int cell) {
            return words[WORDS * cell];
        }

        private long end(int cell) {
            return words[WORDS * cell + END];
        }

        private void end(int cell, long end) {
            words[WORDS * cell + END] = end;
        }

        private long birth(int cell) {
            return words[WORDS * cell + BIRTH];
        }

        private long tags(int cell) {
            return words[WORDS * cell + TAGS];
        }

        private int count(int cell) {
            return (int) words[WORDS * cell + COUNT];
        }

        private boolean isGone(int cell) {
            return (words[WORDS * cell + COUNT] & GONE) != 0;
        }

        private void setGone(int cell) {
            words[WORDS * cell + COUNT] |= GONE;
        }

        private void add(int cell, int more, long moreTags) {
            words[WORDS * cell + TAGS] += moreTags;
            words[WORDS * cell + COUNT] += more;
        }

        /** {@code true} when a cell goes on where one of another chunk, or of this one, ends, and all else is the same. */
        private boolean continues(int cell, Chunk other, int otherCell) {
            int mine = WORDS * cell;
            int its = WORDS * otherCell;
            return words[mine] == other.words[its + END]
                    && words[mine + BIRTH] == other.words[its + BIRTH]
                    && words[mine + TAGS] == other.words[its + TAGS]
                    && words[mine + COUNT] == other.words[its + COUNT];
        }

        /** Index of the first cell that ends after a key, or the size. */
        private int after(long key) {
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

        private void insert(int cell, long start, long end, long birth) {
            if (WORDS * size == words.length) {
                words = Arrays.copyOf(words, Math.min(WORDS * CHUNK_CELLS, 2 * words.length));
            }
            System.arraycopy(words, WORDS * cell, words, WORDS * (cell + 1), WORDS * (size - cell));
            size++;
            words[WORDS * cell] = start;
            words[WORDS * cell + END] = end;
            words[WORDS * cell + BIRTH] = birth;
            words[WORDS * cell + TAGS] = 0;
            words[WORDS * cell + COUNT] = 0;
        }

        private void remove(int cell) {
            size--;
            System.arraycopy(words, WORDS * (cell + 1), words, WORDS * cell, WORDS * (size - cell));
        }

        /** Moves the cells from one on into a chunk of their own. */
        private Chunk split(int cell) {
            Chunk upper = new Chunk(CHUNK_CELLS);
            upper.size = size - cell;
            upper.most = most;
            System.arraycopy(words, WORDS * cell, upper.words, 0, WORDS * upper.size);
            size = cell;
            return upper;
        }
    }

    /** Receives cells. */
    interface Visitor {
        /** {@code false}: no more. */
        boolean cell(long start, long end, long birth, long tags);
    }

    private Chunk[] chunks = NO_CHUNKS;
    private long[] firsts = NO_KEYS;
    private int chunkCount;

    /** How many cells, of those not gone, have each count. */
    private long[] cellsByCount = NO_KEYS;

    // The cursor: a cell, or the place behind the last one. No chunk is empty.
    private int chunk;
    private int index;

    /** Number of cells with this count, 1 or more. */
    long countOf(int count) {
        return count < cellsByCount.length ? cellsByCount[count] : 0;
    }

    /** Delivers, by key, the cells with this count, 1 or more, that have a key in {@code [from, to)}. The visitor changes nothing here. */
    void forEach(int count, long from, long to, Visitor visitor) {
        if (countOf(count) == 0) {
            return;
        }
        seek(from);
        int first = index;
        for (int at = chunk; at < chunkCount && firsts[at] < to; at++) {
            if (chunks[at].most >= count && !visit(chunks[at], first, count, to, visitor)) {
                return;
            }
            first = 0;
        }
    }

    private static boolean visit(Chunk cells, int first, int count, long to, Visitor visitor) {
        int most = 0;
        for (int i = 0; i < cells.size; i++) {
            int has = cells.isGone(i) ? 0 : cells.count(i);
            most = Math.max(most, has);
            if (i >= first
                    && has == count
                    && cells.start(i) < to
                    && !visitor.cell(cells.start(i), cells.end(i), cells.birth(i), cells.tags(i))) {
                return false;
            }
        }
        cells.most = most;
        return true;
    }

    /**
     * Adds {@code more} to the count of every part of an interval, and {@code moreTags} to its tags. Parts not there yet are made with
     * {@code birth}; parts that nobody has given up any more go.
     *
     * @throws IllegalStateException when a count would be below 0
     */
    void add(long start, long end, long birth, int more, long moreTags) {
        change(start, end, birth, more, moreTags, false);
    }

    /** Every part of an interval is gone from now on; parts not there yet are made. */
    void setGone(long start, long end) {
        change(start, end, 0, 0, 0, true);
    }

    /** The cell that starts at a key is gone from now on. Its bounds stay. */
    void setGone(long start) {
        seek(start);
        if (!isAtCell() || chunks[chunk].start(index) != start) {
            throw new IllegalStateException("no interval starts there: key=" + start);
        }
        uncount();
        chunks[chunk].setGone(index);
    }

    /** Cuts the cell across a key, if there is one. The cursor is then at the first cell that starts at the key or later. */
    void cut(long key) {
        seek(key);
        if (isAtCell() && chunks[chunk].start(index) < key) {
            cutHere(key);
            index++;
            isAtCell();
        }
    }

    /** Cuts the cell at the cursor, which is then at its first part. */
    private void cutHere(long key) {
        Chunk cells = chunks[chunk];
        long end = cells.end(index);
        int count = cells.count(index);
        long tags = cells.tags(index);
        boolean isGone = cells.isGone(index);
        cells.end(index, key);
        index++;
        insert(key, end, cells.birth(index - 1));
        chunks[chunk].add(index, count, tags);
        if (isGone) {
            chunks[chunk].setGone(index);
        }
        count();
        index--; // not below 0: what is inserted behind a cell is never the first of a chunk
    }

    private void change(long start, long end, long birth, int more, long moreTags, boolean goes) {
        cut(start);
        for (long at = start; at < end; ) {
            long next = isAtCell() ? chunks[chunk].start(index) : end;
            if (next > at) {
                insert(at, Math.min(end, next), birth);
            } else {
                if (chunks[chunk].end(index) > end) {
                    cutHere(end);
                }
                uncount();
            }
            Chunk cells = chunks[chunk];
            at = cells.end(index);
            if (cells.count(index) + more < 0) {
                throw new IllegalStateException("drop was never counted: key=" + cells.start(index));
            }
            cells.add(index, more, moreTags);
            if (goes) {
                cells.setGone(index);
            }
            settle();
        }
        joinToTheOneBefore();
    }

    /** Counts the changed cell, joins it to the one before where they are alike, or removes what nobody gave up; then goes on. */
    private void settle() {
        Chunk cells = chunks[chunk];
        if (cells.count(index) == 0 && !cells.isGone(index)) {
            remove();
            return;
        }
        count();
        if (!joinToTheOneBefore()) {
            index++;
        }
    }

    /** Joins the cell at the cursor to the one before if it continues that; the cursor is then behind it. */
    private boolean joinToTheOneBefore() {
        if (!isAtCell() || (chunk == 0 && index == 0)) {
            return false;
        }
        Chunk cells = chunks[chunk];
        Chunk before = index > 0 ? cells : chunks[chunk - 1];
        int last = index > 0 ? index - 1 : before.size - 1;
        if (!cells.continues(index, before, last)) {
            return false;
        }
        before.end(last, cells.end(index));
        uncount();
        remove();
        return true;
    }

    /** Moves to the first cell that ends after a key, or behind the last one. */
    private void seek(long key) {
        int at = Arrays.binarySearch(firsts, 0, chunkCount, key);
        chunk = Math.max(0, at >= 0 ? at : -at - 2);
        index = chunkCount == 0 ? 0 : chunks[chunk].after(key);
    }

    /** Steps into the next chunk where this one ends; {@code false} behind the last cell. */
    private boolean isAtCell() {
        if (chunk + 1 < chunkCount && index == chunks[chunk].size) {
            chunk++;
            index = 0;
        }
        return chunk < chunkCount && index < chunks[chunk].size;
    }

    /** Inserts a cell of count 0 before the cursor, which is then at it; it is to be counted. */
    private void insert(long start, long end, long birth) {
        if (chunkCount == 0) {
            insertChunk(0, new Chunk(FIRST_CELLS), start);
        } else if (chunks[chunk].size == CHUNK_CELLS) {
            Chunk upper = chunks[chunk].split(CHUNK_CELLS / 2);
            insertChunk(chunk + 1, upper, upper.start(0));
            int behind = index - chunks[chunk].size;
            if (behind > 0) {
                chunk++;
                index = behind;
            }
        }
        chunks[chunk].insert(index, start, end, birth);
        firsts[chunk] = chunks[chunk].start(0);
    }

    /** Removes the cell at the cursor, which is then at the one behind; it was not counted. */
    private void remove() {
        Chunk cells = chunks[chunk];
        cells.remove(index);
        if (cells.size > 0) {
            firsts[chunk] = cells.start(0);
            return;
        }
        chunkCount--;
        System.arraycopy(chunks, chunk + 1, chunks, chunk, chunkCount - chunk);
        System.arraycopy(firsts, chunk + 1, firsts, chunk, chunkCount - chunk);
        chunks[chunkCount] = null;
        if (chunk == chunkCount && chunk > 0) { // it was the last one
            chunk--;
            index = chunks[chunk].size;
        }
    }

    private void insertChunk(int at, Chunk added, long first) {
        if (chunkCount == chunks.length) {
            int wider = Math.max(1, 2 * chunkCount);
            chunks = Arrays.copyOf(chunks, wider);
            firsts = Arrays.copyOf(firsts, wider);
        }
        System.arraycopy(chunks, at, chunks, at + 1, chunkCount - at);
        System.arraycopy(firsts, at, firsts, at + 1, chunkCount - at);
        chunks[at] = added;
        firsts[at] = first;
        chunkCount++;
    }

    private void count() {
        Chunk cells = chunks[chunk];
        if (cells.isGone(index)) {
            return;
        }
        int count = cells.count(index);
        cells.most = Math.max(cells.most, count);
        if (count >= cellsByCount.length) {
            cellsByCount = Arrays.copyOf(cellsByCount, Math.max(count + 1, 2 * cellsByCount.length));
        }
        cellsByCount[count]++;
    }

    private void uncount() {
        if (!chunks[chunk].isGone(index)) {
            cellsByCount[chunks[chunk].count(index)]--;
        }
    }
}

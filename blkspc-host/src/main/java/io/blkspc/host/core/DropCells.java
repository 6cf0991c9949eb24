package io.blkspc.host.core;

import java.util.Arrays;

/**
 * Disjoint intervals of keys, with how many children gave each up, and which: the sum of their tags. A write to a clone changes one
 * of maybe millions, so the cells lie in arrays, up to {@value DropChunk#MOST_CELLS} to a {@linkplain DropChunk chunk}, where a
 * search touches few lines of memory, and none of them is an object.
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

    private static final DropChunk[] NO_CHUNKS = {};
    private static final long[] NO_KEYS = {};

    /** Receives cells. */
    interface Visitor {
        /** {@code false}: no more. */
        boolean cell(long start, long end, long birth, long tags);
    }

    private DropChunk[] chunks = NO_CHUNKS;
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
            if (chunks[at].mayHave(count) && !chunks[at].forEach(first, count, to, visitor)) {
                return;
            }
            first = 0;
        }
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
        DropChunk cells = chunks[chunk];
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
            DropChunk cells = chunks[chunk];
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
        DropChunk cells = chunks[chunk];
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
        DropChunk cells = chunks[chunk];
        DropChunk before = index > 0 ? cells : chunks[chunk - 1];
        int last = index > 0 ? index - 1 : before.size() - 1;
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
        if (chunk + 1 < chunkCount && index == chunks[chunk].size()) {
            chunk++;
            index = 0;
        }
        return chunk < chunkCount && index < chunks[chunk].size();
    }

    /** Inserts a cell of count 0 before the cursor, which is then at it; it is to be counted. */
    private void insert(long start, long end, long birth) {
        if (chunkCount == 0) {
            insertChunk(0, new DropChunk(), start);
        } else if (chunks[chunk].isFull()) {
            DropChunk upper = chunks[chunk].split();
            insertChunk(chunk + 1, upper, upper.start(0));
            int behind = index - chunks[chunk].size();
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
        DropChunk cells = chunks[chunk];
        cells.remove(index);
        if (cells.size() > 0) {
            firsts[chunk] = cells.start(0);
            return;
        }
        chunkCount--;
        System.arraycopy(chunks, chunk + 1, chunks, chunk, chunkCount - chunk);
        System.arraycopy(firsts, chunk + 1, firsts, chunk, chunkCount - chunk);
        chunks[chunkCount] = null;
        if (chunk == chunkCount && chunk > 0) { // it was the last one
            chunk--;
            index = chunks[chunk].size();
        }
    }

    private void insertChunk(int at, DropChunk added, long first) {
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
        DropChunk cells = chunks[chunk];
        if (cells.isGone(index)) {
            return;
        }
        int count = cells.count(index);
        cells.counted(count);
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

package io.blkspc.host.checkpoint;

import java.util.BitSet;

/**
 * Which segments may be written. A segment is <em>busy</em> from the moment it is taken until a committed checkpoint has
 * no live image in it; so nothing that the last committed root reaches is ever overwritten. Owned by the store.
 */
final class SegmentSpace {

    private int count;
    private final BitSet busy;
    private final BitSet fresh;
    private int free;
    private int cursor;

    SegmentSpace(int count) {
        this.count = count;
        busy = new BitSet(count);
        fresh = new BitSet(count);
        free = count;
    }

    /** There are more segments; they are not written before the next commit: until then something else may lie there. */
    void grow(int newCount) {
        busy.set(count, newCount);
        count = newCount;
    }

    int free() {
        return free;
    }

    /** {@code true} when the segment was taken since the last commit. */
    boolean isFresh(int segment) {
        return fresh.get(segment);
    }

    boolean isBusy(int segment) {
        return busy.get(segment);
    }

    /** Takes the next free segment in turn, or returns -1. */
    int take() {
        if (free == 0) {
            return -1;
        }
        int segment = busy.nextClearBit(cursor);
        if (segment >= count) {
            segment = busy.nextClearBit(0);
        }
        busy.set(segment);
        fresh.set(segment);
        free--;
        cursor = segment + 1;
        return segment;
    }

    /** Frees what no live image is in, keeps the rest. */
    void commit(SegmentDirectory directory) {
        for (int segment = 0; segment < count; segment++) {
            busy.set(segment, directory.liveCount(segment) > 0);
        }
        fresh.clear();
        free = count - busy.cardinality();
    }
}

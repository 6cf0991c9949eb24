package io.blkspc.xfsish.buffer;

import io.blkspc.api.Cookie;
import java.util.Arrays;

/**
 * Buffers that write-back took together, in ascending order, and how far each got. Made once and used again; owned by the
 * thread that runs write-back.
 */
public final class DirtyBatch {

    /** How far one buffer got. */
    public enum Outcome {
        /** Not allocated. */
        UNTOUCHED,
        /** To be written in place; not known to be down. */
        IN_PLACE,
        /** Staged; its data is not known to be down. */
        STAGED,
        /** Staged and its data is down: may be committed. */
        DOWN,
        /** Written in place, or committed: clean. */
        DONE
    }

    /** Most buffers of one batch: what one checksum may cover, and below what one system call takes. */
    public static final int MAX_BUFFERS = 256;

    final Buffer[] buffers = new Buffer[MAX_BUFFERS];
    final int[] keys = new int[MAX_BUFFERS];
    final Outcome[] outcomes = new Outcome[MAX_BUFFERS];
    final Cookie[] settled = new Cookie[MAX_BUFFERS];
    int size;
    int nextKey;
    int settledCount;

    /** Number of buffers. */
    public int size() {
        return size;
    }

    /** Buffer {@code index}. */
    public Buffer buffer(int index) {
        return buffers[index];
    }

    /** How far buffer {@code index} got. */
    public Outcome outcome(int index) {
        return outcomes[index];
    }

    /** Sets how far {@code count} buffers from {@code first} on got. */
    public void outcome(int first, int count, Outcome outcome) {
        Arrays.fill(outcomes, first, first + count, outcome);
    }

    /** Position of buffer {@code index} in the round's list of dirty buffers. */
    public int key(int index) {
        return keys[index];
    }

    /** First position of the round's list that the batch did not look at. */
    public int nextKey() {
        return nextKey;
    }

    /** Buffers from {@code first} on that are neighbours in the space and paid for by one cookie. */
    public int runLength(int first) {
        int end = first + 1;
        while (end < size
                && buffers[end].block == buffers[end - 1].block + 1
                && buffers[end].isPaidBy(buffers[first].cookie)) {
            end++;
        }
        return end - first;
    }

    void add(Buffer buffer, int key) {
        buffers[size] = buffer;
        keys[size] = key;
        outcomes[size] = Outcome.UNTOUCHED;
        size++;
    }

    void clear() {
        Arrays.fill(buffers, 0, size, null);
        size = 0;
    }

    /** Puts the references of the buffers that became clean. Call without a lock: the host takes its own. */
    public void putCookies() {
        for (int i = 0; i < settledCount; i++) {
            Cookie cookie = settled[i];
            settled[i] = null;
            cookie.put();
        }
        settledCount = 0;
    }
}

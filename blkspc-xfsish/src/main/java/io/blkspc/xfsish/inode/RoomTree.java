package io.blkspc.xfsish.inode;

import java.util.Arrays;

/**
 * The largest free room of each block of a directory, as a tournament: a node is the larger of the two below it. So the first
 * block with enough of it, which is the one that a walk from the front would find, takes one step for each level. Guarded by
 * the lock of the file system.
 */
final class RoomTree {

    /** Root at 1, the two below node n at 2n and 2n + 1, block 0 at {@code capacity}. */
    private short[] best = new short[2];

    private int capacity = 1;
    private int count;

    /** Sets the room of a block, in bytes; at most one block behind the last. */
    void set(int block, int room) {
        if (block == capacity) {
            grow();
        }
        count = Math.max(count, block + 1);
        int at = capacity + block;
        best[at] = (short) room;
        for (at >>>= 1; at > 0; at >>>= 1) {
            best[at] = (short) Math.max(best[2 * at], best[2 * at + 1]);
        }
    }

    private void grow() {
        short[] leaves = Arrays.copyOfRange(best, capacity, 2 * capacity);
        capacity *= 2;
        best = new short[2 * capacity];
        System.arraycopy(leaves, 0, best, capacity, leaves.length);
        for (int at = capacity - 1; at > 0; at--) {
            best[at] = (short) Math.max(best[2 * at], best[2 * at + 1]);
        }
    }

    /** The first block with so much room, in bytes, more than 0; -1 when there is none. */
    int first(int needed) {
        int at = 1;
        if (best[at] < needed) {
            return -1;
        }
        while (at < capacity) {
            at = best[2 * at] >= needed ? 2 * at : 2 * at + 1;
        }
        return at - capacity;
    }

    /** Number of blocks. */
    int count() {
        return count;
    }

    /** What it takes of the heap. */
    long bytes() {
        return (long) best.length * Short.BYTES;
    }
}

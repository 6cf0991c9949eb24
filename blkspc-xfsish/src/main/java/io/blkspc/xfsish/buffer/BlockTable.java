package io.blkspc.xfsish.buffer;

import java.util.Arrays;

/** Buffers by block: open addressing with linear probing, at most half full, so nothing is allocated after it was made. */
final class BlockTable {

    private final Buffer[] entries;
    private final int mask;

    BlockTable(int capacity) {
        int size = Integer.highestOneBit(Math.max(4, capacity) * 2 - 1) << 1;
        entries = new Buffer[size];
        mask = size - 1;
    }

    Buffer get(long block) {
        for (int i = home(block); entries[i] != null; i = (i + 1) & mask) {
            if (entries[i].block == block) {
                return entries[i];
            }
        }
        return null;
    }

    void add(Buffer buffer) {
        int i = home(buffer.block);
        while (entries[i] != null) {
            i = (i + 1) & mask;
        }
        entries[i] = buffer;
    }

    /** Closes the gap, so that probing never meets a grave. */
    void remove(Buffer buffer) {
        int gap = home(buffer.block);
        while (entries[gap] != buffer) {
            gap = (gap + 1) & mask;
        }
        entries[gap] = null;
        for (int i = (gap + 1) & mask; entries[i] != null; i = (i + 1) & mask) {
            int distance = (i - home(entries[i].block)) & mask;
            if (distance >= ((i - gap) & mask)) {
                entries[gap] = entries[i];
                entries[i] = null;
                gap = i;
            }
        }
    }

    void clear() {
        Arrays.fill(entries, null);
    }

    private int home(long block) {
        long mixed = block * 0x9E3779B97F4A7C15L;
        return (int) (mixed >>> 32) & mask;
    }
}

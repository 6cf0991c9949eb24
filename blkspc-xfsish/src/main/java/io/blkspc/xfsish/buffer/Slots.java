package io.blkspc.xfsish.buffer;

import io.blkspc.api.Geometry;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The memory of the cache: a fixed number of buffers, found by block, reused by the second-chance rule. Guarded by the lock
 * of the cache. The memory lives as long as anybody can reach it, so a reader that is late after a shutdown reads no foreign
 * bytes.
 */
final class Slots {

    final MemorySegment memory;
    final Buffer[] all;
    private final BlockTable table;
    private final Buffer[] free;
    private int freeCount;
    private int hand;

    Slots(int capacity) {
        memory = Arena.ofAuto().allocate((long) capacity * Geometry.BLOCK_BYTES, Geometry.BLOCK_BYTES);
        all = new Buffer[capacity];
        free = new Buffer[capacity];
        table = new BlockTable(capacity);
        for (int slot = capacity - 1; slot >= 0; slot--) {
            all[slot] = new Buffer(slot, memory);
            free[freeCount++] = all[slot];
        }
    }

    Buffer find(long block) {
        return table.get(block);
    }

    /** A buffer for a block that has none, held by {@code holder}; null when none can be had now. */
    Buffer claim(long block, BufferHolder holder) {
        Buffer buffer = freeCount > 0 ? free[--freeCount] : evict();
        if (buffer != null) {
            buffer.block = block;
            buffer.holder = holder;
            buffer.referenced = true;
            table.add(buffer);
        }
        return buffer;
    }

    /** Forgets a buffer; a cookie it owned is the caller's to put. */
    void drop(Buffer buffer) {
        table.remove(buffer);
        buffer.becomeEmpty();
        free[freeCount++] = buffer;
    }

    /** Gives a buffer another block, for which there is none. */
    void rename(Buffer buffer, long block) {
        table.remove(buffer);
        buffer.block = block;
        table.add(buffer);
    }

    private Buffer evict() {
        for (int seen = 0; seen < 2 * all.length; seen++) {
            Buffer buffer = all[hand];
            hand = (hand + 1) % all.length;
            if (buffer.isEvictable()) {
                if (!buffer.referenced) {
                    table.remove(buffer);
                    buffer.becomeEmpty();
                    return buffer;
                }
                buffer.referenced = false;
            }
        }
        return null;
    }
}

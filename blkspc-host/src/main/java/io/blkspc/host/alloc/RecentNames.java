package io.blkspc.host.alloc;

import org.agrona.collections.LongHashSet;

/**
 * The physical blocks that a record above the durable mark names with a checksum. No data may be written to them (SEMANTICS
 * R1): then a checksum that does not match above the mark always means "never persisted". A block is named at most once
 * above the mark, because naming it again would need a write to it. Guarded by the order lock.
 */
public final class RecentNames {

    private final LongHashSet blocks = new LongHashSet(1024);
    private long[] queue = new long[3 * 64]; // sequence, start, count
    private int head;
    private int size;

    /** Blocks named above the mark. */
    public int blocks() {
        return blocks.size();
    }

    /** {@code true} when a record above the mark names this block. */
    public boolean contains(long block) {
        return blocks.contains(block);
    }

    /** Record {@code sequence} names these blocks. */
    public void add(long sequence, long start, long count) {
        int capacity = queue.length / 3;
        if (size == capacity) {
            long[] wider = new long[queue.length * 2];
            for (int i = 0; i < size; i++) {
                System.arraycopy(queue, 3 * ((head + i) % capacity), wider, 3 * i, 3);
            }
            queue = wider;
            head = 0;
            capacity *= 2;
        }
        int at = 3 * ((head + size) % capacity);
        queue[at] = sequence;
        queue[at + 1] = start;
        queue[at + 2] = count;
        size++;
        for (long b = start; b < start + count; b++) {
            if (!blocks.add(b)) {
                throw new IllegalStateException("block named twice above the mark: block=" + b);
            }
        }
    }

    /** The durable mark is now {@code durableMark}: forgets what is at or below it. */
    public void settle(long durableMark) {
        int capacity = queue.length / 3;
        while (size > 0 && queue[3 * head] <= durableMark) {
            long start = queue[3 * head + 1];
            for (long b = start; b < start + queue[3 * head + 2]; b++) {
                blocks.remove(b);
            }
            head = (head + 1) % capacity;
            size--;
        }
    }
}

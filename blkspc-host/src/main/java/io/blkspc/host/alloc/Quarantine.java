package io.blkspc.host.alloc;

/**
 * Freed blocks that must rest before reuse (SEMANTICS R7): until the record that freed them is at or below the durable
 * mark, because an older record that a recovery may fall back to still names them; and until every reader that may have
 * mapped them has ended its lease. First in, first out; records free in sequence order and read epochs only grow, so only
 * the head needs looking at. Guarded by the order lock.
 */
public final class Quarantine {

    private long[] entries = new long[4 * 64]; // sequence, read epoch, start, count
    private int head;
    private int size;
    private long blocks;

    /** Blocks resting. */
    public long blocks() {
        return blocks;
    }

    /** Adds blocks freed by record {@code sequence} while readers of {@code readEpoch} were possible. */
    public void add(long sequence, long readEpoch, long start, long count) {
        int capacity = entries.length / 4;
        if (size > 0) {
            int last = 4 * ((head + size - 1) % capacity);
            if (entries[last] == sequence
                    && entries[last + 1] == readEpoch
                    && entries[last + 2] + entries[last + 3] == start) {
                entries[last + 3] += count;
                blocks += count;
                return;
            }
        }
        if (size == capacity) {
            grow();
            capacity = entries.length / 4;
        }
        int at = 4 * ((head + size) % capacity);
        entries[at] = sequence;
        entries[at + 1] = readEpoch;
        entries[at + 2] = start;
        entries[at + 3] = count;
        size++;
        blocks += count;
    }

    /** The sequence that must be durable before anything more can be released, or -1 when nothing rests. */
    public long oldestSequence() {
        return size == 0 ? -1 : entries[4 * head];
    }

    /** The read epoch of the oldest resting blocks; meaningless when nothing rests. */
    public long oldestReadEpoch() {
        return size == 0 ? -1 : entries[4 * head + 1];
    }

    /**
     * Gives back what has rested long enough.
     *
     * @param durableMark Hd of R1
     * @param quietEpoch newest read epoch whose readers have all ended
     * @return blocks released
     */
    public long release(long durableMark, long quietEpoch, FreeSpace space) {
        long released = 0;
        while (size > 0 && entries[4 * head] <= durableMark && entries[4 * head + 1] <= quietEpoch) {
            space.release(entries[4 * head + 2], entries[4 * head + 3]);
            released += entries[4 * head + 3];
            head = (head + 1) % (entries.length / 4);
            size--;
        }
        blocks -= released;
        return released;
    }

    private void grow() {
        int capacity = entries.length / 4;
        long[] wider = new long[entries.length * 2];
        for (int i = 0; i < size; i++) {
            System.arraycopy(entries, 4 * ((head + i) % capacity), wider, 4 * i, 4);
        }
        entries = wider;
        head = 0;
    }
}

package io.blkspc.host.journal;

/**
 * Where each record still in the ring ends and what its CRC is: two primitive arrays indexed by sequence. Sequences are
 * consecutive, so no search and no allocation. Guarded by the journal's caller.
 *
 * <p>I1: holds every sequence from {@code lowest} to {@code highest}, at least one.
 */
final class RecordPositions {

    private final int[] endUnits;
    private final int[] crcs;
    private final int mask;
    private long lowest;
    private long highest;

    /** Room for one record per 512 bytes of ring; begins with the end of the record before the first. */
    RecordPositions(long capacityBytes, long sequence, long endPosition, int crc) {
        int records = Math.toIntExact(capacityBytes / JournalRecordHeader.ALIGNMENT) + 1;
        int slots = Integer.highestOneBit(records - 1) << 1;
        endUnits = new int[slots];
        crcs = new int[slots];
        mask = slots - 1;
        lowest = sequence;
        highest = sequence - 1;
        add(endPosition, crc);
    }

    /** Adds the next sequence. */
    void add(long endPosition, int crc) {
        highest++;
        int slot = (int) highest & mask;
        endUnits[slot] = (int) (endPosition / JournalRecordHeader.ALIGNMENT);
        crcs[slot] = crc;
    }

    long end(long sequence) {
        return (long) endUnits[slot(sequence)] * JournalRecordHeader.ALIGNMENT;
    }

    int crc(long sequence) {
        return crcs[slot(sequence)];
    }

    long highest() {
        return highest;
    }

    /** Forgets every sequence below {@code sequence}. */
    void dropBelow(long sequence) {
        slot(sequence);
        lowest = sequence;
    }

    private int slot(long sequence) {
        if (sequence < lowest || sequence > highest) {
            throw new IllegalArgumentException("sequence is not in the journal: sequence=" + sequence + ", lowest="
                    + lowest + ", highest=" + highest);
        }
        return (int) sequence & mask;
    }
}

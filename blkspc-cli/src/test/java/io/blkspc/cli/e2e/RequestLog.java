package io.blkspc.cli.e2e;

import java.util.ArrayList;
import java.util.List;

/**
 * Every request and every persist point of one test with its moments, which is what a {@link PowerOracle} judges by. Guarded
 * by the {@link History} that keeps it.
 */
final class RequestLog {

    /** One request; its end is what the client knew. */
    static final class Entry {

        private final History.Operation operation;
        private final boolean isFua;
        private long endTick = History.PENDING;
        private boolean isReplied;

        private Entry(History.Operation operation, boolean isFua) {
            this.operation = operation;
            this.isFua = isFua;
        }

        History.Operation operation() {
            return operation;
        }

        boolean isFua() {
            return isFua;
        }

        /** When it was answered, or when the server died; {@link History#PENDING} before. */
        long endTick() {
            return endTick;
        }

        /** Whether it was answered with success. */
        boolean isReplied() {
            return isReplied;
        }
    }

    /**
     * Something that made durable what had been replied to before it began.
     *
     * @param volume of these requests, {@code null} for all
     * @param beginTick before it was asked for
     * @param endTick after its answer
     */
    record PersistPoint(VolumeOracle volume, long beginTick, long endTick) {}

    /**
     * What was read of a volume while nothing was in flight: it may not change without a write.
     *
     * @param volume that was read
     * @param beginTick before
     * @param endTick after
     * @param seqs the number of the write in each sector, 0 for none
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared, never changed
    record Sighting(VolumeOracle volume, long beginTick, long endTick, long[] seqs) {}

    /** Numbers begin with 1 and have no gaps, so entry {@code seq - 1} is request {@code seq}. */
    private final List<Entry> entries = new ArrayList<>();

    private final List<PersistPoint> persistPoints = new ArrayList<>();
    private final List<Sighting> sightings = new ArrayList<>();

    void begun(History.Operation operation, boolean isFua) {
        entries.add(new Entry(operation, isFua));
    }

    void ended(History.Operation operation, long tick, boolean isReplied) {
        Entry entry = entries.get((int) operation.seq() - 1);
        entry.endTick = tick;
        entry.isReplied = isReplied;
    }

    void persisted(VolumeOracle volume, long beginTick, long endTick) {
        persistPoints.add(new PersistPoint(volume, beginTick, endTick));
    }

    void seen(VolumeOracle volume, long beginTick, long endTick, long[] seqs) {
        sightings.add(new Sighting(volume, beginTick, endTick, seqs));
    }

    List<Entry> entries() {
        return entries;
    }

    List<Sighting> sightings() {
        return sightings;
    }

    /** The latest beginning of a persist point of this volume that was over by then; 0 when there was none. */
    long lastPersistBegin(VolumeOracle volume, long tick) {
        long begin = 0;
        for (PersistPoint point : persistPoints) {
            if ((point.volume() == null || point.volume() == volume) && point.endTick() < tick) {
                begin = Math.max(begin, point.beginTick());
            }
        }
        return begin;
    }
}

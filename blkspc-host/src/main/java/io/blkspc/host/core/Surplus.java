package io.blkspc.host.core;

/**
 * What the budget of a guaranteed head holds beyond what the head may still need, and from when on that may go back to the pool.
 *
 * <p>A commit leaves the head in need of less metadata than it was promised for it. That is not certain before its data was
 * forced: a power cut may undo this commit alone (R3 leaves out an entry whose data never arrived), while records of others stay
 * that came later and use what had gone back. Then the head needs it all again. So a surplus is noted with the last record of that
 * moment, and goes back when everything up to there survives a power cut. What is noted only falls until then: what the head
 * comes to need meanwhile is no surplus any more.
 *
 * <p>Guarded by the order lock.
 */
final class Surplus {

    private static final long NONE = Long.MAX_VALUE;

    private long sequence = NONE;
    private long slots;
    private long logBytes;

    boolean isNoted() {
        return sequence != NONE;
    }

    /** {@code true} when what was noted may go back, with {@code persisted} the last record that survives a power cut. */
    boolean isDue(long persisted) {
        return sequence <= persisted;
    }

    long slots() {
        return slots;
    }

    long logBytes() {
        return logBytes;
    }

    /** The budget has so much too much after this record, {@code persisted} being the last one that survives a power cut. */
    void update(long lastSequence, long persisted, long tooManySlots, long tooManyLogBytes) {
        if (tooManySlots == 0 && tooManyLogBytes == 0) {
            forget();
        } else if (!isNoted() || isDue(persisted)) {
            note(lastSequence, tooManySlots, tooManyLogBytes);
        } else {
            cap(tooManySlots, tooManyLogBytes);
        }
    }

    /** The budget has so much too much now. */
    void cap(long tooManySlots, long tooManyLogBytes) {
        slots = Math.min(slots, tooManySlots);
        logBytes = Math.min(logBytes, tooManyLogBytes);
    }

    /** Nothing is too much, or nobody knows. */
    void forget() {
        note(NONE, 0, 0);
    }

    private void note(long lastSequence, long tooManySlots, long tooManyLogBytes) {
        sequence = lastSequence;
        slots = tooManySlots;
        logBytes = tooManyLogBytes;
    }
}

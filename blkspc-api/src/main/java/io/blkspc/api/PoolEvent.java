package io.blkspc.api;

/**
 * Something that happened to a pool since it was opened.
 *
 * @param number from 1 in each opening, one more for each event
 * @param atMillis wall clock, milliseconds since 1970
 * @param kind what happened
 * @param name the volume or snapshot it happened to, the first where there were several; {@code null} for the pool
 * @param facts {@code name=value} facts, separated by {@code ", "}; may be empty
 */
public record PoolEvent(long number, long atMillis, Kind kind, String name, String facts) {

    /** What happened. */
    public enum Kind {
        /** The pool was opened after a clean stop, or for reading only. */
        OPENED,
        /** The pool was opened after another end. */
        RECOVERED,
        /** A volume was made. */
        CREATED,
        /** Snapshots were made at one moment. */
        SNAPSHOT,
        /** Clones were made. */
        CLONED,
        /** Volumes and snapshots were destroyed. */
        DESTROYED,
        /** A volume or snapshot has another name. */
        RENAMED,
        /** A volume is one of its snapshots again. */
        ROLLED_BACK,
        /** A volume has another size. */
        RESIZED,
        /** A snapshot has one tag more. */
        HELD,
        /** A snapshot has one tag less. */
        RELEASED,
        /** The pool is larger. */
        GROWN,
        /** Something was refused because the pool has no space left. Told at most every ten seconds. */
        SHORTAGE,
        /** The backing store had no room. */
        OUT_OF_BACKING,
        /** The backing store has room again. */
        BACKING_BACK,
        /** Nothing is written any more until the pool is opened again. */
        FAILED
    }
}

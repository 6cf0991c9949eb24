package io.blkspc.cli.e2e;

/**
 * One sector that holds what it must not.
 *
 * @param kind what is wrong with it
 * @param volume name of the volume that was read
 * @param lba sector number
 * @param facts what was found and what is legal there
 */
record Finding(Kind kind, String volume, long lba, String facts) {

    /** Ways in which a sector can be wrong. */
    enum Kind {
        /** Zeros where only data is legal. */
        LOST,
        /** An older write of this sector, although a newer one had been replied to. */
        STALE,
        /** A sector of another place of the same volume. */
        MISPLACED,
        /** A sector of another volume, or one written to the origin after the clone was made. */
        FOREIGN,
        /** Bytes that no write made: a mixture inside a sector, or something else altogether. */
        TORN,
        /** A whole sector with the number of a write that did not go there. */
        IMPOSSIBLE
    }
}

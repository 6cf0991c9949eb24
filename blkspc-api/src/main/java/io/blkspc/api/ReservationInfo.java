package io.blkspc.api;

/**
 * One live promise of data space: a cookie, or what is left of a volume's standing guarantee.
 *
 * @param kind who holds it
 * @param volume full name of the volume it is for; {@code null} when that was destroyed
 * @param id identity of the cookie, 0 for a guarantee
 * @param reservedBytes asked for when it was made
 * @param heldBytes still promised and not drawn; 0 for a cookie of a volume that is guaranteed in full: its guarantee has it
 * @param stagedBytes handed out by allocate and not committed; 0 for a guarantee
 * @param references of a cookie; 1 for a guarantee
 * @param cancelled the cookie takes no more allocations
 * @param ageMillis since it was made, to about a second; 0 for a guarantee
 */
public record ReservationInfo(
        Kind kind,
        String volume,
        long id,
        long reservedBytes,
        long heldBytes,
        long stagedBytes,
        int references,
        boolean cancelled,
        long ageMillis) {

    /** Who holds a promise. */
    public enum Kind {
        /** A client, until its last put. */
        COOKIE,
        /** The volume, as long as it exists. */
        GUARANTEE
    }
}

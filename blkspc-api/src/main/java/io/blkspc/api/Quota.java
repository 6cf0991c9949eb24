package io.blkspc.api;

/**
 * What a new volume is promised and how much it may take, in data bytes. Persistent; a property of the volume, not of a
 * client.
 *
 * <p><b>Guarantee.</b> As long as the volume holds fewer blocks of its own than this, a reservation for the missing ones
 * succeeds, whatever else the pool is used for; it is drawn on first. After a snapshot or clone the volume shares its
 * blocks, and all of the guarantee stands promised again: where that cannot be covered, the snapshot or clone is refused
 * before anything changes. Discarding keeps the volume's own blocks, unwritten.
 *
 * <p><b>Guarantee of the whole volume.</b> Then no reservation is refused, of any size and in a full pool either, and every
 * allocation under it finds its block: what the volume does not own is covered, what it owns is written in place. Its
 * credits hold no blocks of their own ({@link ReservationInfo#heldBytes} of its cookies is 0).
 *
 * <p><b>Limit.</b> Blocks of its own, and reservations for more, end there with {@code OUT_OF_SPACE}; what it owns can
 * still be overwritten. Blocks held by its snapshots do not count. A guarantee of the whole volume is not limited.
 *
 * @param guaranteeBytes a multiple of 4096; 0 = nothing; {@link #FULL} or more than the size = the size of the volume
 * @param limitBytes a multiple of 4096, not below the guarantee; 0 = no limit
 */
public record Quota(long guaranteeBytes, long limitBytes) {

    /** As a guarantee: every block of the volume. */
    public static final long FULL = Geometry.MAX_VOLUME_BYTES;

    /** Nothing promised, no limit. */
    public static final Quota NONE = new Quota(0, 0);

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException for values that are never legal
     */
    public Quota {
        if (guaranteeBytes < 0
                || limitBytes < 0
                || !Geometry.isBlockAligned(guaranteeBytes)
                || !Geometry.isBlockAligned(limitBytes)) {
            throw new IllegalArgumentException(
                    "not a multiple of 4096: guarantee=" + guaranteeBytes + ", limit=" + limitBytes);
        }
    }

    /** A guarantee without a limit. */
    public static Quota guarantee(long bytes) {
        return new Quota(bytes, 0);
    }

    /** A limit without a guarantee. */
    public static Quota limit(long bytes) {
        return new Quota(0, bytes);
    }

    /**
     * The guarantee of a volume of this size, in bytes.
     *
     * @throws IllegalArgumentException when the limit is below it
     */
    public long guaranteeOf(long sizeBytes) {
        long bytes = Math.min(guaranteeBytes, sizeBytes);
        if (limitBytes > 0 && limitBytes < bytes) {
            throw new IllegalArgumentException(
                    "limit is below the guarantee: guarantee=" + bytes + ", limit=" + limitBytes);
        }
        return bytes;
    }
}

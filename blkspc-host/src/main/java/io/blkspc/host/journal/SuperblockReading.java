package io.blkspc.host.journal;

/**
 * The newest valid superblock and what was seen on the way.
 *
 * @param superblock the valid copy with the highest generation
 * @param damagedCopy index (0 or 1) of the copy that failed verification, or -1. The next write heals it. A power cut
 *     during a write leaves one too, so this alone is no alarm
 * @param readOnlyReason why this version must not write ({@code TOO_NEW} read-only features), or {@code null}
 */
public record SuperblockReading(Superblock superblock, int damagedCopy, String readOnlyReason) {

    /** {@code true} when one copy failed verification. */
    public boolean hasDamagedCopy() {
        return damagedCopy >= 0;
    }

    /** {@code true} when the pool may be opened for writing as far as its features go. */
    public boolean isWritable() {
        return readOnlyReason == null;
    }
}

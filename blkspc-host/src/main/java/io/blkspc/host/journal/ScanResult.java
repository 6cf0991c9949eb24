package io.blkspc.host.journal;

/**
 * What a scan found.
 *
 * @param lastSequence sequence of the last valid record, or C when there is none
 * @param endPosition byte offset after it: where a next record goes
 * @param lastCrc its CRC: what a next record carries as previous
 * @param highestMark highest mark in the superblock or any genuine header of this salt
 * @param highestForced highest forced sequence likewise
 * @param highestSequence highest sequence of any genuine header of this salt, or C; above {@code lastSequence} there is
 *     a torn tail
 */
public record ScanResult(
        long lastSequence, long endPosition, int lastCrc, long highestMark, long highestForced, long highestSequence) {

    /**
     * {@code true} when a record that a completed force covers is missing or damaged: the pool must not be opened for
     * writing (DURABILITY D14). A mark counts as well, because it is only ever given after a journal force.
     */
    public boolean tailDamagedAtOrBelowForced() {
        return lastSequence < Math.max(highestForced, highestMark);
    }
}

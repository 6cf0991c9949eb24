package io.blkspc.host.check;

import java.util.List;

/**
 * What a check found. Where damage keeps the metadata from being loaded, every count is 0.
 *
 * @param findings what is wrong, in the order it was found; empty = clean
 * @param versions versions examined, hidden ones too
 * @param nodes distinct tree nodes read and verified
 * @param extents distinct extents examined
 * @param allocatedBlocks distinct data blocks something holds
 * @param readBlocks data blocks read from the medium; 0 when the check was not deep
 * @param cleanStop {@code true} when the pool had been stopped cleanly, and that can be read
 */
public record CheckReport(
        List<Finding> findings,
        int versions,
        long nodes,
        long extents,
        long allocatedBlocks,
        long readBlocks,
        boolean cleanStop) {

    /**
     * One thing that is wrong.
     *
     * @param structure the noun docs/format.md uses; {@code volume} for a range of a volume or snapshot that cannot be read
     * @param where which one: a name, an id, a block
     * @param problem what was expected and what was found
     */
    public record Finding(String structure, String where, String problem) {
        @Override
        public String toString() {
            return structure + " " + where + ": " + problem;
        }
    }

    /** {@code true} when nothing is wrong. */
    public boolean isClean() {
        return findings.isEmpty();
    }
}

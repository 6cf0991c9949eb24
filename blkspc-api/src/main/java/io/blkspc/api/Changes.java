package io.blkspc.api;

import java.util.List;

/**
 * A part of what changed between two versions.
 *
 * @param ranges where they read differently, in ascending order and disjoint
 * @param nextOffsetBytes where the following part begins; the size of the version after the last
 */
public record Changes(List<Range> ranges, long nextOffsetBytes) {

    /**
     * One range.
     *
     * @param offsetBytes a multiple of 4096
     * @param lengthBytes a positive multiple of 4096
     * @param state what the newer version has there: {@code WRITTEN}, {@code UNWRITTEN} or {@code HOLE}
     */
    public record Range(long offsetBytes, long lengthBytes, MappingState state) {

        /** Its end, exclusive. */
        public long endBytes() {
            return offsetBytes + lengthBytes;
        }
    }

    /** Keeps a copy of the list. */
    public Changes {
        ranges = List.copyOf(ranges);
    }
}

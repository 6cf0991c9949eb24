package io.blkspc.nbd.service;

import io.blkspc.api.Changes;

/** What changed in one export since one snapshot. Any thread may call it. */
@FunctionalInterface
public interface ChangedBlocks {

    /**
     * A part of it, as it is now.
     *
     * @param fromBytes a multiple of 4096, inside the export
     * @param toBytes a multiple of 4096
     * @param maxRanges about the most ranges wanted
     * @throws io.blkspc.api.BlockSpaceException {@code NOT_FOUND} when export or snapshot have another name by now, or none
     */
    Changes between(long fromBytes, long toBytes, int maxRanges);
}

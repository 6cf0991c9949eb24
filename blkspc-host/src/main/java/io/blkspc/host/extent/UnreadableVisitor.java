package io.blkspc.host.extent;

import io.blkspc.api.BlockSpaceException;

/** Learns which parts of a tree cannot be read. */
@FunctionalInterface
public interface UnreadableVisitor {

    /**
     * A node is missing or damaged: what it describes is not known.
     *
     * @param firstBlock first block of its span
     * @param blockCount blocks of its span, mapped or not
     * @param birth epoch of the pointer to it
     * @param problem what is wrong
     */
    void unreadable(long firstBlock, long blockCount, long birth, BlockSpaceException problem);
}

package io.blkspc.host.extent;

/** Receives what differs between two trees. */
@FunctionalInterface
public interface TreeDiffVisitor {

    /**
     * A run of blocks that reads differently; in ascending order, disjoint, at most one MiB.
     *
     * @param state what the newer tree has there: an {@link ExtentRun} state
     */
    void changed(long startBlock, long blockCount, int state);
}

package io.blkspc.host.extent;

/** Sees the nodes and extents of a tree in block order, a node before what is below it. */
public interface ExtentVisitor {

    /**
     * A pointer to a node.
     *
     * @param nodeId the node; it was not read yet
     * @param birth epoch of the pointer
     * @param level 3 for the root, 0 for a leaf
     * @param firstBlock first block of the span the node describes
     * @return {@code false} to leave out everything below, for example because it was seen before
     */
    boolean enterNode(long nodeId, long birth, int level, long firstBlock);

    /**
     * A pointer to data, clipped to the asked blocks.
     *
     * @param state {@link ExtentRun#UNWRITTEN} or {@link ExtentRun#WRITTEN}
     */
    void extent(long startBlock, long blockCount, long physicalBlock, long birth, int state);
}

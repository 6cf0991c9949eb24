package io.blkspc.host.extent;

/**
 * Learns which pointers a change of a tree took away, one by one, and which nodes it made. What a dropped pointer means is
 * for the receiver to decide: with a birth after the last freeze of the lineage it was owned, so what it named is free; with an
 * older one it belongs on the deadlist.
 *
 * <p>Called in the middle of the change, before anything of it is visible.
 */
public interface DropSink {

    /**
     * One pointer to data is gone.
     *
     * @param physicalBlock first block of the data
     * @param blockCount 1 to 256
     * @param birth epoch of the pointer
     * @param state {@link ExtentRun#UNWRITTEN} or {@link ExtentRun#WRITTEN}
     */
    void dropExtent(long physicalBlock, long blockCount, long birth, int state);

    /** One pointer to a node is gone. */
    void dropNode(long nodeId, long birth);

    /** So many blocks keep the place they had: at most their state and birth are others. */
    default void keepPlace(long blockCount) {}

    /** A node was made: one node slot is used. */
    default void newNode(long nodeId) {}
}

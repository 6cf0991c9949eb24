package io.blkspc.host.extent;

/**
 * What changed in a {@link NodeCache} between two captures: the images to store and the ids to remove, in the order of
 * their first change. Immutable; later changes of the same ids do not show.
 */
public final class Captured {

    private final long interval;
    private final Node[] nodes;
    private final long[] removed;

    Captured(long interval, Node[] nodes, long[] removed) {
        this.interval = interval;
        this.nodes = nodes;
        this.removed = removed;
    }

    /** Number of nodes to store. */
    public int nodeCount() {
        return nodes.length;
    }

    /** Node {@code index}, as it was at the capture. */
    public Node node(int index) {
        return nodes[index];
    }

    /** Number of ids to remove. */
    public int removedCount() {
        return removed.length;
    }

    /** Removed id {@code index}; it may never have been stored. */
    public long removedId(int index) {
        return removed[index];
    }

    long interval() {
        return interval;
    }
}

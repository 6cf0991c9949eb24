package io.blkspc.host.extent;

/**
 * Pointer to the root node of one version: all that identifies the content of a tree.
 *
 * @param nodeId the root node, or 0 when nothing is mapped
 * @param birth epoch the pointer was made in; 0 when nothing is mapped
 */
public record Root(long nodeId, long birth) {

    /** Nothing is mapped. */
    public static final Root EMPTY = new Root(0, 0);

    /** {@code true} when nothing is mapped. */
    public boolean isEmpty() {
        return nodeId == 0;
    }
}

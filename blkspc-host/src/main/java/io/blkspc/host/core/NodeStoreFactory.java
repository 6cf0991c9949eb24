package io.blkspc.host.core;

import io.blkspc.host.extent.NodeStore;

/** Where the map of nodes comes from: a Chronicle Map file in production, memory in simulation. */
public interface NodeStoreFactory {

    /** The store as it was closed; throws {@code NOT_FOUND} or {@code CORRUPT} when it cannot be used. */
    NodeStore openExisting();

    /** An empty store in place of whatever there is. */
    NodeStore createEmpty();

    /** An empty store with more room, beside the one that is open; for {@link #displace} or {@link #discard}. */
    NodeStore createLarger(long maxNodes);

    /**
     * The store made last beside the one that is open takes the name of that: from now on the two above are about stores of that
     * size.
     *
     * @return the same store, to be used from now on
     */
    default NodeStore displace(NodeStore larger) {
        return larger;
    }

    /** The store made last beside the one that is open is not needed after all; its room comes back. */
    default void discard(NodeStore larger) {
        larger.close();
    }
}

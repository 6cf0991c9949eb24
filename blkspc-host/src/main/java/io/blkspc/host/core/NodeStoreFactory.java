package io.blkspc.host.core;

import io.blkspc.host.extent.NodeStore;

/** Where the map of nodes comes from: a Chronicle Map file in production, memory in simulation. */
public interface NodeStoreFactory {

    /** The store as it was closed; throws {@code NOT_FOUND} or {@code CORRUPT} when it cannot be used. */
    NodeStore openExisting();

    /** An empty store in place of whatever there is. */
    NodeStore createEmpty();

    /**
     * An empty store with more room, beside the one that is open, whose name it takes: from now on the two above are about
     * stores of that size.
     */
    NodeStore createLarger(long maxNodes);
}

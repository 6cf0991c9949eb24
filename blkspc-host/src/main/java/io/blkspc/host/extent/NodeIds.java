package io.blkspc.host.extent;

/** Source of node ids. Called under the order lock only. */
@FunctionalInterface
public interface NodeIds {

    /** The next id: 1 to 2^54 - 1, never returned before in the life of the pool. */
    long next();
}

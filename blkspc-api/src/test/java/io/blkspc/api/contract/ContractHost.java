package io.blkspc.api.contract;

import io.blkspc.api.Pool;

/** What a host's test class gives to the contracts. */
public interface ContractHost {

    /** Size of the pools most contracts use, in bytes. */
    long POOL_BYTES = 16L << 20;

    /** A new pool with this data capacity and ample room for metadata; closed by {@link Fixture#close}. */
    Pool newPool(long dataBytes);

    /** Closes a pool cleanly and opens it again. */
    Pool reopen(Pool pool);

    /** Ends a pool as kill -9 would, without closing it, and opens it again. */
    Pool kill(Pool pool);

    /** The host's own checks of its invariants, if it has any; called by contracts after their last step. */
    default void assertConsistent(Pool pool) {}

    /** A pool with one volume {@code vol} of half its size. */
    default Fixture fixture() {
        return fixture(POOL_BYTES);
    }

    /** A pool of this capacity with one volume {@code vol} of half its size. */
    default Fixture fixture(long dataBytes) {
        return new Fixture(this, dataBytes);
    }
}

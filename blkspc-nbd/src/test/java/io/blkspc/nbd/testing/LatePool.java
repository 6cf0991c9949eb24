package io.blkspc.nbd.testing;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.Pool;
import io.blkspc.nbd.service.PoolExports;
import java.util.concurrent.atomic.AtomicInteger;

/** The exports of a pool on a device of {@link LateReads}; counts the read leases that are held. */
public final class LatePool extends ForwardingExports {

    private final long seed;

    /** The device of the export that was opened last. */
    public volatile LateReads device;

    /** Read leases held now, over all exports. */
    public final AtomicInteger leases = new AtomicInteger();

    public LatePool(Pool pool, long seed) {
        super(new PoolExports(pool));
        this.seed = seed;
    }

    @Override
    public BlockSpace open(String name) {
        LateSpace space = new LateSpace(super.open(name));
        device = space.late;
        return space;
    }

    private final class LateSpace extends CountedLeases {

        private final LateReads late;

        LateSpace(BlockSpace space) {
            super(space, leases);
            this.late = new LateReads(space.device(), seed);
        }

        @Override
        public BlockDevice device() {
            return late;
        }
    }
}

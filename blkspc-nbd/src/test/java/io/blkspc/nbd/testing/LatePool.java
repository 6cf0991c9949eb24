package io.blkspc.nbd.testing;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.Lease;
import io.blkspc.api.Pool;
import io.blkspc.api.client.ForwardingSpace;
import io.blkspc.nbd.service.ExportDescription;
import io.blkspc.nbd.service.ExportSource;
import io.blkspc.nbd.service.PoolExports;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** The exports of a pool on a device of {@link LateReads}; counts the read leases that are held. */
public final class LatePool implements ExportSource {

    private final ExportSource below;
    private final long seed;

    /** The device of the export that was opened last. */
    public volatile LateReads device;

    /** Read leases held now, over all exports. */
    public final AtomicInteger leases = new AtomicInteger();

    public LatePool(Pool pool, long seed) {
        this.below = new PoolExports(pool);
        this.seed = seed;
    }

    @Override
    public List<ExportDescription> list() {
        return below.list();
    }

    @Override
    public ExportDescription describe(String name) {
        return below.describe(name);
    }

    @Override
    public BlockSpace open(String name) {
        LateSpace space = new LateSpace(below.open(name));
        device = space.late;
        return space;
    }

    private final class LateSpace extends ForwardingSpace {

        private final LateReads late;

        LateSpace(BlockSpace space) {
            super(space);
            this.late = new LateReads(space.device(), seed);
        }

        @Override
        public BlockDevice device() {
            return late;
        }

        @Override
        public Lease readLease() {
            Lease lease = super.readLease();
            leases.incrementAndGet();
            return () -> {
                leases.decrementAndGet();
                lease.close();
            };
        }
    }
}

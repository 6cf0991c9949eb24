package io.blkspc.nbd.testing;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Lease;
import io.blkspc.api.client.ForwardingSpace;
import java.util.concurrent.atomic.AtomicInteger;

/** A space that counts the read leases that are held. To count one takes an object. */
abstract class CountedLeases extends ForwardingSpace {

    private final AtomicInteger held;

    CountedLeases(BlockSpace below, AtomicInteger held) {
        super(below);
        this.held = held;
    }

    @Override
    public Lease readLease() {
        Lease lease = super.readLease();
        held.incrementAndGet();
        return () -> {
            held.decrementAndGet();
            lease.close();
        };
    }
}

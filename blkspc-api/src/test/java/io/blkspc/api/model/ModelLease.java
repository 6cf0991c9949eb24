package io.blkspc.api.model;

import io.blkspc.api.Lease;

/** One hold on one version. Unlike a real host's it is a new object each time, which shows when one is closed twice. */
final class ModelLease implements Lease {

    private final ModelPool pool;
    private final ModelVersion version;
    private final boolean write;
    private final long started;

    /** Under the pool's monitor. */
    ModelLease(ModelPool pool, ModelVersion version, boolean write) {
        this.pool = pool;
        this.version = version;
        this.write = write;
        this.started = pool.blocks.openLease(this);
        version.leases++;
        version.writeLeases += write ? 1 : 0;
    }

    long started() {
        return started;
    }

    @Override
    public void close() {
        synchronized (pool.monitor) {
            if (!pool.isOpen()) {
                return;
            }
            pool.blocks.closeLease(this);
            version.leases--;
            version.writeLeases -= write ? 1 : 0;
            pool.monitor.notifyAll();
        }
    }
}

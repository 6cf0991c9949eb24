package io.blkspc.nbd.testing;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.IoRole;
import io.blkspc.api.Pool;
import io.blkspc.api.Transfer;
import io.blkspc.api.client.ForwardingSpace;
import io.blkspc.nbd.service.PoolExports;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The exports of a pool on a medium that the test controls: nothing is cached while {@link #cold}, and reads and flushes
 * wait for permits while {@link #gated}.
 */
public final class WrappedPool extends ForwardingExports {

    /** While set, every read must wait for the medium. */
    public volatile boolean cold;

    /** While set, reads of a cold medium and flushes wait for a permit of {@link #permits}. */
    public volatile boolean gated;

    public final Semaphore permits = new Semaphore(0);
    public final AtomicInteger waiting = new AtomicInteger();
    public final AtomicInteger flushes = new AtomicInteger();

    public WrappedPool(Pool pool) {
        super(new PoolExports(pool));
    }

    @Override
    public BlockSpace open(String name) {
        return new WrappedSpace(super.open(name));
    }

    private void pass() {
        if (gated) {
            waiting.incrementAndGet();
            permits.acquireUninterruptibly();
            waiting.decrementAndGet();
        }
    }

    private record WrappedDevice(WrappedPool pool, BlockDevice below) implements BlockDevice {

        @Override
        public long sizeBytes() {
            return below.sizeBytes();
        }

        @Override
        public void read(Transfer transfer, IoRole role) {
            if (pool.cold) {
                pool.pass();
            }
            below.read(transfer, role);
        }

        @Override
        public boolean readCached(Transfer transfer, IoRole role) {
            return !pool.cold && below.readCached(transfer, role);
        }

        @Override
        public void write(Transfer transfer, IoRole role) {
            below.write(transfer, role);
        }

        @Override
        public void force(IoRole role) {
            below.force(role);
        }

        @Override
        public void close() {
            below.close();
        }
    }

    private final class WrappedSpace extends ForwardingSpace {

        private final BlockDevice device;

        WrappedSpace(BlockSpace space) {
            super(space);
            this.device = new WrappedDevice(WrappedPool.this, space.device());
        }

        @Override
        public BlockDevice device() {
            return device;
        }

        @Override
        public void flush() {
            flushes.incrementAndGet();
            pass();
            super.flush();
        }

        @Override
        public void flush(long offsetBytes, long countBytes) {
            flushes.incrementAndGet();
            pass();
            super.flush(offsetBytes, countBytes);
        }
    }
}

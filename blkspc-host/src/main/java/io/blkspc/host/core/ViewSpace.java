package io.blkspc.host.core;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.host.extent.ExtentRun;

/** One handle on one version of a pool that is open for reading only. Nothing changes, so leases hold nothing. */
final class ViewSpace implements BlockSpace {

    private static final Lease LEASE = () -> {};

    private final PoolView pool;
    private final Version version;
    private final ThreadLocal<ExtentRun> runs = ThreadLocal.withInitial(ExtentRun::new);
    private volatile boolean closed; // written under the lock

    ViewSpace(PoolView pool, Version version) {
        this.pool = pool;
        this.version = version;
    }

    @Override
    public String name() {
        return version.name;
    }

    @Override
    public long sizeBytes() {
        return version.sizeBytes;
    }

    @Override
    public boolean isReadOnly() {
        return true;
    }

    @Override
    public BlockDevice device() {
        return pool.data();
    }

    @Override
    public Lease readLease() {
        checkAlive();
        return LEASE;
    }

    @Override
    public Lease writeLease() {
        throw PoolView.refusal();
    }

    @Override
    public long generation() {
        return 1;
    }

    @Override
    public void map(long offsetBytes, long countBytes, Mapping mapping) {
        checkAlive();
        if (offsetBytes < 0 || countBytes <= 0) {
            throw new IllegalArgumentException("offset=" + offsetBytes + ", count=" + countBytes);
        }
        if (offsetBytes >= version.sizeBytes) {
            throw new BlockSpaceException(
                    Code.OUT_OF_RANGE,
                    "range is outside the volume: offset=" + offsetBytes + ", count=" + countBytes + ", size="
                            + version.sizeBytes);
        }
        long length = Math.min(countBytes, version.sizeBytes - offsetBytes);
        long block = offsetBytes >>> Geometry.BLOCK_SHIFT;
        long blocks = ((offsetBytes + length - 1) >>> Geometry.BLOCK_SHIFT) - block + 1;
        ExtentRun run = runs.get();
        Catalogue.lookup(pool.tree(), version, block, blocks, run);
        HostSpace.fill(mapping, run, offsetBytes, length, version.ownedAfter(), generation());
    }

    @Override
    public Cookie reserve(int allocCount, int blockSizeBytes) {
        throw PoolView.refusal();
    }

    @Override
    public int reservable(int blockSizeBytes, int creditsInAll) {
        throw PoolView.refusal();
    }

    @Override
    public Allocation allocate(Cookie cookie, long offsetBytes, long countBytes, Mapping mapping) {
        throw PoolView.refusal();
    }

    @Override
    public void awaitUnstaged(long offsetBytes, long timeoutNanos) {
        checkAlive();
    }

    @Override
    public void commit(Cookie cookie, CommitType type, CommitBatch ranges) {
        throw PoolView.refusal();
    }

    @Override
    public void discard(long offsetBytes, long countBytes) {
        throw PoolView.refusal();
    }

    @Override
    public void zero(long offsetBytes, long countBytes, boolean keepAllocated) {
        throw PoolView.refusal();
    }

    @Override
    public void preallocate(Cookie cookie, long offsetBytes, long countBytes) {
        throw PoolView.refusal();
    }

    /** Nothing was written. */
    @Override
    public void flush() {
        checkAlive();
    }

    @Override
    public void flush(long offsetBytes, long countBytes) {
        checkAlive();
    }

    @Override
    public void close() {
        pool.lock().lock();
        try {
            if (!closed) {
                closed = true;
                version.head.handles--;
            }
        } finally {
            pool.lock().unlock();
        }
    }

    private void checkAlive() {
        if (closed) {
            throw new BlockSpaceException(Code.CLOSED, "handle is closed: name=" + version.name);
        }
        pool.checkOpen();
    }
}

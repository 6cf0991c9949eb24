package io.blkspc.api.client;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;

/**
 * A space that passes everything on to another one: the base of those that refuse, delay or observe some of it. Threads,
 * units and errors are those of the space below.
 */
public abstract class ForwardingSpace implements BlockSpace {

    private final BlockSpace below;

    /** Passes everything on to {@code below}, and closes it with itself. */
    protected ForwardingSpace(BlockSpace below) {
        this.below = below;
    }

    @Override
    public String name() {
        return below.name();
    }

    @Override
    public long sizeBytes() {
        return below.sizeBytes();
    }

    @Override
    public boolean isReadOnly() {
        return below.isReadOnly();
    }

    @Override
    public BlockDevice device() {
        return below.device();
    }

    @Override
    public Lease readLease() {
        return below.readLease();
    }

    @Override
    public Lease writeLease() {
        return below.writeLease();
    }

    @Override
    public long generation() {
        return below.generation();
    }

    @Override
    public Cookie reserve(int allocCount, int blockSizeBytes) {
        return below.reserve(allocCount, blockSizeBytes);
    }

    @Override
    public int reservable(int blockSizeBytes, int creditsInAll) {
        return below.reservable(blockSizeBytes, creditsInAll);
    }

    @Override
    public void map(long offsetBytes, long countBytes, Mapping mapping) {
        below.map(offsetBytes, countBytes, mapping);
    }

    @Override
    public Allocation allocate(Cookie cookie, long offsetBytes, long countBytes, Mapping mapping) {
        return below.allocate(cookie, offsetBytes, countBytes, mapping);
    }

    @Override
    public void awaitUnstaged(long offsetBytes, long timeoutNanos) {
        below.awaitUnstaged(offsetBytes, timeoutNanos);
    }

    @Override
    public void commit(Cookie cookie, CommitType type, CommitBatch ranges) {
        below.commit(cookie, type, ranges);
    }

    @Override
    public void discard(long offsetBytes, long countBytes) {
        below.discard(offsetBytes, countBytes);
    }

    @Override
    public void zero(long offsetBytes, long countBytes, boolean keepAllocated) {
        below.zero(offsetBytes, countBytes, keepAllocated);
    }

    @Override
    public void preallocate(Cookie cookie, long offsetBytes, long countBytes) {
        below.preallocate(cookie, offsetBytes, countBytes);
    }

    @Override
    public void flush() {
        below.flush();
    }

    @Override
    public void flush(long offsetBytes, long countBytes) {
        below.flush(offsetBytes, countBytes);
    }

    @Override
    public void close() {
        below.close();
    }
}

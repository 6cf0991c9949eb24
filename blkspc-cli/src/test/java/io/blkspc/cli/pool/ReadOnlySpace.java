package io.blkspc.cli.pool;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.client.ForwardingSpace;

/** A space that can only be read. */
final class ReadOnlySpace extends ForwardingSpace {

    ReadOnlySpace(BlockSpace space) {
        super(space);
    }

    @Override
    public boolean isReadOnly() {
        return true;
    }

    @Override
    public Lease writeLease() {
        throw ReadOnlyPool.refusal();
    }

    @Override
    public Cookie reserve(int allocCount, int blockSizeBytes) {
        throw ReadOnlyPool.refusal();
    }

    @Override
    public int reservable(int blockSizeBytes, int creditsInAll) {
        throw ReadOnlyPool.refusal();
    }

    @Override
    public Allocation allocate(Cookie cookie, long offsetBytes, long countBytes, Mapping mapping) {
        throw ReadOnlyPool.refusal();
    }

    @Override
    public void commit(Cookie cookie, CommitType type, CommitBatch ranges) {
        throw ReadOnlyPool.refusal();
    }

    @Override
    public void discard(long offsetBytes, long countBytes) {
        throw ReadOnlyPool.refusal();
    }

    @Override
    public void zero(long offsetBytes, long countBytes, boolean keepAllocated) {
        throw ReadOnlyPool.refusal();
    }

    @Override
    public void preallocate(Cookie cookie, long offsetBytes, long countBytes) {
        throw ReadOnlyPool.refusal();
    }
}

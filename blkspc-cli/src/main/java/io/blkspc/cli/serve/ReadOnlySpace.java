package io.blkspc.cli.serve;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;

/** A space that can only be read. */
final class ReadOnlySpace implements BlockSpace {

    private final BlockSpace space;

    ReadOnlySpace(BlockSpace space) {
        this.space = space;
    }

    @Override
    public String name() {
        return space.name();
    }

    @Override
    public long sizeBytes() {
        return space.sizeBytes();
    }

    @Override
    public boolean isReadOnly() {
        return true;
    }

    @Override
    public BlockDevice device() {
        return space.device();
    }

    @Override
    public Lease readLease() {
        return space.readLease();
    }

    @Override
    public Lease writeLease() {
        throw ReadOnlyPool.refusal();
    }

    @Override
    public long generation() {
        return space.generation();
    }

    @Override
    public Cookie reserve(int allocCount, int blockSizeBytes) {
        throw ReadOnlyPool.refusal();
    }

    @Override
    public void map(long offsetBytes, long countBytes, Mapping mapping) {
        space.map(offsetBytes, countBytes, mapping);
    }

    @Override
    public Allocation allocate(Cookie cookie, long offsetBytes, long countBytes, Mapping mapping) {
        throw ReadOnlyPool.refusal();
    }

    @Override
    public void awaitUnstaged(long offsetBytes, long timeoutNanos) {
        space.awaitUnstaged(offsetBytes, timeoutNanos);
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

    @Override
    public void flush() {
        space.flush();
    }

    @Override
    public void flush(long offsetBytes, long countBytes) {
        space.flush(offsetBytes, countBytes);
    }

    @Override
    public void close() {
        space.close();
    }
}

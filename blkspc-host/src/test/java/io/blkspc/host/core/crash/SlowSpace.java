package io.blkspc.host.core.crash;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;

/** A space whose client is slow between being told an address and using it, which is when a lease must protect it. */
record SlowSpace(BlockSpace space, Runnable delay) implements BlockSpace {

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
        return space.isReadOnly();
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
        return space.writeLease();
    }

    @Override
    public long generation() {
        return space.generation();
    }

    @Override
    public Cookie reserve(int allocCount, int blockSizeBytes) {
        return space.reserve(allocCount, blockSizeBytes);
    }

    @Override
    public void map(long offsetBytes, long countBytes, Mapping mapping) {
        space.map(offsetBytes, countBytes, mapping);
        delay.run();
    }

    @Override
    public Allocation allocate(Cookie cookie, long offsetBytes, long countBytes, Mapping mapping) {
        Allocation answer = space.allocate(cookie, offsetBytes, countBytes, mapping);
        if (answer.isWritable()) {
            delay.run();
        }
        return answer;
    }

    @Override
    public void awaitUnstaged(long offsetBytes, long timeoutNanos) {
        space.awaitUnstaged(offsetBytes, timeoutNanos);
    }

    @Override
    public void commit(Cookie cookie, CommitType type, CommitBatch ranges) {
        delay.run();
        space.commit(cookie, type, ranges);
    }

    @Override
    public void discard(long offsetBytes, long countBytes) {
        space.discard(offsetBytes, countBytes);
    }

    @Override
    public void zero(long offsetBytes, long countBytes, boolean keepAllocated) {
        space.zero(offsetBytes, countBytes, keepAllocated);
    }

    @Override
    public void preallocate(Cookie cookie, long offsetBytes, long countBytes) {
        space.preallocate(cookie, offsetBytes, countBytes);
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

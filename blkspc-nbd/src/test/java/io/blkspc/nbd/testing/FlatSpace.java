package io.blkspc.nbd.testing;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.IoRole;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.MappingState;

/**
 * A space that is its device, byte for byte, always written and never shared: what is measured on it is the cost of the
 * protocol and of the client, not of a host.
 */
public final class FlatSpace implements BlockSpace {

    private static final Lease NO_LEASE = () -> {};

    private final String name;
    private final BlockDevice device;

    public FlatSpace(String name, BlockDevice device) {
        this.name = name;
        this.device = device;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long sizeBytes() {
        return device.sizeBytes() & -4096L;
    }

    @Override
    public boolean isReadOnly() {
        return false;
    }

    @Override
    public BlockDevice device() {
        return device;
    }

    @Override
    public Lease readLease() {
        return NO_LEASE;
    }

    @Override
    public Lease writeLease() {
        return NO_LEASE;
    }

    @Override
    public long generation() {
        return 0;
    }

    @Override
    public Cookie reserve(int allocCount, int blockSizeBytes) {
        return new Cookie() {
            @Override
            public long id() {
                return 0;
            }

            @Override
            public int creditsRemaining() {
                return 0;
            }

            @Override
            public int blockSizeBytes() {
                return blockSizeBytes;
            }

            @Override
            protected void unreserve() {}
        };
    }

    @Override
    public int reservable(int blockSizeBytes, int creditsInAll) {
        return Integer.MAX_VALUE;
    }

    @Override
    public void map(long offsetBytes, long countBytes, Mapping mapping) {
        long count = Math.min(countBytes, sizeBytes() - offsetBytes);
        mapping.set(offsetBytes, count, MappingState.WRITTEN, offsetBytes, false, 0);
    }

    @Override
    public Allocation allocate(Cookie cookie, long offsetBytes, long countBytes, Mapping mapping) {
        map(offsetBytes, countBytes, mapping);
        return Allocation.IN_PLACE;
    }

    @Override
    public void awaitUnstaged(long offsetBytes, long timeoutNanos) {}

    @Override
    public void commit(Cookie cookie, CommitType type, CommitBatch ranges) {
        throw new IllegalStateException("nothing is ever staged here");
    }

    @Override
    public void discard(long offsetBytes, long countBytes) {}

    @Override
    public void zero(long offsetBytes, long countBytes, boolean keepAllocated) {
        throw new UnsupportedOperationException("not for measuring");
    }

    @Override
    public void preallocate(Cookie cookie, long offsetBytes, long countBytes) {}

    @Override
    public void flush() {
        device.force(IoRole.DATA);
    }

    @Override
    public void flush(long offsetBytes, long countBytes) {
        device.force(IoRole.DATA);
    }

    @Override
    public void close() {}
}

package io.blkspc.xfsish;

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
import io.blkspc.api.Transfer;
import java.util.BitSet;

/**
 * A space that allocates nothing on the heap and keeps no bytes: every answer is COW, on the block itself. What is measured
 * on it is what the client costs. For one thread.
 */
final class FlatSpace implements BlockSpace {

    static final int BLOCK = 4096;

    private static final Lease NO_LEASE = () -> {};

    private final long sizeBytes;
    private final BitSet staged = new BitSet();
    private final FlatCookie cookie = new FlatCookie();
    long deviceWrites;
    long bytesWritten;
    long commits;

    FlatSpace(long sizeBytes) {
        this.sizeBytes = sizeBytes;
        staged.set((int) (sizeBytes / BLOCK)); // its words are there from the start
    }

    /** A cookie whose last put never comes, so that it can serve every transaction. */
    private static final class FlatCookie extends Cookie {
        @Override
        public long id() {
            return 1;
        }

        @Override
        public int creditsRemaining() {
            return Integer.MAX_VALUE;
        }

        @Override
        public int blockSizeBytes() {
            return BLOCK;
        }

        @Override
        protected void unreserve() {
            throw new AssertionError("more references were put than taken");
        }
    }

    /** References transactions and buffers hold now. */
    int references() {
        return cookie.references() - 1;
    }

    @Override
    public Cookie reserve(int allocCount, int blockSizeBytes) {
        return cookie.get();
    }

    @Override
    public int reservable(int blockSizeBytes, int creditsInAll) {
        return Integer.MAX_VALUE;
    }

    @Override
    public void map(long offsetBytes, long countBytes, Mapping mapping) {
        long count = Math.min(countBytes, sizeBytes - offsetBytes);
        mapping.set(offsetBytes, count, MappingState.WRITTEN, offsetBytes, true, 0);
    }

    @Override
    public Allocation allocate(Cookie unused, long offsetBytes, long countBytes, Mapping mapping) {
        map(offsetBytes, countBytes, mapping);
        mapping.source(offsetBytes);
        staged.set((int) (offsetBytes / BLOCK), (int) ((offsetBytes + mapping.lengthBytes()) / BLOCK));
        return Allocation.COW;
    }

    @Override
    public void commit(Cookie unused, CommitType type, CommitBatch ranges) {
        for (int i = 0; i < ranges.size(); i++) {
            int first = (int) (ranges.offsetBytes(i) / BLOCK);
            int end = first + ranges.lengthBytes(i) / BLOCK;
            if (type != CommitType.COW || staged.nextClearBit(first) < end) {
                throw new AssertionError("not staged: first=" + first + ", end=" + end);
            }
            staged.clear(first, end);
        }
        commits++;
    }

    @Override
    public BlockDevice device() {
        return device;
    }

    private final BlockDevice device = new BlockDevice() {
        @Override
        public long sizeBytes() {
            return sizeBytes;
        }

        @Override
        public void read(Transfer transfer, IoRole role) {
            transfer.advance(transfer.totalBytes());
        }

        @Override
        public void write(Transfer transfer, IoRole role) {
            deviceWrites++;
            bytesWritten += transfer.totalBytes();
            transfer.advance(transfer.totalBytes());
        }

        @Override
        public void force(IoRole role) {}

        @Override
        public void close() {}
    };

    @Override
    public String name() {
        return "flat";
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public boolean isReadOnly() {
        return false;
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
    public void awaitUnstaged(long offsetBytes, long timeoutNanos) {}

    @Override
    public void discard(long offsetBytes, long countBytes) {}

    @Override
    public void zero(long offsetBytes, long countBytes, boolean keepAllocated) {}

    @Override
    public void preallocate(Cookie unused, long offsetBytes, long countBytes) {}

    @Override
    public void flush() {}

    @Override
    public void flush(long offsetBytes, long countBytes) {}

    @Override
    public void close() {}
}

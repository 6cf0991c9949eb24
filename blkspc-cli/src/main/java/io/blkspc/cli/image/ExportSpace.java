package io.blkspc.cli.image;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.MappingState;
import java.util.function.IntBinaryOperator;

/**
 * A volume or snapshot that a server holds, over one NBD connection: every block is where its address says, and is written in
 * place. A reservation here holds nothing, because NBD has no word for it: a write that finds no space fails with {@code
 * OUT_OF_SPACE}, at the latest in {@link #flush}. So it is for a client that lives for one command and tells its user how that
 * ended. Nobody else may write meanwhile. One thread at a time.
 */
public final class ExportSpace implements BlockSpace {

    private static final Lease NO_LEASE = () -> {};

    private final String name;
    private final NbdClient client;
    private final IntBinaryOperator reservable;
    private final ExportDevice device;
    private long lastCookie;

    /**
     * Takes the client over.
     *
     * @param reservable asks the server what {@link BlockSpace#reservable(int, int)} says
     */
    public ExportSpace(String name, NbdClient client, IntBinaryOperator reservable) {
        this.name = name;
        this.client = client;
        this.reservable = reservable;
        this.device = new ExportDevice(client);
    }

    /** A cookie that pays for everything and holds nothing. */
    private static final class FreeCookie extends Cookie {

        private final long id;
        private final int credits;
        private final int blockSizeBytes;

        FreeCookie(long id, int credits, int blockSizeBytes) {
            this.id = id;
            this.credits = credits;
            this.blockSizeBytes = blockSizeBytes;
        }

        @Override
        public long id() {
            return id;
        }

        @Override
        public int creditsRemaining() {
            return credits;
        }

        @Override
        public int blockSizeBytes() {
            return blockSizeBytes;
        }

        @Override
        protected void unreserve() {
            // nothing was held
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long sizeBytes() {
        return device.sizeBytes();
    }

    @Override
    public boolean isReadOnly() {
        return client.isReadOnly();
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
        requireWritable();
        return NO_LEASE;
    }

    /** Nobody else changes where blocks are. */
    @Override
    public long generation() {
        return 0;
    }

    @Override
    public Cookie reserve(int allocCount, int blockSizeBytes) {
        requireWritable();
        return new FreeCookie(++lastCookie, allocCount, blockSizeBytes);
    }

    @Override
    public int reservable(int blockSizeBytes, int creditsInAll) {
        requireWritable();
        return reservable.applyAsInt(blockSizeBytes, creditsInAll);
    }

    @Override
    public void map(long offsetBytes, long countBytes, Mapping mapping) {
        if (offsetBytes >= sizeBytes()) {
            throw outOfRange(offsetBytes, countBytes);
        }
        long count = Math.min(countBytes, sizeBytes() - offsetBytes);
        mapping.set(offsetBytes, count, MappingState.WRITTEN, offsetBytes, false, 0);
    }

    @Override
    public Allocation allocate(Cookie cookie, long offsetBytes, long countBytes, Mapping mapping) {
        requireInside(offsetBytes, countBytes);
        if (cookie.isCancelled()) {
            throw new BlockSpaceException(Code.CANCELLED, "cookie was cancelled: id=" + cookie.id());
        }
        map(offsetBytes, countBytes, mapping);
        return Allocation.IN_PLACE;
    }

    @Override
    public void awaitUnstaged(long offsetBytes, long timeoutNanos) {
        // nothing is ever staged
    }

    @Override
    public void commit(Cookie cookie, CommitType type, CommitBatch ranges) {
        if (ranges.size() > 0) {
            throw new BlockSpaceException(Code.OUT_OF_RANGE, "nothing is staged here: offset=" + ranges.offsetBytes(0));
        }
    }

    @Override
    public void discard(long offsetBytes, long countBytes) {
        requireInside(offsetBytes, countBytes);
        device.attempt(() -> client.trim(offsetBytes, countBytes));
    }

    /** Zeros them; whether they stay allocated is as the server likes. */
    @Override
    public void zero(long offsetBytes, long countBytes, boolean keepAllocated) {
        requireInside(offsetBytes, countBytes);
        device.attempt(() -> client.writeZeroes(offsetBytes, countBytes));
    }

    /** NBD cannot give holes blocks and leave the rest as it is. */
    @Override
    public void preallocate(Cookie cookie, long offsetBytes, long countBytes) {
        throw new UnsupportedOperationException("an export cannot be preallocated: name=" + name);
    }

    @Override
    public void flush() {
        if (!isReadOnly()) {
            device.attempt(client::flush);
        }
    }

    @Override
    public void flush(long offsetBytes, long countBytes) {
        flush();
    }

    @Override
    public void close() {
        client.close();
    }

    private void requireWritable() {
        if (isReadOnly()) {
            throw new BlockSpaceException(Code.READ_ONLY, "the server takes no writes to it: name=" + name);
        }
    }

    private void requireInside(long offset, long count) {
        requireWritable();
        if (offset < 0 || count <= 0 || offset > sizeBytes() - count) {
            throw outOfRange(offset, count);
        }
    }

    private BlockSpaceException outOfRange(long offset, long count) {
        return new BlockSpaceException(
                Code.OUT_OF_RANGE,
                "range is outside the volume: offset=" + offset + ", count=" + count + ", size=" + sizeBytes());
    }
}

package io.blkspc.api.model;

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
import io.blkspc.api.MappingState;
import io.blkspc.api.model.ModelVersion.Pointer;
import java.util.Map;

/** A handle of one version: checks what was asked, then does it under the pool's monitor. */
final class ModelSpace implements BlockSpace {

    private static final int BLOCK = Geometry.BLOCK_BYTES;

    private final ModelPool pool;
    final ModelVersion version;
    private final String name;
    private boolean closed;

    ModelSpace(ModelPool pool, ModelVersion version) {
        this.pool = pool;
        this.version = version;
        this.name = version.name;
        version.attachments++;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long sizeBytes() {
        return version.sizeBytes;
    }

    @Override
    public boolean isReadOnly() {
        return !version.isLive();
    }

    @Override
    public BlockDevice device() {
        return pool.device;
    }

    @Override
    public Lease readLease() {
        synchronized (pool.monitor) {
            checkOpen();
            return new ModelLease(pool, version, false);
        }
    }

    @Override
    public Lease writeLease() {
        synchronized (pool.monitor) {
            checkWritable();
            pool.await("volume is being frozen: name=" + name, () -> version.gates == 0 || !isUsable());
            checkWritable();
            return new ModelLease(pool, version, true);
        }
    }

    @Override
    public long generation() {
        synchronized (pool.monitor) {
            return version.generation;
        }
    }

    @Override
    public Cookie reserve(int allocCount, int blockSizeBytes) {
        if (allocCount < 0) {
            throw new IllegalArgumentException("allocCount is negative: allocCount=" + allocCount);
        }
        checkWindow(blockSizeBytes);
        synchronized (pool.monitor) {
            checkWritable();
            return pool.reserve(version, allocCount, blockSizeBytes);
        }
    }

    @Override
    public int reservable(int blockSizeBytes, int creditsInAll) {
        if (creditsInAll < 0) {
            throw new IllegalArgumentException("creditsInAll is negative: creditsInAll=" + creditsInAll);
        }
        checkWindow(blockSizeBytes);
        synchronized (pool.monitor) {
            checkWritable();
            return version.isWhole()
                    ? Integer.MAX_VALUE
                    : credits(roomBlocks(), Math.max(1, blockSizeBytes / BLOCK), creditsInAll);
        }
    }

    /** Blocks that could be promised: of the volume's guarantee, and then of what is left of the pool; not beyond its limit. */
    private long roomBlocks() {
        long held = pool.outstanding(version);
        long owned = version.ownedBlocks();
        long room = pool.available() + version.standing(owned, held);
        long limit = version.quota.limitBytes() / BLOCK;
        return limit == 0 ? room : Math.clamp(limit - owned - held, 0, room);
    }

    /** Credits for whole windows, where the others up to {@code inAll} are for one block. */
    private static int credits(long room, long windowBlocks, long inAll) {
        if (inAll > room) {
            return 0;
        }
        long allWindows = room / windowBlocks;
        return (int)
                Math.min(Integer.MAX_VALUE, allWindows >= inAll ? allWindows : (room - inAll) / (windowBlocks - 1));
    }

    private static void checkWindow(int blockSizeBytes) {
        if (Integer.bitCount(blockSizeBytes) != 1
                || blockSizeBytes < Geometry.MIN_WINDOW_BYTES
                || blockSizeBytes > Geometry.MAX_WINDOW_BYTES) {
            throw new IllegalArgumentException("not a window: blockSize=" + blockSizeBytes);
        }
    }

    @Override
    public void map(long offsetBytes, long countBytes, Mapping mapping) {
        if (offsetBytes < 0 || countBytes < 1) {
            throw new IllegalArgumentException("not a range: offset=" + offsetBytes + ", count=" + countBytes);
        }
        synchronized (pool.monitor) {
            checkOpen();
            if (offsetBytes >= version.sizeBytes) {
                throw outOfRange(offsetBytes, countBytes);
            }
            checkLeased(version.leases);
            fill(offsetBytes, pool.faults.shortenBytes(Math.min(countBytes, version.sizeBytes - offsetBytes)), mapping);
        }
    }

    private void fill(long offset, long count, Mapping mapping) {
        long first = offset / BLOCK;
        long end = (offset + count + BLOCK - 1) / BLOCK;
        Pointer start = version.map.get(first);
        long block = first + 1;
        if (start == null) {
            Map.Entry<Long, Pointer> next = version.map.higherEntry(first);
            block = next == null ? end : Math.min(end, next.getKey());
        } else {
            while (block < end && follows(start, version.map.get(block), block - first)) {
                block++;
            }
        }
        long length = Math.min(count, block * BLOCK - offset);
        if (start == null) {
            mapping.set(offset, length, MappingState.HOLE, Mapping.NO_DEVICE_OFFSET, false, version.generation);
            return;
        }
        MappingState state = start.written() ? MappingState.WRITTEN : MappingState.UNWRITTEN;
        long device = start.physical() * BLOCK + offset % BLOCK;
        mapping.set(offset, length, state, device, pool.isShared(version, start), version.generation);
    }

    private boolean follows(Pointer start, Pointer next, long distance) {
        return next != null
                && next.physical() == start.physical() + distance
                && next.written() == start.written()
                && pool.isShared(version, next) == pool.isShared(version, start);
    }

    @Override
    public Allocation allocate(Cookie cookie, long offsetBytes, long countBytes, Mapping mapping) {
        checkBlocks(offsetBytes, countBytes);
        synchronized (pool.monitor) {
            checkWritable();
            ModelCookie mine = own(cookie);
            checkInside(offsetBytes, countBytes);
            checkLeased(version.writeLeases);
            checkSpendable(mine);
            return new ModelAllocation(pool, version, mine).allocate(offsetBytes, countBytes, mapping);
        }
    }

    @Override
    public void awaitUnstaged(long offsetBytes, long timeoutNanos) {
        if (offsetBytes < 0) {
            throw new IllegalArgumentException("not an offset: offset=" + offsetBytes);
        }
        synchronized (pool.monitor) {
            checkOpen();
            if (offsetBytes >= version.sizeBytes) {
                throw outOfRange(offsetBytes, 1);
            }
            long block = offsetBytes / BLOCK;
            pool.await(
                    "block is staged, or freed blocks are held by leases: offset=" + offsetBytes,
                    timeoutNanos,
                    () -> !isUsable() || (!version.stages.containsKey(block) && !pool.isHeldUp()));
            checkOpen();
        }
    }

    @Override
    public void commit(Cookie cookie, CommitType type, CommitBatch ranges) {
        synchronized (pool.monitor) {
            checkWritable();
            new ModelEdit(pool, version).commit(own(cookie), type, ranges);
        }
    }

    @Override
    public void discard(long offsetBytes, long countBytes) {
        zero(offsetBytes, countBytes, false);
    }

    @Override
    public void zero(long offsetBytes, long countBytes, boolean keepAllocated) {
        checkBlocks(offsetBytes, countBytes);
        synchronized (pool.monitor) {
            checkWritable();
            checkInside(offsetBytes, countBytes);
            new ModelEdit(pool, version)
                    .zero(offsetBytes / BLOCK, (offsetBytes + countBytes) / BLOCK, keepAllocated, this::checkWritable);
        }
    }

    @Override
    public void preallocate(Cookie cookie, long offsetBytes, long countBytes) {
        checkBlocks(offsetBytes, countBytes);
        synchronized (pool.monitor) {
            checkWritable();
            ModelCookie mine = own(cookie);
            checkInside(offsetBytes, countBytes);
            new ModelEdit(pool, version)
                    .preallocate(mine, offsetBytes / BLOCK, (offsetBytes + countBytes) / BLOCK, () -> {
                        checkSpendable(mine);
                    });
        }
    }

    @Override
    public void flush() {
        synchronized (pool.monitor) {
            checkOpen();
            pool.persist();
        }
    }

    @Override
    public void flush(long offsetBytes, long countBytes) {
        if (offsetBytes < 0 || countBytes < 0) {
            throw new IllegalArgumentException("not a range: offset=" + offsetBytes + ", count=" + countBytes);
        }
        synchronized (pool.monitor) {
            checkOpen();
            checkInside(offsetBytes, countBytes);
            pool.persist();
        }
    }

    @Override
    public void close() {
        synchronized (pool.monitor) {
            if (!closed) {
                closed = true;
                version.attachments--;
            }
        }
    }

    private boolean isUsable() {
        return !closed && version.isVisible() && pool.isOpen();
    }

    private void checkOpen() {
        if (!isUsable()) {
            throw new BlockSpaceException(Code.CLOSED, "space was closed or destroyed: name=" + name);
        }
    }

    private void checkWritable() {
        checkOpen();
        if (isReadOnly()) {
            throw new BlockSpaceException(Code.READ_ONLY, "snapshots cannot be changed: name=" + name);
        }
        pool.checkNotFailed();
    }

    private void checkSpendable(ModelCookie cookie) {
        checkWritable();
        if (cookie.isCancelled()) {
            throw new BlockSpaceException(Code.CANCELLED, "cookie was cancelled: id=" + cookie.id());
        }
    }

    private void checkLeased(int leases) {
        if (pool.options.strict() && leases == 0) {
            throw new IllegalStateException("no lease is held: name=" + name);
        }
    }

    private static void checkBlocks(long offset, long count) {
        if (offset < 0 || count <= 0 || !Geometry.isBlockAligned(offset) || !Geometry.isBlockAligned(count)) {
            throw new IllegalArgumentException("not whole blocks: offset=" + offset + ", count=" + count);
        }
    }

    private void checkInside(long offset, long count) {
        if (offset > version.sizeBytes || count > version.sizeBytes - offset) {
            throw outOfRange(offset, count);
        }
    }

    private BlockSpaceException outOfRange(long offset, long count) {
        return new BlockSpaceException(
                Code.OUT_OF_RANGE,
                "not inside the space: offset=" + offset + ", count=" + count + ", size=" + version.sizeBytes);
    }

    private ModelCookie own(Cookie cookie) {
        if (cookie instanceof ModelCookie mine && mine.head == version) {
            return mine;
        }
        throw new IllegalArgumentException("cookie of another space");
    }
}

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
import io.blkspc.api.MappingState;
import io.blkspc.host.extent.ExtentRun;
import io.blkspc.host.extent.Root;

/** One handle on one version. Checks arguments; what they mean is decided by the parts of the engine. */
final class HostSpace implements BlockSpace {

    private final Engine engine;
    private final Head head;
    private final String name;
    private final boolean readOnly;
    private final WritePath writePath;
    private final CommitPath commitPath;
    private final Clearing clearing;
    private final ThreadLocal<ExtentRun> runs = ThreadLocal.withInitial(ExtentRun::new);
    private volatile boolean closed; // written under the order lock

    HostSpace(Engine engine, Head head, WritePath writePath, CommitPath commitPath, Clearing clearing) {
        this.engine = engine;
        this.head = head;
        this.name = head.version.name;
        this.readOnly = !head.version.isHead();
        this.writePath = writePath;
        this.commitPath = commitPath;
        this.clearing = clearing;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long sizeBytes() {
        return head.version.sizeBytes;
    }

    @Override
    public boolean isReadOnly() {
        return readOnly;
    }

    @Override
    public BlockDevice device() {
        return engine.clientData;
    }

    @Override
    public Lease readLease() {
        checkAlive();
        return engine.grace.enter();
    }

    @Override
    public Lease writeLease() {
        checkWritable();
        return head.gate.enter(name);
    }

    @Override
    public long generation() {
        return head.generation;
    }

    @Override
    public Cookie reserve(int allocCount, int blockSizeBytes) {
        checkWritable();
        return writePath.reserve(head, allocCount, blockSizeBytes);
    }

    @Override
    public int reservable(int blockSizeBytes, int creditsInAll) {
        checkWritable();
        return writePath.reservable(head, blockSizeBytes, creditsInAll);
    }

    @Override
    public void map(long offsetBytes, long countBytes, Mapping mapping) {
        checkAlive();
        long size = head.version.sizeBytes;
        if (offsetBytes < 0 || countBytes <= 0) {
            throw new IllegalArgumentException("offset=" + offsetBytes + ", count=" + countBytes);
        }
        if (offsetBytes >= size) {
            throw outOfRange(offsetBytes, countBytes);
        }
        long length = Math.min(countBytes, size - offsetBytes);
        long block = offsetBytes >>> Geometry.BLOCK_SHIFT;
        long blocks = ((offsetBytes + length - 1) >>> Geometry.BLOCK_SHIFT) - block + 1;
        // Read before the root: a change in between makes the mapping look older than it is, never newer.
        long generation = head.generation;
        ExtentRun run = runs.get();
        long ownedAfter = lookup(block, blocks, run);
        fill(mapping, run, offsetBytes, length, ownedAfter, generation);
    }

    /** Tells the part of a run that was asked for, from its first byte on. */
    static void fill(Mapping mapping, ExtentRun run, long offsetBytes, long length, long ownedAfter, long generation) {
        long skip = offsetBytes & (Geometry.BLOCK_BYTES - 1);
        long mapped = Math.min(length, (run.blockCount() << Geometry.BLOCK_SHIFT) - skip);
        MappingState state = stateOf(run);
        long device = state == MappingState.HOLE
                ? Mapping.NO_DEVICE_OFFSET
                : (run.physicalBlock() << Geometry.BLOCK_SHIFT) + skip;
        boolean shared = state != MappingState.HOLE && run.birth() <= ownedAfter;
        mapping.set(offsetBytes, mapped, state, device, shared, generation);
    }

    /** Looks up without a lock, again when the root was out of date; returns the freeze the answer was judged by. */
    private long lookup(long block, long blocks, ExtentRun run) {
        while (true) {
            Version parent = head.version.parent;
            long ownedAfter = parent == null ? 0 : parent.freezeEpoch;
            Root root = head.version.root;
            if (engine.tree.lookupOwned(root, block, blocks, ownedAfter, run)) {
                return ownedAfter;
            }
            checkAlive();
            if (root.equals(head.version.root)) {
                // Not published yet, or damage: under the lock nothing is in between.
                engine.lock.lock();
                try {
                    checkAlive();
                    Catalogue.lookup(engine.tree, head.version, block, blocks, run);
                    return head.version.ownedAfter();
                } finally {
                    engine.lock.unlock();
                }
            }
        }
    }

    private static MappingState stateOf(ExtentRun run) {
        return switch (run.state()) {
            case ExtentRun.WRITTEN -> MappingState.WRITTEN;
            case ExtentRun.UNWRITTEN -> MappingState.UNWRITTEN;
            default -> MappingState.HOLE;
        };
    }

    @Override
    public Allocation allocate(Cookie cookie, long offsetBytes, long countBytes, Mapping mapping) {
        checkWritable();
        HostCookie mine = own(cookie);
        checkBlocks(offsetBytes, countBytes);
        return writePath.allocate(mine, offsetBytes, countBytes, mapping);
    }

    @Override
    public void awaitUnstaged(long offsetBytes, long timeoutNanos) {
        checkRange(offsetBytes, 1);
        long block = offsetBytes >>> Geometry.BLOCK_SHIFT;
        long deadline = engine.scheduler.nanoTime() + timeoutNanos;
        engine.lock.lock();
        try {
            while (head.stages.find(block) >= 0) {
                long left = deadline - engine.scheduler.nanoTime();
                if (left <= 0) {
                    throw new BlockSpaceException(Code.BUSY, "block is being written: offset=" + offsetBytes);
                }
                engine.lock.await(left);
            }
            if (engine.freeSpace.freeBlocks() == 0 && engine.quarantine.blocks() > 0) {
                engine.reuse.awaitRoom(); // the other reason for BUSY: freed blocks waited for leases to end
            }
        } finally {
            engine.lock.unlock();
        }
    }

    @Override
    public void commit(Cookie cookie, CommitType type, CommitBatch ranges) {
        checkWritable();
        HostCookie mine = own(cookie);
        for (int i = 0; i < ranges.size(); i++) {
            checkRange(ranges.offsetBytes(i), ranges.lengthBytes(i));
        }
        if (ranges.size() > 0) {
            commitPath.commit(mine, type, ranges);
        }
    }

    @Override
    public void discard(long offsetBytes, long countBytes) {
        StackRoom.require();
        checkWritable();
        checkBlocks(offsetBytes, countBytes);
        clearing.discard(head, offsetBytes, countBytes);
    }

    @Override
    public void zero(long offsetBytes, long countBytes, boolean keepAllocated) {
        StackRoom.require();
        checkWritable();
        checkBlocks(offsetBytes, countBytes);
        clearing.zero(head, offsetBytes, countBytes, keepAllocated);
    }

    @Override
    public void preallocate(Cookie cookie, long offsetBytes, long countBytes) {
        StackRoom.require();
        checkWritable();
        HostCookie mine = own(cookie);
        checkBlocks(offsetBytes, countBytes);
        clearing.preallocate(mine, offsetBytes, countBytes);
    }

    @Override
    public void flush() {
        StackRoom.require();
        checkAlive();
        if (!readOnly) {
            engine.persistence.persist();
        }
    }

    @Override
    public void flush(long offsetBytes, long countBytes) {
        checkRange(offsetBytes, countBytes);
        flush();
    }

    @Override
    public void close() {
        engine.lock.lock();
        try {
            if (!closed) {
                closed = true;
                head.handles--;
            }
        } finally {
            engine.lock.unlock();
        }
    }

    private HostCookie own(Cookie cookie) {
        if (!(cookie instanceof HostCookie mine) || mine.head != head) {
            throw new IllegalArgumentException("cookie belongs to another space");
        }
        return mine;
    }

    private void checkAlive() {
        if (closed) {
            throw new BlockSpaceException(Code.CLOSED, "handle is closed: name=" + name);
        }
        if (head.closed) {
            throw new BlockSpaceException(Code.CLOSED, "volume was destroyed: name=" + name);
        }
        engine.checkOpen();
    }

    private void checkWritable() {
        checkAlive();
        if (readOnly) {
            throw new BlockSpaceException(Code.READ_ONLY, "snapshot cannot be changed: name=" + name);
        }
        engine.checkWritable();
    }

    private void checkBlocks(long offset, long count) {
        if (!Geometry.isBlockAligned(offset) || !Geometry.isBlockAligned(count)) {
            throw new IllegalArgumentException("not whole blocks: offset=" + offset + ", count=" + count);
        }
        checkRange(offset, count);
    }

    private void checkRange(long offset, long count) {
        if (offset < 0 || count <= 0) {
            throw new IllegalArgumentException("offset=" + offset + ", count=" + count);
        }
        if (offset > head.version.sizeBytes - count) {
            throw outOfRange(offset, count);
        }
    }

    private BlockSpaceException outOfRange(long offset, long count) {
        return new BlockSpaceException(
                Code.OUT_OF_RANGE,
                "range is outside the volume: offset=" + offset + ", count=" + count + ", size="
                        + head.version.sizeBytes);
    }
}

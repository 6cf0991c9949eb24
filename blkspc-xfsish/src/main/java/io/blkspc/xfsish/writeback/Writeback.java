package io.blkspc.xfsish.writeback;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import io.blkspc.xfsish.buffer.BufferCache;
import io.blkspc.xfsish.buffer.DirtyBatch;
import io.blkspc.xfsish.buffer.DirtyBuffers;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Rounds of write-back, one at a time. A round takes what was dirty when it began, in ascending order and in batches; every
 * buffer is tried once, so that one bad place keeps no other buffer dirty.
 *
 * <p>Order: a buffer that another client has staged ends its batch. Only then, with everything below committed and no buffer
 * taken, the round waits; it does not wait at all while a failed write of its own left a stage above, because the other
 * client may be waiting for that one.
 */
public final class Writeback {

    /** How long one round waits for other clients altogether. */
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** Between looks for a shutdown. */
    private static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final BlockSpace space;
    private final BufferCache cache;
    private final DirtyBuffers dirty;
    private final WritePass pass;
    private final ReentrantLock turn = new ReentrantLock();
    private final DirtyBatch batch = new DirtyBatch();
    private final long[] keys;
    private long patienceNanos;
    private BlockSpaceException failure;

    /** Write-back of one cache. */
    public Writeback(BlockSpace space, BufferCache cache) {
        this.space = space;
        this.cache = cache;
        this.dirty = cache.dirtyBuffers();
        this.pass = new WritePass(space, cache);
        this.keys = new long[cache.capacity()];
    }

    /**
     * Writes back what is dirty in a range and held by no transaction. Clean buffers are published in the space; they
     * survive power loss after a flush of the space. What failed is still dirty, and the next round tries it again.
     *
     * @param endBlock exclusive
     * @param upTo newest change to write, see {@link DirtyBuffers#newest}
     * @throws BlockSpaceException the first failure, after everything was tried: {@code IO}, {@code OUT_OF_BACKING}; {@code
     *     BUSY} when another client held a block for 30 seconds; {@code FAILED}, {@code CLOSED}, {@code CANCELLED}. Never
     *     {@code OUT_OF_SPACE} or {@code NO_CREDIT}
     */
    public void round(long firstBlock, long endBlock, long upTo) {
        turn.lock();
        try {
            failure = null;
            patienceNanos = PATIENCE_NANOS;
            int count = dirty.list(keys, firstBlock, endBlock, upTo);
            for (int next = 0; next < count; ) {
                next = writeBatch(next, count);
            }
            if (failure != null) {
                throw failure;
            }
        } finally {
            turn.unlock();
        }
    }

    /** After the cache was shut down: lets the round under way finish, then drops what is still dirty. */
    public void dropDirty() {
        turn.lock();
        try {
            cache.dropDirty();
        } finally {
            turn.unlock();
        }
    }

    /** Writes a batch from {@code next} on; returns where to go on. */
    private int writeBatch(int next, int count) {
        dirty.begin(keys, next, count, batch);
        int after = batch.nextKey();
        boolean isBusy = false;
        long busyBlock = 0;
        try {
            int stop = pass.write(batch);
            if (stop < batch.size()) {
                isBusy = true;
                busyBlock = batch.buffer(stop).block();
                after = batch.key(stop);
            }
        } finally {
            dirty.end(batch);
            batch.putCookies();
        }
        note(pass.failure());
        if (pass.isFatal()) {
            return count;
        }
        return isBusy && !awaitUnstaged(busyBlock) ? after + 1 : after;
    }

    private void note(BlockSpaceException e) {
        failure = failure == null ? e : failure;
    }

    /** {@code false} when the block has to be left for a later round. */
    private boolean awaitUnstaged(long block) {
        if (dirty.hasStageAbove(block)) {
            note(new BlockSpaceException(
                    Code.BUSY, "another client holds a block, and a failed write holds one above: block=" + block));
            return false;
        }
        while (true) {
            try {
                space.awaitUnstaged(block << Geometry.BLOCK_SHIFT, Math.min(SLICE_NANOS, patienceNanos));
                return true;
            } catch (BlockSpaceException e) {
                patienceNanos -= SLICE_NANOS;
                if (e.code() != Code.BUSY || patienceNanos <= 0 || dirty.isShutDown()) {
                    note(e);
                    return false;
                }
            }
        }
    }
}

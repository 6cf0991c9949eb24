package io.blkspc.xfsish.buffer;

import io.blkspc.xfsish.buffer.Buffer.State;
import io.blkspc.xfsish.buffer.DirtyBatch.Outcome;
import java.util.Arrays;

/** The cache as write-back sees it: which buffers are dirty, taking some of them, and giving them back by outcome. */
public final class DirtyBuffers {

    private static final int SLOT_BITS = 24;

    /** Slots are a part of the sort key. */
    static final int SLOT_MASK = (1 << SLOT_BITS) - 1;

    private final CacheState cache;

    DirtyBuffers(CacheState cache) {
        this.cache = cache;
    }

    /** Newest change that has a place in the order of syncs. */
    public long newest() {
        cache.lock.lock();
        try {
            return cache.dirtySequence;
        } finally {
            cache.lock.unlock();
        }
    }

    /** Dirty buffers, those of running transactions included. */
    public int count() {
        cache.lock.lock();
        try {
            int count = 0;
            for (Buffer buffer : cache.slots.all) {
                count += buffer.isDirty() ? 1 : 0;
            }
            return count;
        } finally {
            cache.lock.unlock();
        }
    }

    /**
     * Lists what could be written now, in ascending order.
     *
     * @param keys filled; at least as long as the cache has buffers
     * @param endBlock exclusive
     * @param upTo newest change to list
     * @return how many
     */
    public int list(long[] keys, long firstBlock, long endBlock, long upTo) {
        int count = 0;
        cache.lock.lock();
        try {
            for (Buffer buffer : cache.slots.all) {
                if (buffer.isWritable() && isWanted(buffer, firstBlock, endBlock, upTo)) {
                    keys[count++] = buffer.block << SLOT_BITS | buffer.slot;
                }
            }
        } finally {
            cache.lock.unlock();
        }
        Arrays.sort(keys, 0, count);
        return count;
    }

    private static boolean isWanted(Buffer buffer, long firstBlock, long endBlock, long upTo) {
        return buffer.isDirty()
                && !buffer.pinned
                && buffer.block >= firstBlock
                && buffer.block < endBlock
                && buffer.dirtySequence <= upTo;
    }

    /** Takes buffers from the list, from {@code next} on, as far as they can still be written. */
    public void begin(long[] keys, int next, int count, DirtyBatch batch) {
        cache.lock.lock();
        try {
            batch.clear();
            int key = next;
            for (; key < count && batch.size < DirtyBatch.MAX_BUFFERS && !cache.shutDown; key++) {
                Buffer buffer = cache.slots.all[(int) keys[key] & SLOT_MASK];
                if (buffer.isWritable() && buffer.block == keys[key] >>> SLOT_BITS) {
                    buffer.state = State.WRITING;
                    buffer.shares++;
                    cache.wanted = buffer == cache.wanted ? null : cache.wanted;
                    batch.add(buffer, key);
                }
            }
            batch.nextKey = cache.shutDown ? count : key;
        } finally {
            cache.lock.unlock();
        }
    }

    /** Ends a batch by its outcomes. The references of clean buffers are left in the batch, to be put without a lock. */
    public void end(DirtyBatch batch) {
        cache.lock.lock();
        try {
            for (int i = 0; i < batch.size; i++) {
                Buffer buffer = batch.buffers[i];
                Outcome outcome = batch.outcomes[i];
                buffer.shares--;
                if (outcome == Outcome.DONE) {
                    batch.settled[batch.settledCount++] = cache.settle(buffer);
                } else {
                    buffer.state = State.DIRTY;
                    buffer.hasStage |= outcome == Outcome.STAGED || outcome == Outcome.DOWN;
                }
            }
            batch.clear();
            cache.assertConsistent();
            cache.changed.signalAll();
        } finally {
            cache.lock.unlock();
        }
    }

    /** {@code true} when a failed write-back left a stage above this block: nobody may wait at the block then. */
    public boolean hasStageAbove(long block) {
        cache.lock.lock();
        try {
            for (Buffer buffer : cache.slots.all) {
                if (buffer.hasStage && buffer.block > block) {
                    return true;
                }
            }
            return false;
        } finally {
            cache.lock.unlock();
        }
    }

    /**
     * For a sync: waits until a wanted dirty buffer can be written, or there is none left.
     *
     * @return {@code true} when one can be written
     */
    public boolean awaitWritable(long firstBlock, long endBlock, long upTo) {
        cache.lock.lock();
        try {
            while (true) {
                cache.checkOpen();
                boolean pending = false;
                cache.wanted = null;
                for (Buffer buffer : cache.slots.all) {
                    if (isWanted(buffer, firstBlock, endBlock, upTo)) {
                        pending = true;
                        cache.wanted = buffer.state == State.DIRTY ? buffer : cache.wanted;
                        if (buffer.isWritable()) {
                            return true;
                        }
                    }
                }
                if (!pending) {
                    return false;
                }
                cache.changed.awaitUninterruptibly();
            }
        } finally {
            cache.lock.unlock();
        }
    }

    /** {@code true} once the cache was shut down. */
    public boolean isShutDown() {
        cache.lock.lock();
        try {
            return cache.shutDown;
        } finally {
            cache.lock.unlock();
        }
    }

    /** Ends what {@link #awaitWritable} began. */
    public void stopWaiting() {
        cache.lock.lock();
        try {
            cache.wanted = null;
            cache.changed.signalAll();
        } finally {
            cache.lock.unlock();
        }
    }
}

package io.blkspc.xfsish.buffer;

import io.blkspc.api.Cookie;
import io.blkspc.xfsish.buffer.Buffer.State;

/**
 * The cache as a log and delayed allocation see it. A pinned buffer is dirty and stays in memory: write-back passes it over
 * until it is unpinned, because its change is not in the log yet ({@link #unpin}), or because it has no place yet ({@link
 * #place}). Any thread may call anything; nobody else may hold the buffers meanwhile.
 */
public final class PinnedBuffers {

    private final CacheState cache;

    PinnedBuffers(CacheState cache) {
        this.cache = cache;
    }

    /** Pins a buffer that the caller holds and has made dirty. */
    public void pin(Buffer buffer) {
        cache.lock.lock();
        try {
            buffer.pinned = true;
        } finally {
            cache.lock.unlock();
        }
    }

    /** Lets write-back have a block again. */
    public void unpin(long block) {
        cache.lock.lock();
        try {
            Buffer buffer = cache.slots.find(block);
            if (buffer != null) {
                buffer.pinned = false;
                cache.changed.signalAll();
            }
        } finally {
            cache.lock.unlock();
        }
    }

    /**
     * Gives a delayed block its place: the buffer goes on as that of {@code block}, with its bytes and its cookie, and can be
     * written back.
     *
     * @throws IllegalStateException when there is no such dirty buffer, or another one is dirty at its place
     */
    public void place(long delayed, long block) {
        cache.lock.lock();
        try {
            Buffer buffer = cache.slots.find(delayed);
            Buffer there = cache.slots.find(block);
            if (buffer == null || buffer.state != State.DIRTY || (there != null && !there.isEvictable())) {
                throw new IllegalStateException("block cannot be placed: delayed=" + buffer + ", there=" + there);
            }
            if (there != null) {
                cache.slots.drop(there);
            }
            cache.slots.rename(buffer, block);
            buffer.pinned = false;
            cache.changed.signalAll();
        } finally {
            cache.lock.unlock();
        }
    }

    /** Forgets a block whose content nobody needs any more, also when it is dirty: its reference is put. */
    public void forget(long block) {
        Cookie cookie = null;
        cache.lock.lock();
        try {
            Buffer buffer = cache.slots.find(block);
            if (buffer != null) {
                if (!buffer.isIdle()) {
                    throw new IllegalStateException("block is in use: " + buffer);
                }
                cookie = cache.settle(buffer);
                cache.slots.drop(buffer);
                cache.changed.signalAll();
            }
        } finally {
            cache.lock.unlock();
        }
        if (cookie != null) {
            cookie.put();
        }
    }

    /** Dirty buffers that may still become dirty before write-back has to make room. */
    public int room() {
        cache.lock.lock();
        try {
            return cache.maxDirty - cache.committed;
        } finally {
            cache.lock.unlock();
        }
    }
}

package io.blkspc.xfsish.buffer;

import static io.blkspc.xfsish.buffer.CacheState.LOADING;

import io.blkspc.api.Geometry;
import io.blkspc.xfsish.buffer.Buffer.State;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;

/** Reading through the cache: shares what is there, loads what is missing, a run of neighbours at a time. */
final class CachedReads {

    private final CacheState cache;
    private final ArrayDeque<Loader> loaders = new ArrayDeque<>();

    CachedReads(CacheState cache) {
        this.cache = cache;
    }

    /** Copies some bytes out and returns how many; at least one. */
    long readSome(long offset, long length, MemorySegment target, long start) {
        long first = offset >>> Geometry.BLOCK_SHIFT;
        long last = (offset + length - 1) >>> Geometry.BLOCK_SHIFT;
        Loader run = shareOrClaim(first, last);
        if (run.isMissing) {
            loadShared(run);
        }
        try {
            long end = Math.min(offset + length, (first + run.count) << Geometry.BLOCK_SHIFT);
            for (long at = offset; at < end; ) {
                Buffer buffer = run.run[(int) ((at >>> Geometry.BLOCK_SHIFT) - first)];
                long part = Math.min(end, buffer.offsetBytes() + Geometry.BLOCK_BYTES) - at;
                MemorySegment.copy(buffer.memory(), at - buffer.offsetBytes(), target, start + at - offset, part);
                at += part;
            }
            return end - offset;
        } finally {
            unshare(run);
        }
    }

    /** The block in the cache, or the missing ones from it on, held by the loader. */
    private Loader shareOrClaim(long first, long last) {
        cache.lock.lock();
        try {
            while (true) {
                cache.checkOpen();
                Buffer buffer = cache.slots.find(first);
                if (buffer == null) {
                    buffer = cache.slots.claim(first, LOADING);
                    if (buffer != null) {
                        return claimMore(buffer, last);
                    }
                } else if (buffer.holder == null) {
                    buffer.shares++;
                    buffer.referenced = true;
                    return take(buffer, false);
                }
                cache.changed.awaitUninterruptibly();
            }
        } finally {
            cache.lock.unlock();
        }
    }

    private Loader claimMore(Buffer first, long last) {
        Loader run = take(first, true);
        for (long block = first.block + 1; block <= last && !run.isFull(); block++) {
            Buffer next = cache.slots.find(block) == null ? cache.slots.claim(block, LOADING) : null;
            if (next == null) {
                break;
            }
            run.add(next);
        }
        return run;
    }

    private Loader take(Buffer buffer, boolean isMissing) {
        Loader loader = loaders.pollFirst();
        loader = loader == null ? new Loader(cache.space, cache.slots.memory) : loader;
        loader.isMissing = isMissing;
        loader.add(buffer);
        return loader;
    }

    private void giveBack(Loader run) {
        run.clear();
        loaders.addFirst(run);
        cache.changed.signalAll();
    }

    private void loadShared(Loader run) {
        boolean loaded = false;
        try {
            run.load();
            loaded = true;
        } finally {
            endSharedLoad(run, loaded);
        }
    }

    private void endSharedLoad(Loader run, boolean loaded) {
        cache.lock.lock();
        try {
            for (int i = 0; i < run.count; i++) {
                Buffer buffer = run.run[i];
                buffer.holder = null;
                if (loaded) {
                    buffer.state = State.CLEAN;
                    buffer.shares = 1;
                } else {
                    cache.slots.drop(buffer);
                }
            }
            if (!loaded) {
                giveBack(run);
            }
            cache.changed.signalAll();
        } finally {
            cache.lock.unlock();
        }
    }

    private void unshare(Loader run) {
        cache.lock.lock();
        try {
            for (int i = 0; i < run.count; i++) {
                run.run[i].shares--;
            }
            giveBack(run);
        } finally {
            cache.lock.unlock();
        }
    }

    /**
     * Reads a buffer that a transaction holds.
     *
     * @param dropOnFailure forget the buffer when it cannot be read: the transaction does not know it yet
     */
    void loadHeld(Buffer buffer, boolean dropOnFailure) {
        Loader run = takeFor(buffer);
        boolean loaded = false;
        try {
            run.load();
            loaded = true;
        } finally {
            endHeldLoad(run, buffer, loaded, dropOnFailure);
        }
    }

    private Loader takeFor(Buffer buffer) {
        cache.lock.lock();
        try {
            return take(buffer, true);
        } finally {
            cache.lock.unlock();
        }
    }

    private void endHeldLoad(Loader run, Buffer buffer, boolean loaded, boolean dropOnFailure) {
        cache.lock.lock();
        try {
            if (loaded) {
                buffer.state = State.CLEAN;
            } else if (dropOnFailure) {
                cache.slots.drop(buffer);
            }
            giveBack(run);
        } finally {
            cache.lock.unlock();
        }
    }
}

package io.blkspc.xfsish.buffer;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.xfsish.buffer.Buffer.State;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * The buffers of one space, as readers and transactions see them; write-back sees them through {@link #dirtyBuffers}. Any
 * thread may call anything. The invariants are those of {@link CacheState}.
 */
public final class BufferCache {

    /** Blocks from here on have no place in the space yet: delayed allocation. They are never read or written there. */
    public static final long DELAYED = 1L << 38;

    private final CacheState cache;
    private final CachedReads reads;
    private final DirtyBuffers dirtyBuffers;
    private final PinnedBuffers pinnedBuffers;

    /**
     * A cache of {@code maxDirty + readBuffers} blocks of 4096 bytes.
     *
     * @param maxDirty most dirty buffers, at least 1
     * @param readBuffers buffers that are never dirty, at least 1
     */
    public BufferCache(BlockSpace space, int maxDirty, int readBuffers) {
        if (maxDirty < 1 || readBuffers < 1 || (long) maxDirty + readBuffers > DirtyBuffers.SLOT_MASK) {
            throw new IllegalArgumentException("maxDirty=" + maxDirty + ", readBuffers=" + readBuffers);
        }
        cache = new CacheState(space, maxDirty, readBuffers);
        reads = new CachedReads(cache);
        dirtyBuffers = new DirtyBuffers(cache);
        pinnedBuffers = new PinnedBuffers(cache);
    }

    /** Most dirty buffers. */
    public int maxDirty() {
        return cache.maxDirty;
    }

    /** Number of buffers. */
    public int capacity() {
        return cache.slots.all.length;
    }

    /** The memory behind all buffers. */
    public MemorySegment memory() {
        return cache.slots.memory;
    }

    /** Where a buffer begins in {@link #memory}. */
    public long memoryOffset(Buffer buffer) {
        return (long) buffer.slot * Geometry.BLOCK_BYTES;
    }

    /** What write-back does with it. */
    public DirtyBuffers dirtyBuffers() {
        return dirtyBuffers;
    }

    /** What a log does with it. */
    public PinnedBuffers pinnedBuffers() {
        return pinnedBuffers;
    }

    /**
     * Copies bytes out, loading what is missing. Waits for transactions that hold a buffer of the range.
     *
     * @throws BlockSpaceException {@code IO}; {@code CLOSED}
     */
    public void read(long offset, long length, MemorySegment target, long start) {
        Objects.checkFromIndexSize(start, length, target.byteSize());
        for (long done = 0; done < length; ) {
            done += reads.readSome(offset + done, length - done, target, start + done);
        }
    }

    // ---- transactions: promise → hold → dirty → release

    /**
     * Promises memory for {@code buffers} dirty buffers, waiting for transactions to end and for a write-back under way.
     *
     * @return {@code false} when only a write-back by the caller can make room
     */
    public boolean awaitPromise(int buffers) {
        cache.lock.lock();
        try {
            while (true) {
                cache.checkOpen();
                if (cache.committed + buffers <= cache.maxDirty) {
                    cache.committed += buffers;
                    return true;
                }
                for (Buffer buffer : cache.slots.all) {
                    if (buffer.isWritable()) {
                        return false;
                    }
                }
                cache.changed.awaitUninterruptibly();
            }
        } finally {
            cache.lock.unlock();
        }
    }

    /** Gives a promise back that no transaction came to use. */
    public void unpromise(int buffers) {
        cache.lock.lock();
        try {
            cache.committed -= buffers;
            cache.changed.signalAll();
        } finally {
            cache.lock.unlock();
        }
    }

    /** The buffer of a block if {@code holder} holds it already, else null. */
    public Buffer held(long block, BufferHolder holder) {
        cache.lock.lock();
        try {
            Buffer buffer = cache.slots.find(block);
            return buffer != null && buffer.isHeldBy(holder) ? buffer : null;
        } finally {
            cache.lock.unlock();
        }
    }

    /**
     * Holds the buffer of a block that {@code holder} does not hold yet: nobody else reads, changes or writes it until {@link
     * #release}.
     *
     * @param inOrder the transaction holds no buffer above this block, so that it may wait for other transactions
     * @param load {@code false} when every byte will be overwritten
     * @throws IllegalStateException when it would wait for another transaction out of order
     */
    public Buffer hold(long block, BufferHolder holder, boolean inOrder, boolean load) {
        Buffer buffer = awaitHold(block, holder, inOrder);
        if (load) {
            fill(buffer, true);
        }
        return buffer;
    }

    /** Reads a held buffer that was meant to be overwritten, if it has no bytes yet. */
    public void fill(Buffer buffer, boolean dropOnFailure) {
        if (buffer.state == State.EMPTY) { // held by the caller: nobody else changes it
            reads.loadHeld(buffer, dropOnFailure);
        }
    }

    private Buffer awaitHold(long block, BufferHolder holder, boolean inOrder) {
        cache.lock.lock();
        try {
            while (true) {
                cache.checkOpen();
                Buffer buffer = cache.slots.find(block);
                if (buffer == null) {
                    buffer = cache.slots.claim(block, holder);
                    if (buffer != null) {
                        return buffer;
                    }
                } else if (buffer.isIdle() && buffer != cache.wanted) {
                    buffer.holder = holder;
                    buffer.referenced = true;
                    return buffer;
                } else if (!inOrder && buffer.holder != null && !buffer.isHeldBy(CacheState.LOADING)) {
                    throw new IllegalStateException(
                            "transactions take contended buffers in ascending order: block=" + block);
                }
                cache.changed.awaitUninterruptibly();
            }
        } finally {
            cache.lock.unlock();
        }
    }

    /**
     * Marks a held buffer dirty. One that is dirty already keeps its cookie (B4).
     *
     * @throws BlockSpaceException {@code CANCELLED} when the cookie gives no more references; nothing changed
     */
    public void dirty(Buffer buffer, Cookie cookie) {
        cache.lock.lock();
        try {
            cache.checkOpen();
            if (!buffer.isDirty()) {
                if (cookie.get() == null) {
                    throw new BlockSpaceException(Code.CANCELLED, "cookie was cancelled: id=" + cookie.id());
                }
                buffer.cookie = cookie;
                buffer.state = State.DIRTY;
            }
        } finally {
            cache.lock.unlock();
        }
    }

    /**
     * Ends a transaction: lets go of its first {@code count} buffers and of what it was promised.
     *
     * @return {@code false} when the cache was shut down, and what the transaction changed is gone
     */
    public boolean release(Buffer[] held, int count, int promised) {
        Cookie[] orphans = null;
        cache.lock.lock();
        try {
            if (cache.shutDown) {
                orphans = new Cookie[count];
            }
            long sequence = ++cache.dirtySequence;
            cache.committed -= promised;
            for (int i = 0; i < count; i++) {
                Buffer buffer = held[i];
                buffer.holder = null;
                if (cache.shutDown) {
                    orphans[i] = cache.settle(buffer);
                    cache.slots.drop(buffer);
                } else if (buffer.state == State.EMPTY) {
                    cache.slots.drop(buffer);
                } else if (buffer.state == State.DIRTY && !buffer.counted) {
                    buffer.counted = true;
                    buffer.dirtySequence = sequence;
                    cache.committed++;
                }
            }
            cache.assertConsistent();
            cache.changed.signalAll();
            return orphans == null;
        } finally {
            cache.lock.unlock();
            putAll(orphans);
        }
    }

    // ---- the end

    /** Lets nothing new begin and cancels the cookies of dirty buffers. What is being written may finish. */
    public void shutDown() {
        cache.lock.lock();
        try {
            cache.shutDown = true;
            for (Buffer buffer : cache.slots.all) {
                if (buffer.cookie != null) {
                    buffer.cookie.cancel();
                }
            }
            cache.changed.signalAll();
        } finally {
            cache.lock.unlock();
        }
    }

    /** After {@link #shutDown} and the end of write-back: drops the dirty buffers that no transaction holds, and puts their references. */
    public void dropDirty() {
        Cookie[] orphans = new Cookie[capacity()];
        cache.lock.lock();
        try {
            for (Buffer buffer : cache.slots.all) {
                if (buffer.state == State.DIRTY && buffer.holder == null) {
                    orphans[buffer.slot] = cache.settle(buffer);
                }
            }
            cache.changed.signalAll();
        } finally {
            cache.lock.unlock();
        }
        putAll(orphans);
    }

    private static void putAll(Cookie[] cookies) {
        for (int i = 0; cookies != null && i < cookies.length; i++) {
            if (cookies[i] != null) {
                cookies[i].put();
            }
        }
    }
}

package io.blkspc.xfsish.transaction;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.xfsish.buffer.Buffer;
import io.blkspc.xfsish.buffer.BufferCache;
import io.blkspc.xfsish.buffer.BufferHolder;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * Changes that belong together, made in memory. It owns one reference of a cookie that was reserved for the worst case, and
 * memory for as many buffers; each buffer it dirties gets a reference of its own, so the cookie outlives the transaction
 * until the last of them was written.
 *
 * <p>A block it touched is its own until it ends: others wait to read, change or write it. Two transactions that may meet
 * take their blocks in ascending order; one that would wait out of order is refused with {@link IllegalStateException}.
 *
 * <p>One thread at a time. End it with {@link #commit}; {@link #close} without it gives an unused transaction back, and
 * <em>shuts the subvolume down</em> if something was changed: there is no before-image to return to (the rule of XFS).
 */
public final class Transaction implements BufferHolder, AutoCloseable {

    private final Transactions transactions;
    private final BufferCache cache;
    private final Cookie cookie;
    private final Scratch scratch;
    private final int credits;
    private final int windowShift;
    private final int promised;

    private int heldCount;
    private int uncountedHeld;
    private long highestBlock = -1;
    private boolean isDirty;
    private boolean ended;
    /** Position in the list of running transactions; guarded by their lock. */
    int position;

    Transaction(
            Transactions transactions, BufferCache cache, Cookie cookie, int credits, int promised, Scratch scratch) {
        this.transactions = transactions;
        this.cache = cache;
        this.cookie = cookie;
        this.credits = credits;
        this.windowShift = Math.max(0, Integer.numberOfTrailingZeros(cookie.blockSizeBytes()) - Geometry.BLOCK_SHIFT);
        this.promised = promised;
        this.scratch = scratch;
    }

    /**
     * Makes a block its own, to look at.
     *
     * @throws IllegalStateException when it touches more blocks than it was begun for, or out of order
     * @throws BlockSpaceException {@code IO}; {@code OUT_OF_RANGE}; {@code CLOSED}
     */
    public Buffer join(long block) {
        checkRange(block << Geometry.BLOCK_SHIFT, Geometry.BLOCK_BYTES);
        return hold(block, true);
    }

    /**
     * Makes a block its own, to change: the returned 4096 bytes may be written until the transaction ends.
     *
     * @throws IllegalStateException as {@link #join}, and when it changes more windows than it reserved credits for
     * @throws BlockSpaceException as {@link #join}; {@code CANCELLED} at shutdown
     */
    public MemorySegment change(long block) {
        Buffer buffer = join(block);
        dirty(buffer);
        return buffer.memory();
    }

    /**
     * As {@link #change}, for bytes that are all new: they are zeros and nothing is read. A block from {@link
     * BufferCache#DELAYED} on has no place yet and is pinned.
     */
    public MemorySegment overwrite(long block) {
        if (block < BufferCache.DELAYED) {
            checkRange(block << Geometry.BLOCK_SHIFT, Geometry.BLOCK_BYTES);
        }
        Buffer buffer = hold(block, false);
        dirty(buffer);
        if (block >= BufferCache.DELAYED) {
            cache.pinnedBuffers().pin(buffer);
        }
        return buffer.memory().fill((byte) 0);
    }

    /** As {@link #change}, for a block from {@link BufferCache#DELAYED} on that is dirty already. */
    public MemorySegment changeDelayed(long block) {
        Buffer buffer = hold(block, false);
        if (!buffer.isDirty()) {
            throw new IllegalStateException("delayed block is not dirty: block=" + block);
        }
        dirty(buffer);
        return buffer.memory();
    }

    /** As {@link #change} or {@link #overwrite}; write-back passes the block over until it is unpinned. */
    public MemorySegment changePinned(long block, boolean isNew) {
        MemorySegment memory = isNew ? overwrite(block) : change(block);
        cache.pinnedBuffers().pin(cache.held(block, this));
        return memory;
    }

    /** The bytes of a block that this transaction holds already, else null. */
    public MemorySegment held(long block) {
        Buffer buffer = cache.held(block, this);
        return buffer == null ? null : buffer.memory();
    }

    /** Copies bytes in; blocks that are not wholly overwritten are read first. Errors as {@link #change}. */
    public void write(long offsetBytes, MemorySegment source, long start, long lengthBytes) {
        checkRange(offsetBytes, lengthBytes);
        Objects.checkFromIndexSize(start, lengthBytes, source.byteSize());
        long done = 0;
        while (done < lengthBytes) {
            long at = offsetBytes + done;
            long inBlock = at & (Geometry.BLOCK_BYTES - 1);
            long part = Math.min(Geometry.BLOCK_BYTES - inBlock, lengthBytes - done);
            Buffer buffer = hold(at >>> Geometry.BLOCK_SHIFT, part < Geometry.BLOCK_BYTES);
            dirty(buffer);
            MemorySegment.copy(source, start + done, buffer.memory(), inBlock, part);
            done += part;
        }
    }

    /** Copies bytes out, its own changes included; makes the blocks its own. Errors as {@link #join}. */
    public void read(long offsetBytes, long lengthBytes, MemorySegment target, long start) {
        checkRange(offsetBytes, lengthBytes);
        Objects.checkFromIndexSize(start, lengthBytes, target.byteSize());
        long done = 0;
        while (done < lengthBytes) {
            long at = offsetBytes + done;
            long inBlock = at & (Geometry.BLOCK_BYTES - 1);
            long part = Math.min(Geometry.BLOCK_BYTES - inBlock, lengthBytes - done);
            Buffer buffer = hold(at >>> Geometry.BLOCK_SHIFT, true);
            MemorySegment.copy(buffer.memory(), inBlock, target, start + done, part);
            done += part;
        }
    }

    /**
     * Ends it: its changes are visible to everybody and will be written back. They survive power loss after a sync.
     *
     * @throws BlockSpaceException {@code CLOSED} when the subvolume was shut down meanwhile: the changes are gone
     */
    public void commit() {
        checkRunning();
        if (!end()) {
            throw new BlockSpaceException(Code.CLOSED, "subvolume was shut down before the transaction ended");
        }
    }

    @Override
    public void close() {
        if (!ended) {
            if (isDirty) {
                transactions.abandonedDirty();
            }
            end();
        }
    }

    private boolean end() {
        ended = true;
        boolean kept = cache.release(scratch.held, heldCount, promised);
        scratch.clear(heldCount);
        cookie.put();
        transactions.ended(this, scratch);
        return kept;
    }

    void cancelCookie() {
        cookie.cancel();
    }

    private Buffer hold(long block, boolean load) {
        checkRunning();
        Buffer buffer = cache.held(block, this);
        if (buffer != null) {
            if (load) {
                cache.fill(buffer, false);
            }
            return buffer;
        }
        buffer = cache.hold(block, this, block > highestBlock, load);
        scratch.hold(buffer, heldCount++);
        highestBlock = Math.max(highestBlock, block);
        if (!buffer.isCounted() && ++uncountedHeld > promised) {
            uncountedHeld--;
            heldCount--;
            cache.release(new Buffer[] {buffer}, 1, 0);
            throw new IllegalStateException(
                    "transaction touches more blocks than it was begun for: block=" + block + ", blocks=" + promised);
        }
        return buffer;
    }

    private void dirty(Buffer buffer) {
        if (!buffer.isDirty()) {
            long window = buffer.block() >>> windowShift;
            if (!scratch.windows.contains(window) && scratch.windows.count() == credits) {
                throw new IllegalStateException("transaction changes more windows than it reserved: block="
                        + buffer.block() + ", credits=" + credits);
            }
            cache.dirty(buffer, cookie);
            scratch.windows.add(window);
        }
        isDirty = true;
    }

    private void checkRunning() {
        if (ended) {
            throw new IllegalStateException("transaction has ended");
        }
    }

    private void checkRange(long offset, long length) {
        transactions.checkRange(offset, length);
    }
}

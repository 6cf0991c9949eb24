package io.blkspc.xfsish;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.xfsish.buffer.BufferCache;
import io.blkspc.xfsish.buffer.PinnedBuffers;
import io.blkspc.xfsish.transaction.Transaction;
import io.blkspc.xfsish.transaction.Transactions;
import io.blkspc.xfsish.writeback.Writeback;
import java.lang.foreign.MemorySegment;

/**
 * The write path of a delayed-allocation file system over one space: blocks are changed in memory by transactions that
 * reserved space first, and get their place on the device when they are written back.
 *
 * <pre>
 *  begin      memory, then space.reserve                the only step that can run out of space
 *  change     buffer.cookie = cookie.get()              one reference for each dirty buffer
 *  commit     cookie.put()                              the buffers keep the reservation alive
 *  write back space.allocate → device.write → space.commit → cookie.put
 *  sync       write back, then space.flush
 *  shutdown   cookie.cancel, dirty buffers dropped, cookie.put
 * </pre>
 *
 * <p>It is the only client of the space: what others write there is not seen, as with any mounted file system. Any thread
 * may call anything, but a thread that runs a transaction ends it before it begins another, syncs, freezes or closes.
 */
public final class Subvolume implements AutoCloseable {

    private final BlockSpace space;
    private final BufferCache cache;
    private final Writeback writeback;
    private final Transactions transactions;

    private Subvolume(BlockSpace space, SubvolumeConfig config) {
        this.space = space;
        this.cache = new BufferCache(space, config.maxDirtyBlocks(), config.readBlocks());
        this.writeback = new Writeback(space, cache);
        this.transactions = new Transactions(space, cache, new Transactions.Surroundings() {
            @Override
            public void writeBack() {
                Subvolume.this.writeBack();
            }

            @Override
            public void shutDown() {
                Subvolume.this.shutDown();
            }
        });
    }

    /**
     * A subvolume over a writable space, which stays the caller's to close.
     *
     * @throws BlockSpaceException {@code READ_ONLY}
     */
    public static Subvolume open(BlockSpace space, SubvolumeConfig config) {
        if (space.isReadOnly()) {
            throw new BlockSpaceException(Code.READ_ONLY, "a subvolume needs a writable space: name=" + space.name());
        }
        return new Subvolume(space, config);
    }

    /** As {@link #begin(int, int, int)}, for up to {@code blocks} scattered blocks. */
    public Transaction begin(int blocks) {
        return begin(blocks, Geometry.BLOCK_BYTES, blocks);
    }

    /**
     * Begins a transaction that changes at most {@code credits} windows and touches at most {@code blocks} blocks. What it
     * reserves is held until the last buffer it dirtied was written back.
     *
     * @throws BlockSpaceException {@code OUT_OF_SPACE}: here and nowhere later; {@code CLOSED}
     * @see Transactions#begin
     */
    public Transaction begin(int credits, int windowBytes, int blocks) {
        return transactions.begin(credits, windowBytes, blocks);
    }

    /** Begins a transaction on space that was reserved before, through {@link #reserve}. */
    public Transaction begin(Cookie reserved, int credits, int blocks) {
        return transactions.begin(reserved, credits, blocks);
    }

    /**
     * Reserves {@code credits} blocks for transactions to come; the cookie is the caller's to put.
     *
     * @throws BlockSpaceException {@code OUT_OF_SPACE}
     */
    public Cookie reserve(int credits) {
        return space.reserve(credits, Geometry.BLOCK_BYTES);
    }

    /** What a log and delayed allocation do with its buffers. */
    public PinnedBuffers pinned() {
        return cache.pinnedBuffers();
    }

    /** The space below. */
    public BlockSpace space() {
        return space;
    }

    /** Most dirty blocks. */
    public int maxDirty() {
        return cache.maxDirty();
    }

    /**
     * Begins a transaction that changes one range. Neighbours share metadata, so large windows cost the host far less of it
     * than as many scattered blocks; where their rounding up finds no space, exactly the blocks are asked for. Errors as
     * {@link #begin(int, int, int)}.
     */
    public Transaction beginRange(long offsetBytes, long lengthBytes) {
        checkRange(offsetBytes, lengthBytes);
        long first = Geometry.alignDown(offsetBytes);
        long end = Math.max(first + Geometry.BLOCK_BYTES, Geometry.alignUp(offsetBytes + lengthBytes));
        int blocks = (int) Math.min(Integer.MAX_VALUE, (end - first) >>> Geometry.BLOCK_SHIFT);
        int window = (int) Long.highestOneBit(Math.min(Geometry.MAX_WINDOW_BYTES, end - first));
        int credits = (int) ((end - 1) / window - first / window + 1);
        try {
            return begin(credits, window, blocks);
        } catch (BlockSpaceException e) {
            if (e.code() != Code.OUT_OF_SPACE || window == Geometry.BLOCK_BYTES) {
                throw e;
            }
            return begin(blocks);
        }
    }

    /**
     * Reads what ended transactions wrote; waits for running ones that hold a block of the range.
     *
     * @throws BlockSpaceException {@code OUT_OF_RANGE}; {@code IO}; {@code CLOSED}
     */
    public void read(long offsetBytes, long lengthBytes, MemorySegment target, long start) {
        if (offsetBytes >>> Geometry.BLOCK_SHIFT < BufferCache.DELAYED) {
            checkRange(offsetBytes, lengthBytes);
        }
        cache.read(offsetBytes, lengthBytes, target, start);
    }

    /** One round of write-back, without making it durable: for a background thread. Errors as {@link #sync()}. */
    public void writeBack() {
        writeback.round(0, Long.MAX_VALUE, cache.dirtyBuffers().newest());
    }

    /**
     * On return everything that ended transactions changed before the call survives power loss. Waits for running ones that
     * change it again.
     *
     * @throws BlockSpaceException {@code IO}, {@code OUT_OF_BACKING}, {@code BUSY}: the blocks are still dirty, and a later
     *     sync tries again; {@code FAILED}: the pool takes no more writes; {@code CLOSED}. Never {@code OUT_OF_SPACE}
     */
    public void sync() {
        writeOut(0, Long.MAX_VALUE);
        space.flush();
    }

    /** As {@link #sync()}, for the blocks of one range. */
    public void sync(long offsetBytes, long lengthBytes) {
        checkRange(offsetBytes, lengthBytes);
        writeOut(
                offsetBytes >>> Geometry.BLOCK_SHIFT,
                Geometry.alignUp(offsetBytes + lengthBytes) >>> Geometry.BLOCK_SHIFT);
        space.flush(offsetBytes, lengthBytes);
    }

    private void writeOut(long firstBlock, long endBlock) {
        long upTo = cache.dirtyBuffers().newest();
        try {
            while (cache.dirtyBuffers().awaitWritable(firstBlock, endBlock, upTo)) {
                writeback.round(firstBlock, endBlock, upTo);
            }
        } finally {
            cache.dirtyBuffers().stopWaiting();
        }
    }

    /**
     * Brings the space to a moment between transactions: none is running, nothing is dirty. A snapshot or clone taken by the
     * pool until {@link Freeze#close} holds whole transactions only.
     */
    public Freeze freeze() {
        transactions.freeze();
        boolean done = false;
        try {
            writeOut(0, Long.MAX_VALUE);
            done = true;
            return new Freeze(transactions);
        } finally {
            if (!done) {
                transactions.thaw();
            }
        }
    }

    /**
     * Ends everything at once and loses what is dirty: cookies are cancelled, IO in flight may finish and commit, the rest
     * is dropped and every reference put. Transactions that still run find out at their next step, and give back what they
     * hold when they are closed. Idempotent.
     */
    public void shutDown() {
        transactions.shutDown();
        cache.shutDown();
        writeback.dropDirty();
    }

    /** {@code true} after a shutdown: nothing can be read or changed any more. */
    public boolean isShutDown() {
        return cache.dirtyBuffers().isShutDown();
    }

    /**
     * Waits for running transactions, syncs and ends. When that fails it is shut down all the same.
     *
     * @throws BlockSpaceException as {@link #sync()}: what was dirty is lost
     */
    @Override
    public void close() {
        if (isShutDown()) {
            return;
        }
        try {
            transactions.freeze();
            sync();
        } finally {
            shutDown();
        }
    }

    /** Dirty blocks in memory now. */
    public int dirtyBlocks() {
        return cache.dirtyBuffers().count();
    }

    private void checkRange(long offset, long length) {
        if (offset < 0 || length < 0 || offset > space.sizeBytes() - length) {
            throw new BlockSpaceException(
                    Code.OUT_OF_RANGE,
                    "not inside the subvolume: offset=" + offset + ", length=" + length + ", size="
                            + space.sizeBytes());
        }
    }
}

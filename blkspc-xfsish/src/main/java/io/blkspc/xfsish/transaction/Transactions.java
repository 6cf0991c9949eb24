package io.blkspc.xfsish.transaction;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.xfsish.buffer.BufferCache;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Begins transactions and knows the running ones: a freeze waits for them, a shutdown cancels their cookies. Any thread may
 * call anything; a thread that runs a transaction begins no second one and does not freeze.
 */
public final class Transactions {

    /** What the transactions of one subvolume need from the rest of it. */
    public interface Surroundings {
        /**
         * Writes dirty buffers back.
         *
         * @throws BlockSpaceException what the first failure was
         */
        void writeBack();

        /** A transaction that had changed something ended without commit. */
        void shutDown();
    }

    private final BlockSpace space;
    private final BufferCache cache;
    private final Surroundings surroundings;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayList<Transaction> running = new ArrayList<>();
    private final ArrayDeque<Scratch> scratches = new ArrayDeque<>();
    /** Running, or waiting in begin behind the gate. */
    private int entered;

    private boolean frozen;
    private boolean shutDown;

    /** The transactions of one cache. */
    public Transactions(BlockSpace space, BufferCache cache, Surroundings surroundings) {
        this.space = space;
        this.cache = cache;
        this.surroundings = surroundings;
    }

    /**
     * Begins a transaction: memory first, which may mean writing back or waiting for others to end, then space, which is
     * there or not. Where it is not, dirty buffers are written back once, because their cookies may hold credit that nobody
     * needs any more.
     *
     * @param credits windows it may change, in the worst case
     * @param windowBytes size of a window: a power of two, 512 to 1,048,576
     * @param blocks blocks of 4096 bytes it may touch
     * @throws BlockSpaceException {@code OUT_OF_SPACE}, here and nowhere later; {@code CLOSED}; what write-back failed with
     *     when memory was short
     * @throws IllegalArgumentException when {@code blocks} exceed the dirty limit
     */
    public Transaction begin(int credits, int windowBytes, int blocks) {
        if (blocks < 0 || blocks > cache.maxDirty()) {
            throw new IllegalArgumentException(
                    "transaction is too large: blocks=" + blocks + ", limit=" + cache.maxDirty());
        }
        return begin(() -> reserve(credits, windowBytes), credits, blocks);
    }

    /**
     * Begins a transaction on space that was reserved before: the transaction takes a reference of its own.
     *
     * @throws BlockSpaceException {@code CANCELLED}; {@code CLOSED}; what write-back failed with when memory was short
     */
    public Transaction begin(Cookie reserved, int credits, int blocks) {
        return begin(
                () -> {
                    if (reserved.get() == null) {
                        throw new BlockSpaceException(Code.CANCELLED, "cookie was cancelled: id=" + reserved.id());
                    }
                    return reserved;
                },
                credits,
                blocks);
    }

    private Transaction begin(Supplier<Cookie> reservation, int credits, int blocks) {
        enter();
        boolean hasMemory = false;
        Transaction begun = null;
        try {
            while (!cache.awaitPromise(blocks)) {
                surroundings.writeBack();
            }
            hasMemory = true;
            begun = start(reservation.get(), credits, blocks);
            return begun;
        } finally {
            if (begun == null) {
                if (hasMemory) {
                    cache.unpromise(blocks);
                }
                exit();
            }
        }
    }

    private Cookie reserve(int credits, int windowBytes) {
        try {
            return space.reserve(credits, windowBytes);
        } catch (BlockSpaceException e) {
            if (e.code() != Code.OUT_OF_SPACE || cache.dirtyBuffers().count() == 0) {
                throw e;
            }
            surroundings.writeBack();
            return space.reserve(credits, windowBytes);
        }
    }

    private Transaction start(Cookie cookie, int credits, int blocks) {
        lock.lock();
        try {
            if (!shutDown) {
                Scratch scratch = scratches.pollFirst();
                scratch = scratch == null ? new Scratch() : scratch;
                Transaction transaction = new Transaction(this, cache, cookie, credits, blocks, scratch);
                transaction.position = running.size();
                running.add(transaction);
                return transaction;
            }
        } finally {
            lock.unlock();
        }
        cookie.put();
        throw closed();
    }

    private void enter() {
        lock.lock();
        try {
            while (frozen && !shutDown) {
                changed.awaitUninterruptibly();
            }
            if (shutDown) {
                throw closed();
            }
            entered++;
        } finally {
            lock.unlock();
        }
    }

    private void exit() {
        lock.lock();
        try {
            entered--;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void ended(Transaction transaction, Scratch scratch) {
        lock.lock();
        try {
            Transaction last = running.removeLast();
            if (last != transaction) {
                running.set(transaction.position, last);
                last.position = transaction.position;
            }
            scratches.addFirst(scratch);
        } finally {
            lock.unlock();
        }
        exit();
    }

    void abandonedDirty() {
        surroundings.shutDown();
    }

    void checkRange(long offset, long length) {
        if (offset < 0 || length < 0 || offset > space.sizeBytes() - length) {
            throw new BlockSpaceException(
                    Code.OUT_OF_RANGE,
                    "not inside the subvolume: offset=" + offset + ", length=" + length + ", size="
                            + space.sizeBytes());
        }
    }

    /** Lets no new transaction begin and waits for the running ones; ended by {@link #thaw}. */
    public void freeze() {
        lock.lock();
        try {
            while (frozen && !shutDown) {
                changed.awaitUninterruptibly();
            }
            if (shutDown) {
                throw closed();
            }
            frozen = true;
            while (entered > 0 && !shutDown) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Lets transactions begin again. */
    public void thaw() {
        lock.lock();
        try {
            frozen = false;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Lets nothing begin any more and cancels the cookies of running transactions; they still have to be closed. */
    public void shutDown() {
        lock.lock();
        try {
            shutDown = true;
            running.forEach(Transaction::cancelCookie);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private BlockSpaceException closed() {
        return new BlockSpaceException(Code.CLOSED, "subvolume was shut down: name=" + space.name());
    }
}

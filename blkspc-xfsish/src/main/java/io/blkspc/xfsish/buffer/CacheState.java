package io.blkspc.xfsish.buffer;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What the parts of the cache share, all of it guarded by {@link #lock}. Under the lock nobody does IO, copies bytes or calls
 * the host, but for {@code get} and {@code cancel} of a cookie, which are one compare-and-set.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>B1: a buffer is dirty or being written if and only if it owns one reference of a cookie that can pay for it.
 *   <li>B2: what running transactions were promised plus the dirty buffers of ended ones never exceeds the dirty limit,
 *       which is below the number of buffers: a transaction always finds memory.
 *   <li>B3: a buffer being written does not change, and its writer waits for no transaction.
 *   <li>B4: a dirty buffer of an older transaction keeps its cookie when a newer one changes it. The older reference is
 *       unspent, or it was spent on a stage that a failed write-back left, which only that cookie can commit; so one
 *       reference is always enough, and the newer credit goes back.
 * </ul>
 */
final class CacheState {

    /** Holder of a buffer that is being read in. */
    static final BufferHolder LOADING = new BufferHolder() {};

    final BlockSpace space;
    final int maxDirty;
    final Slots slots;
    final ReentrantLock lock = new ReentrantLock();
    final Condition changed = lock.newCondition();

    /** Left side of B2. */
    int committed;
    /** Number of the transaction that ended last. */
    long dirtySequence;
    /** What a sync waits for: transactions that do not hold it yet let it go first. */
    Buffer wanted;

    boolean shutDown;

    CacheState(BlockSpace space, int maxDirty, int readBuffers) {
        this.space = space;
        this.maxDirty = maxDirty;
        this.slots = new Slots(maxDirty + readBuffers);
    }

    void checkOpen() {
        if (shutDown) {
            throw new BlockSpaceException(Code.CLOSED, "subvolume was shut down: name=" + space.name());
        }
    }

    void uncount(Buffer buffer) {
        if (buffer.counted) {
            buffer.counted = false;
            committed--;
        }
    }

    /** Makes a buffer clean and returns the reference it owned, which the caller puts without the lock. */
    Cookie settle(Buffer buffer) {
        Cookie cookie = buffer.cookie;
        uncount(buffer);
        buffer.becomeClean();
        return cookie;
    }

    void assertConsistent() {
        assert areInvariantsTrue();
    }

    private boolean areInvariantsTrue() {
        int counted = 0;
        for (Buffer buffer : slots.all) {
            if (buffer.isDirty() != (buffer.cookie != null)) { // B1
                return false;
            }
            counted += buffer.counted ? 1 : 0;
        }
        return counted <= committed && committed <= maxDirty; // B2
    }
}

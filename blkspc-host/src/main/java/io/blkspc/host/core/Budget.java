package io.blkspc.host.core;

import io.blkspc.host.alloc.Ledger;
import io.blkspc.host.alloc.Ledger.Resource;

/**
 * Metadata promised to one piece of work: node slots and log bytes that the ledger counts as promised until the work draws
 * them. Guarded by the order lock.
 */
final class Budget {

    private final Ledger ledger;
    private long slots;
    private long logBytes;

    Budget(Ledger ledger) {
        this.ledger = ledger;
    }

    long slots() {
        return slots;
    }

    long logBytes() {
        return logBytes;
    }

    /** Takes over units the caller has just promised in the ledger. */
    void credit(long moreSlots, long moreLogBytes) {
        slots += moreSlots;
        logBytes += moreLogBytes;
    }

    /** Promises more for work that gives space back; draws on slop. {@code false} when even that is short. */
    boolean topUpFromSlop(long moreSlots, long moreLogBytes) {
        if (!ledger.takeSlop(moreSlots, moreLogBytes)) {
            return false;
        }
        credit(moreSlots, moreLogBytes);
        return true;
    }

    /** A node slot is used now. */
    void drawSlot() {
        if (slots == 0 && !topUpFromSlop(1, 0)) {
            throw new IllegalStateException("no node slot left for promised work: " + ledger);
        }
        slots--;
        ledger.draw(Resource.NODE_SLOTS, 1);
    }

    /** A node slot this work may use again came free. */
    void undrawSlot() {
        slots++;
        ledger.undraw(Resource.NODE_SLOTS, 1);
    }

    /** Deadlist entries are used now. */
    void drawLog(long bytes) {
        if (logBytes < bytes && !topUpFromSlop(0, bytes - logBytes)) {
            throw new IllegalStateException("no deadlist room left for promised work: " + ledger);
        }
        logBytes -= bytes;
        ledger.draw(Resource.LOG_BYTES, bytes);
    }

    /** Gives the rest back. */
    void release() {
        ledger.unpromise(0, slots, logBytes);
        slots = 0;
        logBytes = 0;
    }
}

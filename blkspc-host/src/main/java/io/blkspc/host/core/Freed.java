package io.blkspc.host.core;

import io.blkspc.host.alloc.Ledger;
import io.blkspc.host.alloc.Ledger.Resource;

/**
 * What a branch point gave up because all branches had written it, while it is not certain that they have: a power cut may undo
 * the commit of one of them (R3), then that branch still maps it, and a guaranteed one needs as much again as it had used. So it stays
 * promised, to nobody, until everything written before survives a power cut. What comes meanwhile waits for the persist point after
 * that, so that one comes to an end however much is written.
 *
 * <p>Guarded by the order lock.
 */
final class Freed {

    private static final Resource[] RESOURCES = {Resource.DATA_BLOCKS, Resource.NODE_SLOTS, Resource.LOG_BYTES};
    private static final int BLOCKS = 0;
    private static final long NONE = Long.MAX_VALUE;

    private final Ledger ledger;
    private final long[] usedBefore = new long[RESOURCES.length];
    /** Up to {@link #sequence}, and after it. */
    private final long[] noted = new long[RESOURCES.length];

    private final long[] later = new long[RESOURCES.length];
    private long sequence = NONE;

    Freed(Ledger ledger) {
        this.ledger = ledger;
    }

    void begin() {
        for (int i = 0; i < RESOURCES.length; i++) {
            usedBefore[i] = ledger.used(RESOURCES[i]);
        }
    }

    /** What is used no more since {@link #begin} rests, as of this record. */
    void rest(long lastSequence) {
        boolean isFirst = sequence == NONE;
        for (int i = 0; i < RESOURCES.length; i++) {
            long units = Math.max(0, usedBefore[i] - ledger.used(RESOURCES[i]));
            ledger.unpromise(RESOURCES[i], -units);
            (isFirst ? noted : later)[i] += units;
        }
        sequence = isFirst ? lastSequence : sequence;
    }

    boolean isResting() {
        return sequence != NONE;
    }

    long blocks() {
        return noted[BLOCKS] + later[BLOCKS];
    }

    /** Everything up to {@code undoubted} survives a power cut. */
    void giveBack(long undoubted, long lastSequence) {
        if (sequence > undoubted) {
            return;
        }
        boolean isAll = lastSequence <= undoubted;
        boolean isMore = false;
        for (int i = 0; i < RESOURCES.length; i++) {
            ledger.unpromise(RESOURCES[i], isAll ? noted[i] + later[i] : noted[i]);
            noted[i] = isAll ? 0 : later[i];
            later[i] = 0;
            isMore |= noted[i] > 0;
        }
        sequence = isMore ? lastSequence : NONE;
    }
}

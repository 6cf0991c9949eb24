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

    private static final Resource[] RESOURCES = Resource.values();
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
        for (Resource each : RESOURCES) {
            usedBefore[each.ordinal()] = ledger.used(each);
        }
    }

    /** What is used no more since {@link #begin} rests, as of this record. */
    void rest(long lastSequence) {
        boolean isFirst = sequence == NONE;
        for (Resource each : RESOURCES) {
            long units = Math.max(0, usedBefore[each.ordinal()] - ledger.used(each));
            ledger.unpromise(each, -units);
            (isFirst ? noted : later)[each.ordinal()] += units;
        }
        sequence = isFirst ? lastSequence : sequence;
    }

    boolean isResting() {
        return sequence != NONE;
    }

    long blocks() {
        int blocks = Resource.DATA_BLOCKS.ordinal();
        return noted[blocks] + later[blocks];
    }

    /** Everything up to {@code undoubted} survives a power cut. */
    void giveBack(long undoubted, long lastSequence) {
        if (sequence > undoubted) {
            return;
        }
        boolean isAll = lastSequence <= undoubted;
        boolean isMore = false;
        for (Resource each : RESOURCES) {
            int i = each.ordinal();
            ledger.unpromise(each, isAll ? noted[i] + later[i] : noted[i]);
            noted[i] = isAll ? 0 : later[i];
            later[i] = 0;
            isMore |= noted[i] > 0;
        }
        sequence = isMore ? lastSequence : NONE;
    }
}

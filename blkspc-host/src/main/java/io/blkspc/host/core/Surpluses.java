package io.blkspc.host.core;

import java.util.ArrayList;
import java.util.List;

/**
 * What goes back to the pool with a persist point: the {@link Surplus} of guaranteed heads, and what was freed because all
 * branches had written it, while a power cut may undo what one of them wrote ({@link Freed}). Guarded by the order lock.
 */
final class Surpluses {

    private final Engine engine;
    private final List<HeadQuota> waiting = new ArrayList<>();
    private final Freed freed;

    Surpluses(Engine engine) {
        this.engine = engine;
        this.freed = new Freed(engine.ledger);
    }

    /** Something is about to be given up because all branches have written it. */
    void begin() {
        freed.begin();
    }

    /** That was done: what came free rests until everything written so far survives a power cut. */
    void rest() {
        long last = engine.journal.lastSequence();
        if (engine.persistence.lastUndoubted() < last) {
            freed.rest(last);
        }
    }

    /** Blocks that go back with a persist point. */
    long restingBlocks() {
        return freed.blocks();
    }

    /** Brings in line with what the head owns now what stands promised to it. */
    void rebalance(HeadQuota quota) {
        bringInLine(quota);
        if (quota.hasSurplus() && !quota.waits) {
            waiting.add(quota);
            quota.waits = true;
        }
    }

    private void bringInLine(HeadQuota quota) {
        quota.rebalance(
                engine.catalogue.reaping.isSorting(quota.version()),
                engine.journal.lastSequence(),
                engine.persistence.lastUndoubted());
    }

    /** After a persist point: gives back what may go now. */
    void giveBack() {
        freed.giveBack(engine.persistence.lastUndoubted(), engine.journal.lastSequence());
        for (int i = waiting.size() - 1; i >= 0; i--) {
            HeadQuota quota = waiting.get(i);
            bringInLine(quota);
            if (!quota.hasSurplus()) {
                quota.waits = false;
                HeadQuota last = waiting.removeLast();
                if (last != quota) {
                    waiting.set(i, last);
                }
            }
        }
    }

    /**
     * For a caller that is short of something, once: a persist point, so that what waits for one goes back. Whoever did so again and
     * again would, beside a guaranteed volume that is being written, never come to an end. Releases the order lock meanwhile.
     *
     * @return {@code true} when there was something that waited
     */
    boolean persist() {
        boolean waited = isWaiting();
        // What was noted may be less than what there is by now, because of a second commit: that takes another one.
        for (int i = 0; i < 2 && isWaiting(); i++) {
            try (Engine.Unlocked _ = engine.unlocked()) {
                engine.persistence.persistPublished();
            }
        }
        return waited;
    }

    private boolean isWaiting() {
        return !waiting.isEmpty() || freed.isResting();
    }
}

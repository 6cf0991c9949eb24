package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;

/**
 * Brings freed blocks back into use when they have rested: after their freeing record is durable (R7) and their readers are
 * gone (S8). Called when an allocation finds nothing free, and now and then in the background. Under the order lock.
 */
final class Reuse {

    private static final long POLL_NANOS = 100_000;

    private final Engine engine;

    Reuse(Engine engine) {
        this.engine = engine;
    }

    /**
     * Gets blocks back, after a persist point where one is owed; may release the order lock meanwhile.
     *
     * @return {@code false} when only the end of leases can help
     * @throws IllegalStateException when promised blocks do not exist: invariant I1 of the ledger is broken
     */
    boolean makeRoom() {
        if (engine.freeSpace.freeBlocks() > 0 || release() > 0) {
            return true;
        }
        if (engine.quarantine.blocks() == 0) {
            throw new IllegalStateException("promised blocks do not exist: " + engine.ledger);
        }
        if (engine.quarantine.oldestSequence() > engine.persistence.durableMark()) {
            try (Engine.Unlocked _ = engine.unlocked()) {
                engine.persistence.advanceMark();
            }
            return true;
        }
        return false;
    }

    /** As {@link #makeRoom}, by a caller without a lease: waits for readers too, releasing the order lock. */
    void awaitRoom() {
        long deadline = engine.scheduler.nanoTime() + WriteGate.PATIENCE_NANOS;
        while (!makeRoom()) {
            if (engine.scheduler.nanoTime() - deadline > 0) {
                throw new BlockSpaceException(Code.BUSY, "freed blocks are still being read");
            }
            try (Engine.Unlocked _ = engine.unlocked()) {
                engine.scheduler.pause(POLL_NANOS);
            }
        }
    }

    /** Gives back what has rested long enough; returns blocks. */
    long release() {
        for (int i = 0; i < 2 && engine.quarantine.oldestReadEpoch() > engine.grace.quietEpoch(); i++) {
            if (!engine.grace.tryAdvance()) {
                break;
            }
        }
        return engine.quarantine.release(engine.persistence.durableMark(), engine.grace.quietEpoch(), engine.freeSpace);
    }
}

package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import java.util.function.BooleanSupplier;

/**
 * What commands wait for: that what was destroyed, and what rests until a persist point, goes back to the pool. Who waits takes
 * the steps of the reaper itself. Any thread, which does not hold the order lock.
 */
final class Reclaim {

    private static final long POLL_NANOS = 1_000_000;

    private final Engine engine;
    private final Reaper reaper;

    Reclaim(Engine engine, Reaper reaper) {
        this.engine = engine;
        this.reaper = reaper;
    }

    /** Takes steps until nothing is left to do or {@code isDone}. */
    void await(BooleanSupplier isDone) {
        long deadline = engine.scheduler.nanoTime() + WriteGate.PATIENCE_NANOS;
        while (!isDone.getAsBoolean()) {
            switch (reaper.step()) {
                case IDLE -> {
                    return;
                }
                case NEEDS_FORCE -> engine.persistence.forceJournal();
                case NEEDS_CLIENTS -> {
                    if (engine.scheduler.nanoTime() - deadline > 0) {
                        throw new BlockSpaceException(Code.BUSY, "a client is still in a destroyed volume");
                    }
                    engine.scheduler.pause(POLL_NANOS);
                }
                case PROGRESS -> deadline = engine.scheduler.nanoTime() + WriteGate.PATIENCE_NANOS;
            }
        }
    }

    /** Runs a change. One that finds no room waits for what was destroyed before it, and is tried once more (A1). */
    void retrying(Runnable change) {
        try {
            change.run();
        } catch (BlockSpaceException e) {
            if (e.code() != Code.OUT_OF_SPACE || !everything()) {
                throw told(e);
            }
            runAgain(change);
        }
    }

    private void runAgain(Runnable change) {
        try {
            change.run();
        } catch (BlockSpaceException e) {
            throw told(e);
        }
    }

    private BlockSpaceException told(BlockSpaceException failure) {
        if (failure.code() == Code.OUT_OF_SPACE) {
            engine.events.shortage("reason=" + failure.getMessage());
        }
        return failure;
    }

    /** {@code true} when anything was given back. */
    private boolean everything() {
        boolean progressed = false;
        engine.lock.lock();
        try {
            while (engine.reclaim()) {
                progressed = true;
            }
            progressed |= engine.surpluses.persist();
        } finally {
            engine.lock.unlock();
        }
        return progressed;
    }
}

package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import java.util.concurrent.TimeUnit;

/** The work that goes on behind the clients' backs. One thread, which does not hold the order lock. */
final class Background {

    private final Engine engine;
    private final Reaper reaper;

    Background(Engine engine, Reaper reaper) {
        this.engine = engine;
        this.reaper = reaper;
    }

    /**
     * One round: the durable mark, rested blocks, a checkpoint when the journal fills, one reaper step.
     *
     * @return {@code true} when there is more to do at once
     */
    boolean round() {
        if (engine.isEnded()) {
            return false;
        }
        engine.coarseMillis = TimeUnit.NANOSECONDS.toMillis(engine.scheduler.nanoTime());
        if (isMarkBehind()) {
            unlessShort(engine.persistence::advanceMark);
        }
        releaseRested();
        engine.checkpointer.runIfDue();
        unlessShort(engine::lookForRoom);
        return reapStep();
    }

    private boolean isMarkBehind() {
        engine.lock.lock();
        try {
            return engine.persistence.isMarkBehind();
        } finally {
            engine.lock.unlock();
        }
    }

    private void releaseRested() {
        engine.lock.lock();
        try {
            engine.reuse.release();
        } finally {
            engine.lock.unlock();
        }
    }

    private boolean reapStep() {
        Reaper.Outcome[] outcome = {Reaper.Outcome.IDLE};
        unlessShort(() -> outcome[0] = reaper.step());
        if (outcome[0] == Reaper.Outcome.NEEDS_FORCE) {
            engine.persistence.forceJournal();
            return true;
        }
        return outcome[0] == Reaper.Outcome.PROGRESS;
    }

    /** Work that can be put off until the backing store has room for a record (D10). */
    private void unlessShort(Runnable work) {
        try {
            work.run();
        } catch (BlockSpaceException e) {
            if (e.code() != Code.OUT_OF_BACKING || engine.isFailed()) {
                throw e;
            }
        }
    }
}

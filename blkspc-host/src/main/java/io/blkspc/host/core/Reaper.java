package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.host.alloc.Ledger.Resource;
import io.blkspc.host.core.LogRecord.Reap;
import io.blkspc.host.extent.DropSink;
import io.blkspc.host.journal.RecordWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Gives back what hidden versions hold, in short journalled steps, one version after the other (SEMANTICS A5). A step runs
 * only after the record that hid the version is journal-forced (R8), because it widens what the only child owns.
 */
@SuppressWarnings("checkstyle:IllegalCatch") // half a step ends all writing (D18)
final class Reaper {

    /** Leaves one step looks at; part of replay, so part of the format: it bounds a step, the record says how far it went. */
    static final int STEP_LEAVES = 64;

    private static final int PAYLOAD_BYTES = 64;
    private static final DropSink NOTHING = new DropSink() {
        @Override
        public void dropExtent(long physicalBlock, long blockCount, long birth, int state) {}

        @Override
        public void dropNode(long nodeId, long birth) {}
    };

    /** Deadlist entries one step looks at, 2 or more. A test makes it small, so that steps end everywhere. */
    int stepEntries = 4096;

    private final Engine engine;
    private final Heads heads;
    private final Clearing clearing;
    private final MemorySegment buffer = Arena.ofAuto().allocate(PAYLOAD_BYTES, 8);
    private final RecordWriter writer = new RecordWriter();

    Reaper(Engine engine, Heads heads, Clearing clearing) {
        this.engine = engine;
        this.heads = heads;
        this.clearing = clearing;
    }

    /** {@code true} when nothing is left to give back. Under the order lock. */
    boolean isIdle() {
        return engine.catalogue.reaping.isIdle();
    }

    /** What one step came to. */
    enum Outcome {
        /** There was nothing to do. */
        IDLE,
        /** The record that hid the next version is not forced yet. */
        NEEDS_FORCE,
        /** A client is still in the next version. */
        NEEDS_CLIENTS,
        /** A step was done. */
        PROGRESS
    }

    /** Does one step. Takes the order lock. */
    Outcome step() {
        engine.lock.lock();
        try {
            engine.checkWritable();
            if (isIdle()) {
                return Outcome.IDLE; // before room is looked for: an idle pool writes nothing
            }
            engine.prepareRecord(PAYLOAD_BYTES);
            return next();
        } finally {
            engine.lock.unlock();
        }
    }

    /**
     * {@code true} when no client is left in a destroyed version: neither writes in place, which would hit blocks given away,
     * nor readers, which would find in the nodes they walk what the new owner writes there.
     */
    private boolean isDeserted(Head head) {
        for (int i = 0; i < 2 && engine.grace.quietEpoch() < head.closedEpoch; i++) {
            engine.grace.tryAdvance();
        }
        return head.gate.isDrained() && engine.grace.quietEpoch() >= head.closedEpoch;
    }

    private Outcome next() {
        Reaping reaping = engine.catalogue.reaping;
        if (reaping.setAside != null) {
            sort(reaping.setAside);
            return Outcome.PROGRESS;
        }
        if (reaping.walking() != null) {
            walk(reaping.walking());
            return Outcome.PROGRESS;
        }
        if (reaping.uncounted() != null) {
            Version version = reaping.uncounted();
            Outcome obstacle = obstacle(version);
            if (obstacle == null) {
                reaping.count(version, stepEntries);
            }
            return obstacle == null ? Outcome.PROGRESS : obstacle;
        }
        if (!reaping.isForgetting() && reaping.completing() != null) {
            Outcome obstacle = obstacle(reaping.completing());
            if (obstacle != null || giveUp(reaping.completing())) {
                return obstacle == null ? Outcome.PROGRESS : obstacle;
            }
        }
        Version version = reaping.next();
        if (version == null) {
            return reaping.tail() == null ? Outcome.IDLE : trim(reaping.tail());
        }
        Outcome obstacle = obstacle(version);
        if (obstacle == null) {
            mergeOrDetach(version);
        }
        return obstacle == null ? Outcome.PROGRESS : obstacle;
    }

    /** What keeps a destroyed version from being touched, or {@code null}. */
    private Outcome obstacle(Version version) {
        if (version.destroySequence > engine.persistence.journalForced()) {
            return Outcome.NEEDS_FORCE;
        }
        return version.head != null && !isDeserted(version.head) ? Outcome.NEEDS_CLIENTS : null;
    }

    /** Without room to say what is given up it waits: other steps give room. */
    private Outcome trim(Version version) {
        try {
            clearing.trimStep(heads.of(version));
            return Outcome.PROGRESS;
        } catch (BlockSpaceException e) {
            if (e.code() != Code.OUT_OF_SPACE) {
                throw e;
            }
            return Outcome.IDLE;
        }
    }

    private void sort(Reaping.SetAside aside) {
        long next = aside.cursor + stepEntries;
        long to = next < aside.list.entryCount() ? next : Reaping.SetAside.END;
        apply(new Reap(Reap.Step.SORT, aside.target.id, aside.cursor, to));
    }

    private void walk(Version version) {
        if (version.reapCursor == Long.MAX_VALUE) {
            apply(new Reap(Reap.Step.REMOVE, version.id, 0, 0));
            releaseRecord();
        } else {
            long from = version.reapCursor;
            long to = engine.tree.reap(version.root, version.ownedAfter(), from, STEP_LEAVES, NOTHING);
            apply(new Reap(Reap.Step.WALK, version.id, from, to));
        }
    }

    /**
     * Gives up some of what is complete; {@code false} when the log has no room for saying so. Then it waits: nothing is lost,
     * and other steps give room.
     */
    private boolean giveUp(Version version) {
        long room = engine.ledger.available(Resource.LOG_BYTES) + engine.ledger.slop(Resource.LOG_BYTES);
        // Each is noted as gone, and maybe as one more drop.
        long entries = Math.min(stepEntries, room / DeadList.ENTRY_BYTES) / 2;
        long to = version.counts.boundOfComplete(entries);
        if (to > 0) {
            apply(new Reap(Reap.Step.GIVE_UP, version.id, 0, to));
        }
        return to > 0;
    }

    private void mergeOrDetach(Version version) {
        if (version.children.size() == 1) {
            apply(new Reap(Reap.Step.MERGE, version.id, 0, 0));
            releaseRecord();
            return;
        }
        if (engine.catalogue.reaping.forget(version, stepEntries)) {
            apply(new Reap(Reap.Step.DETACH, version.id, 0, 0));
        }
    }

    private void releaseRecord() {
        engine.ledger.use(Resource.LOG_BYTES, -VersionOps.VERSION_LOG_BYTES);
    }

    /** The version whose counters the step changes. */
    private Version affectedBy(Reap record) {
        Version version = engine.catalogue.require(record.versionId());
        return record.step() == Reap.Step.MERGE ? version.children.getFirst() : version;
    }

    private void apply(Reap record) {
        writer.wrap(buffer, 0);
        record.write(writer);
        long sequence = engine.append(record.type(), buffer, writer.length());
        try {
            Version affected = affectedBy(record);
            boolean givesUp = record.step() == Reap.Step.GIVE_UP;
            if (givesUp) {
                engine.surpluses.begin();
            }
            engine.catalogue.reaping.apply(record, engine.tree, engine.drops, STEP_LEAVES, sequence);
            if (givesUp) {
                engine.surpluses.rest();
            }
            if (record.step() == Reap.Step.MERGE) {
                OwnStages.merged(engine, affected);
            }
            engine.rebalance(affected);
        } catch (RuntimeException | Error e) {
            engine.fail(e);
            throw e;
        }
    }
}

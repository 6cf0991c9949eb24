package io.blkspc.host.core;

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

    private static final int STEP_ENTRIES = 4096;
    private static final int PAYLOAD_BYTES = 64;
    private static final DropSink NOTHING = new DropSink() {
        @Override
        public void dropExtent(long physicalBlock, long blockCount, long birth, int state) {}

        @Override
        public void dropNode(long nodeId, long birth) {}
    };

    private final Engine engine;
    private final MemorySegment buffer = Arena.ofAuto().allocate(PAYLOAD_BYTES, 8);
    private final RecordWriter writer = new RecordWriter();

    Reaper(Engine engine) {
        this.engine = engine;
    }

    /** {@code true} when nothing is left to give back. Under the order lock. */
    boolean isIdle() {
        return engine.catalogue.setAside == null && engine.catalogue.reapQueue.isEmpty();
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
            engine.awaitJournalRoom(PAYLOAD_BYTES, true);
            if (engine.catalogue.setAside != null) {
                Catalogue.SetAside aside = engine.catalogue.setAside;
                long next = aside.cursor + STEP_ENTRIES;
                long to = next < aside.list.entryCount() ? next : Catalogue.SetAside.END;
                apply(new Reap(Reap.Step.SORT, aside.target.id, aside.cursor, to));
                return Outcome.PROGRESS;
            }
            Version version = engine.catalogue.reapQueue.peek();
            if (version == null) {
                return Outcome.IDLE;
            }
            if (version.destroySequence > engine.persistence.journalForced()) {
                return Outcome.NEEDS_FORCE;
            }
            if (version.head != null && !isDeserted(version.head)) {
                return Outcome.NEEDS_CLIENTS;
            }
            reap(version);
            return Outcome.PROGRESS;
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

    private void reap(Version version) {
        if (version.children.size() > 1) {
            engine.catalogue.reapQueue.remove(version); // grew again by a clone; comes back when children go
        } else if (version.children.size() == 1) {
            apply(new Reap(Reap.Step.MERGE, version.id, 0, 0));
            releaseRecord();
        } else if (version.reapCursor == Long.MAX_VALUE) {
            apply(new Reap(Reap.Step.REMOVE, version.id, 0, 0));
            releaseRecord();
        } else {
            long from = Math.max(0, version.reapCursor);
            long to = engine.tree.reap(version.root, version.ownedAfter(), from, STEP_LEAVES, NOTHING);
            apply(new Reap(Reap.Step.WALK, version.id, from, to));
        }
    }

    private void releaseRecord() {
        engine.ledger.use(Resource.LOG_BYTES, -VersionOps.VERSION_LOG_BYTES);
    }

    /** The version whose counters the step changes. */
    private Version affectedBy(Reap record) {
        Version version = engine.catalogue.require(record.versionId());
        return record.step() == Reap.Step.MERGE ? version.children.get(0) : version;
    }

    private void apply(Reap record) {
        writer.wrap(buffer, 0);
        record.write(writer);
        long sequence = engine.append(record.type(), buffer, writer.length());
        try {
            Version affected = affectedBy(record);
            engine.catalogue.reap(record, engine.tree, engine.drops, STEP_LEAVES, sequence);
            engine.rebalance(affected);
        } catch (RuntimeException | Error e) {
            engine.fail(e);
            throw e;
        }
    }
}

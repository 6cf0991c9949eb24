package io.blkspc.host.core;

import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.host.device.UnforcedRanges;
import io.blkspc.host.journal.RecordType;
import java.lang.foreign.MemorySegment;

/**
 * Persist points and marks (SEMANTICS R1, R9).
 *
 * <pre>
 *  H1   every record up to here, and the data it names, was forced. Captured before the data force began.
 *       A record may carry only H1.
 *  Hd   the highest mark in a record, or superblock, that a completed force covers: the durable mark.
 *       In-place writes, reuse of freed blocks and recovery's "never verify" go by it.
 *  F    the highest sequence known journal-forced.
 * </pre>
 *
 * <p>There are two kinds of forces, each with its own {@link ForceGroup}, and one of each may be under way at once. A
 * <em>persist point</em> forces all that was written. A force of <em>what is published</em> takes the blocks that records named since the
 * one before, for H1 asks for the data that records name and for no other: what clients overwrite in place, maybe
 * gigabytes, is for their flushes, and nobody's commits wait for it. A failed force is final: it fails the engine, and is never
 * tried again.
 */
@SuppressWarnings("checkstyle:IllegalCatch") // whatever goes wrong in a force ends all writing (D12)
final class Persistence {

    /** Most blocks that may be named above the durable mark: 256 MiB. */
    static final int MAX_UNPERSISTED_BLOCKS = 65_536;

    /** Longest that what a commit published may be unpersisted while others commit. */
    static final long MAX_UNPERSISTED_NANOS = 200_000_000L;

    private final Engine engine;
    private final ForceGroup persistPoints;
    private final ForceGroup published;

    // Guarded by the order lock.
    private long h1;
    private long durableMark;
    private long journalForced;
    private long highestMarkAppended;
    private final UnpersistedTimes unpersisted = new UnpersistedTimes();
    // Blocks that records name and no force of what is published covers yet; and those of the one under way, its own.
    private UnforcedRanges named = new UnforcedRanges();
    private UnforcedRanges forced = new UnforcedRanges();

    Persistence(Engine engine) {
        this.engine = engine;
        this.persistPoints = new ForceGroup(engine, "persist", () -> force(true));
        this.published = new ForceGroup(engine, "publish", () -> force(false));
    }

    /** After opening, everything up to {@code sequence} is on the medium. */
    void startAt(long sequence) {
        h1 = sequence;
        durableMark = sequence;
        journalForced = sequence;
        highestMarkAppended = sequence;
        named.add(0, engine.data.sizeBytes()); // whatever was written before: the first run forces all
    }

    long markToCarry() {
        return h1;
    }

    long durableMark() {
        return durableMark;
    }

    /** H1: everything up to here survives power loss. */
    long persisted() {
        return h1;
    }

    /** The last record so that up to there a power cut undoes no commit whose record it leaves. */
    long lastUndoubted() {
        return unpersisted.isNone() ? engine.journal.lastSequence() : h1;
    }

    long journalForced() {
        return journalForced;
    }

    void appended(long mark) {
        highestMarkAppended = Math.max(highestMarkAppended, mark);
    }

    /** A superblock that carries {@code mark} was forced, with both copies; under the order lock. */
    void superblockForced(long mark) {
        raiseH1(mark);
        journalForced = Math.max(journalForced, mark);
        raiseDurableMark(mark);
    }

    /** A commit is about to be published, as record {@code sequence}; under the order lock. */
    void committed(long sequence) {
        unpersisted.committed(sequence, unpersisted.wantsTime() ? engine.scheduler.nanoTime() : 0);
    }

    /** A record that is being published names these blocks, which were written before; under the order lock. */
    void named(long physicalBlock, long blocks) {
        named.add(physicalBlock << Geometry.BLOCK_SHIFT, blocks << Geometry.BLOCK_SHIFT);
    }

    /** {@code true} when a commit has waited too long to be persisted for others to go on (R1); under the order lock. */
    boolean isLate() {
        return !unpersisted.isNone() && engine.scheduler.nanoTime() - unpersisted.oldestNanos() > MAX_UNPERSISTED_NANOS;
    }

    /**
     * A persist point: on return everything published before the call survives power loss, and every write that returned before
     * it, also one in place that no record tells of. Holds no lock.
     */
    void persist() {
        persistPoints.await(false);
    }

    /** H1 covers, on return, everything published before the call; writes in place may be lost still. Holds no lock. */
    void persistPublished() {
        published.await(false);
    }

    /** As {@link #persistPublished}, but the force under way, which covers only what was published before it began, is enough. */
    void persistOldest() {
        published.await(true);
    }

    /** One run; whatever ends it early fails the engine ({@link ForceGroup}). */
    private void force(boolean isWhole) {
        long sequence;
        long mark;
        boolean journalDirty;
        engine.lock.lock();
        try {
            sequence = engine.journal.lastSequence();
            mark = highestMarkAppended;
            journalDirty = sequence > journalForced;
            unpersisted.forceBegins();
            if (!isWhole) {
                takeNamed();
            }
        } finally {
            engine.lock.unlock();
        }
        if (isWhole) {
            engine.data.force(IoRole.DATA);
        } else {
            engine.data.forceRanges(forced, IoRole.DATA);
        }
        if (journalDirty) {
            engine.journal.force();
        }
        engine.lock.lock();
        try {
            raiseH1(sequence);
            journalForced = Math.max(journalForced, sequence);
            raiseDurableMark(mark);
            engine.surpluses.giveBack();
        } finally {
            engine.lock.unlock();
        }
    }

    /**
     * A persist point leaves them where they are: one that is under way has not forced them yet when a force of what is published
     * begins, and ends.
     */
    private void takeNamed() {
        UnforcedRanges empty = forced;
        empty.clear();
        forced = named;
        named = empty;
    }

    /** A persist point by a caller that keeps the order lock, so that nothing is published in between (R6). */
    void persistWithLockHeld() {
        long sequence = engine.journal.lastSequence();
        long mark = highestMarkAppended;
        try {
            engine.data.force(IoRole.DATA);
            if (sequence > journalForced) {
                engine.journal.force();
            }
        } catch (RuntimeException | Error e) {
            engine.fail(e);
            throw e;
        }
        raiseH1(sequence);
        journalForced = Math.max(journalForced, sequence);
        named.clear();
        raiseDurableMark(mark);
    }

    /** Forces the journal only: everything appended before the call is durable, data aside. Holds no lock. */
    void forceJournal() {
        long sequence;
        long mark;
        engine.lock.lock();
        try {
            engine.checkWritable();
            sequence = engine.journal.lastSequence();
            mark = highestMarkAppended;
            if (sequence <= journalForced && mark <= durableMark) {
                return;
            }
        } finally {
            engine.lock.unlock();
        }
        try {
            engine.journal.force();
        } catch (RuntimeException | Error e) {
            engine.fail(e);
            throw e;
        }
        engine.lock.lock();
        try {
            journalForced = Math.max(journalForced, sequence);
            raiseDurableMark(mark);
        } finally {
            engine.lock.unlock();
        }
    }

    /**
     * Raises the durable mark to everything published before the call: a persist point, a record that carries its mark, and a
     * journal force. Holds no lock.
     */
    void advanceMark() {
        boolean needed;
        boolean forceOnly;
        engine.lock.lock();
        try {
            long target = engine.journal.lastSequence();
            needed = durableMark < target && !(h1 >= target && highestMarkAppended >= target);
            forceOnly = durableMark < target && !needed;
        } finally {
            engine.lock.unlock();
        }
        if (needed) {
            persistPublished();
            engine.lock.lock();
            try {
                if (highestMarkAppended < h1) {
                    engine.prepareRecord(0);
                    engine.tryAppend(RecordType.MARK, MemorySegment.NULL, 0);
                }
            } finally {
                engine.lock.unlock();
            }
        }
        if (needed || forceOnly) {
            forceJournal();
        }
    }

    /** {@code true} when records above the durable mark exist that name data or freed blocks. Under the order lock. */
    boolean isMarkBehind() {
        return engine.recent.blocks() > 0 || engine.quarantine.oldestSequence() > durableMark;
    }

    private void raiseH1(long sequence) {
        h1 = Math.max(h1, sequence);
        unpersisted.persisted(h1);
    }

    private void raiseDurableMark(long mark) {
        if (mark > durableMark) {
            durableMark = mark;
            engine.recent.settle(mark);
        }
    }
}

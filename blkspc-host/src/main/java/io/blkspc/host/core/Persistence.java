package io.blkspc.host.core;

import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.host.device.UnforcedRanges;
import io.blkspc.host.journal.RecordType;
import io.blkspc.host.sched.OrderLock;
import io.blkspc.host.sched.Waiters;
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
 * <p>Group commit: a caller is served by any run that began after it called; one caller runs, the others wait. The end of a run
 * wakes those it served, and one of those who came meanwhile, to run for the rest: nobody is woken only to wait again. A
 * failed force is final: it fails the engine, and is never tried again.
 *
 * <p>H1 asks for the data that records name, and for no other. So a run that nobody wants for more forces the blocks named since the run
 * before, and what clients overwrote in place, maybe gigabytes of other volumes, is left to their flushes: until one
 * of these comes, nobody's commits wait for it.
 */
@SuppressWarnings("checkstyle:IllegalCatch") // whatever goes wrong in a force ends all writing (D12)
final class Persistence {

    /** Most blocks that may be named above the durable mark: 256 MiB. */
    static final int MAX_UNPERSISTED_BLOCKS = 65_536;

    /** Longest that what a commit published may be unpersisted while others commit. */
    static final long MAX_UNPERSISTED_NANOS = 200_000_000L;

    private static final long WAIT_NANOS = 1_000_000_000L;
    private static final long NONE = Long.MAX_VALUE;

    private final Engine engine;
    private final OrderLock group;
    // Those served by runs of even and of odd number. While one runs, everybody who comes waits for the next.
    private final Waiters[] served;
    // Whether one of these wants everything forced that was written, and not only what records name; by the lock of the
    // group.
    private final boolean[] isWholeWanted = new boolean[2];
    private long runsStarted;
    private long runsCompleted;
    private boolean running;

    // Guarded by the order lock.
    private long h1;
    private long durableMark;
    private long journalForced;
    private long highestMarkAppended;
    // When the oldest commit above H1 was published; and the oldest of those that the run under way does not cover.
    private long unpersistedSince = NONE;
    private long uncoveredSince = NONE;
    // Blocks that records name and no run covers yet; and those of the run under way, which has them for itself.
    private UnforcedRanges named = new UnforcedRanges();
    private UnforcedRanges forced = new UnforcedRanges();

    Persistence(Engine engine) {
        this.engine = engine;
        this.group = engine.scheduler.newLock("persist");
        this.served = new Waiters[] {group.newWaiters(), group.newWaiters()};
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
        return unpersistedSince == NONE ? engine.journal.lastSequence() : h1;
    }

    long journalForced() {
        return journalForced;
    }

    void appended(long mark) {
        highestMarkAppended = Math.max(highestMarkAppended, mark);
    }

    /** A superblock that carries {@code mark} was forced, with both copies; under the order lock. */
    void superblockForced(long mark) {
        h1 = Math.max(h1, mark);
        journalForced = Math.max(journalForced, mark);
        raiseDurableMark(mark);
    }

    /** A commit is about to be published; under the order lock. */
    void committed() {
        if (uncoveredSince == NONE) {
            uncoveredSince = engine.scheduler.nanoTime();
            unpersistedSince = Math.min(unpersistedSince, uncoveredSince);
        }
    }

    /** A record that is being published names these blocks, which were written before; under the order lock. */
    void named(long physicalBlock, long blocks) {
        named.add(physicalBlock << Geometry.BLOCK_SHIFT, blocks << Geometry.BLOCK_SHIFT);
    }

    /** {@code true} when a commit has waited too long to be persisted for others to go on (R1); under the order lock. */
    boolean isLate() {
        return unpersistedSince != NONE && engine.scheduler.nanoTime() - unpersistedSince > MAX_UNPERSISTED_NANOS;
    }

    /**
     * A persist point: on return everything published before the call survives power loss, and every write that returned before
     * it, also one in place that no record tells of. Holds no lock.
     */
    void persist() {
        persist(false, true);
    }

    /** H1 covers, on return, everything published before the call; writes in place may be lost still. Holds no lock. */
    void persistPublished() {
        persist(false, false);
    }

    /** As {@link #persistPublished}, but the run under way, which covers only what was published before it began, is enough. */
    void persistOldest() {
        persist(true, false);
    }

    private void persist(boolean joins, boolean isWhole) {
        long mine;
        group.lock();
        try {
            mine = joins && running ? runsStarted : runsStarted + 1;
            isWholeWanted[(int) (mine & 1)] |= isWhole; // it has not begun: whoever joins one that has wants no more
            while (runsCompleted < mine) {
                engine.checkWritable();
                if (!running) {
                    running = true;
                    runsStarted++;
                    long run = runsStarted;
                    boolean isAllForced = isWholeWanted[(int) (run & 1)];
                    isWholeWanted[(int) (run & 1)] = false;
                    group.unlock();
                    try {
                        forceOnce(isAllForced);
                    } finally {
                        group.lock();
                        running = false;
                        runsCompleted = run; // a failed run served nobody: every waiter sees the engine failed
                        served(run).signalAll();
                        if (engine.isFailed()) {
                            served(run + 1).signalAll();
                        } else {
                            served(run + 1).signal(); // it runs for the others
                        }
                    }
                } else {
                    served(mine).await(WAIT_NANOS);
                }
            }
            engine.checkWritable();
        } finally {
            group.unlock();
        }
    }

    private Waiters served(long run) {
        return served[(int) (run & 1)];
    }

    private void forceOnce(boolean isWhole) {
        long sequence;
        long mark;
        boolean journalDirty;
        engine.lock.lock();
        try {
            sequence = engine.journal.lastSequence();
            mark = highestMarkAppended;
            journalDirty = sequence > journalForced;
            uncoveredSince = NONE;
            UnforcedRanges empty = forced;
            empty.clear();
            forced = named;
            named = empty;
        } finally {
            engine.lock.unlock();
        }
        try {
            if (isWhole) {
                engine.data.force(IoRole.DATA);
            } else {
                engine.data.forceRanges(forced, IoRole.DATA);
            }
            if (journalDirty) {
                engine.journal.force();
            }
        } catch (RuntimeException | Error e) {
            engine.fail(e);
            throw e;
        }
        engine.lock.lock();
        try {
            h1 = Math.max(h1, sequence);
            journalForced = Math.max(journalForced, sequence);
            unpersistedSince = uncoveredSince;
            raiseDurableMark(mark);
            engine.surpluses.giveBack();
        } finally {
            engine.lock.unlock();
        }
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
        h1 = Math.max(h1, sequence);
        journalForced = Math.max(journalForced, sequence);
        unpersistedSince = NONE;
        uncoveredSince = NONE;
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

    private void raiseDurableMark(long mark) {
        if (mark > durableMark) {
            durableMark = mark;
            engine.recent.settle(mark);
        }
    }
}

package io.blkspc.host.core;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.PoolEvent;
import io.blkspc.host.alloc.FreeSpace;
import io.blkspc.host.alloc.Ledger;
import io.blkspc.host.alloc.Quarantine;
import io.blkspc.host.alloc.RecentNames;
import io.blkspc.host.device.BackingDevice;
import io.blkspc.host.extent.ExtentTree;
import io.blkspc.host.extent.NodeCache;
import io.blkspc.host.journal.Journal;
import io.blkspc.host.journal.RecordType;
import io.blkspc.host.sched.OrderLock;
import io.blkspc.host.sched.Scheduler;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the parts of an open pool share: the order lock, the state it guards, and the one failure that ends all writing.
 *
 * <p>The order lock serialises every change and every append, so journal order is publish order (SEMANTICS R5). It is never
 * held across a wait for another client; a freeze holds it across one persist point.
 */
@SuppressWarnings("checkstyle:IllegalCatch") // whatever goes wrong in an append ends all writing (D18)
final class Engine {

    private static final Logger log = LoggerFactory.getLogger(Engine.class);

    /** Longest pause of one commit: what a checkpoint of a full journal takes is some tens of these. */
    private static final long MAX_THROTTLE_NANOS = 10_000_000;

    /** The order lock is let go until this is closed. */
    interface Unlocked extends AutoCloseable {
        @Override
        void close();
    }

    final Scheduler scheduler;
    final OrderLock lock;

    /** The one there is, so that a wait allocates nothing. */
    private final Unlocked unlocked;

    final BackingDevice data;
    /** The same, for clients. */
    final BlockDevice clientData;

    final Journal journal;
    final Catalogue catalogue;
    final NodeCache cache;
    final ExtentTree tree;
    final FreeSpace freeSpace;
    final Ledger ledger;
    final Quarantine quarantine = new Quarantine();
    final RecentNames recent = new RecentNames();
    final ReadGrace grace;
    final Drops drops;
    final Persistence persistence;
    final Reuse reuse;
    final Surpluses surpluses;

    /** Heads of versions that are destroyed, or gone altogether, while a client still has something staged. */
    private final Set<Head> leftBehind = new LinkedHashSet<>();

    /** Set once, right after construction. */
    Labelling labelling;

    /** Set once, right after construction. */
    Backing backing;

    /** Set once, right after construction. */
    EventLog events;

    final ReadErrors readErrors = new ReadErrors();

    /** Set once, right after construction, for reclaim on shortage. */
    Reaper reaper;

    /** Asks for a background round soon; any thread, never blocks. */
    volatile Runnable wakeBackground = () -> {};

    /** Milliseconds of the scheduler's clock at the last background round: for ages, where a clock would cost. */
    volatile long coarseMillis;

    /** Set once, right after construction: the checkpointer needs the engine and the engine needs it for room. */
    Checkpointer checkpointer;

    private volatile Throwable failure;
    private volatile boolean closed;

    @SuppressWarnings("checkstyle:ParameterNumber") // called in one place, where the parts meet
    Engine(
            Scheduler scheduler,
            BackingDevice data,
            Journal journal,
            Catalogue catalogue,
            NodeCache cache,
            ExtentTree tree,
            FreeSpace freeSpace,
            Ledger ledger) {
        this.scheduler = scheduler;
        this.lock = scheduler.newLock("order");
        this.unlocked = lock::lock;
        this.data = data;
        this.clientData = new ClientDevice(this, data);
        this.journal = journal;
        this.catalogue = catalogue;
        this.cache = cache;
        this.tree = tree;
        this.freeSpace = freeSpace;
        this.ledger = ledger;
        this.grace = new ReadGrace(scheduler);
        this.drops = new Drops(catalogue, cache, ledger, quarantine, grace);
        this.persistence = new Persistence(this);
        this.reuse = new Reuse(this);
        this.surpluses = new Surpluses(this);
    }

    /**
     * Lets the order lock go around a wait; closing takes it again. Others have gone on by then, so what was looked at before is to
     * be looked at once more. Under the order lock.
     */
    Unlocked unlocked() {
        lock.unlock();
        return unlocked;
    }

    /** Refuses when an earlier failure ended writing, or the pool was closed. */
    void checkWritable() {
        Throwable cause = failure;
        if (cause != null) {
            throw new BlockSpaceException(
                    Code.FAILED, "pool takes no more writes after a failure: cause=" + cause.getMessage(), cause);
        }
        checkOpen();
    }

    void checkOpen() {
        if (closed) {
            throw new BlockSpaceException(Code.CLOSED, "pool is closed");
        }
    }

    boolean isFailed() {
        return failure != null;
    }

    Throwable failure() {
        return failure;
    }

    void markClosed() {
        closed = true;
    }

    boolean isClosed() {
        return closed;
    }

    /** {@code true} once nothing is written any more: {@link #checkWritable} refuses. */
    boolean isEnded() {
        return failure != null || closed;
    }

    /**
     * Ends all writing in this process (contract D12, D18): from now on no write, flush or management command succeeds. The
     * first cause is kept. A closed pool fails no more: whoever is still at work finds its devices closed, and nothing is lost by
     * that, for all that was published was on the medium before.
     */
    void fail(Throwable cause) {
        if (failure == null && !closed) {
            failure = cause;
            log.error("pool takes no more writes: cause={}", cause.toString());
            events.add(PoolEvent.Kind.FAILED, null, "cause=" + cause.getMessage());
        }
    }

    /**
     * Waits until a record of this size fits, checkpointing where the journal is full (R13). Under the order lock, which it
     * may release meanwhile: call it before deciding anything.
     *
     * @param useReserve may use the room kept apart for records that give space back
     * @return {@code true} when it had to wait
     */
    boolean awaitJournalRoom(int payloadBytes, boolean useReserve) {
        boolean waited = false;
        while (!journal.fits(payloadBytes, useReserve)) {
            checkWritable();
            checkpointer.runWithLockHeld();
            waited = true;
        }
        return waited;
    }

    /**
     * As {@link #awaitJournalRoom}, for everybody but the commits of clients. These are decided with their record, and may be
     * refused by it. All others are decided before; so where the backing store may have no room for a record either, that is
     * found out here (D10).
     *
     * @throws BlockSpaceException {@code OUT_OF_BACKING}: nothing changed
     */
    void prepareRecord(int payloadBytes) {
        awaitJournalRoom(payloadBytes, true);
        takeRoomOnMedium(payloadBytes, 1);
    }

    /**
     * As {@link #prepareRecord}, for several of this size at most that are appended without letting the order lock go.
     *
     * @throws BlockSpaceException {@code LIMIT} when the journal is too small for them all; {@code OUT_OF_BACKING}
     */
    void prepareRecords(int payloadBytes, int count) {
        if (!journal.couldFit(payloadBytes, count)) {
            throw new BlockSpaceException(
                    Code.LIMIT, "journal is too small: records=" + count + ", capacity=" + journal.capacityBytes());
        }
        while (!journal.fits(payloadBytes, count)) {
            checkWritable();
            checkpointer.runWithLockHeld();
        }
        takeRoomOnMedium(payloadBytes, count);
    }

    private void takeRoomOnMedium(int payloadBytes, int count) {
        if (!backing.mayRefuseRecords()) {
            return;
        }
        checkWritable();
        try {
            journal.prepare(payloadBytes, count);
            backing.recordFits(payloadBytes);
        } catch (BlockSpaceException e) {
            throw refusedOrFailed(e, payloadBytes);
        }
    }

    /** A head was closed; what is staged in it stays until the last put. Under the order lock. */
    void closed(Head head) {
        if (head.stages.size() > 0) {
            leftBehind.add(head);
        }
    }

    /** Something that was staged in a head is not any more. Under the order lock. */
    void unstaged(Head head) {
        if (head.stages.size() == 0) {
            leftBehind.remove(head);
        }
    }

    /** Every head that may have something staged, also when the reaper has taken its version away. Under the order lock. */
    Set<Head> heads() {
        Set<Head> heads = new LinkedHashSet<>(leftBehind);
        for (Version version : catalogue.versions()) {
            if (version.head != null) {
                heads.add(version.head);
            }
        }
        return heads;
    }

    /** Ends a shortage that nobody else looks at. */
    void lookForRoom() {
        lock.lock();
        try {
            if (backing.isRecordRefused()) {
                prepareRecord(backing.refusedRecordBytes());
            }
        } finally {
            lock.unlock();
        }
    }

    private BlockSpaceException refusedOrFailed(BlockSpaceException e, int payloadBytes) {
        if (e.code() == Code.OUT_OF_BACKING) {
            backing.recordRefused(payloadBytes);
        } else {
            fail(e);
        }
        return e;
    }

    /**
     * One step of giving back what destroyed versions held, for a caller that is short of something (SEMANTICS A1); what
     * guaranteed ones do not need comes after that ({@link Surpluses#persist}). Under the order lock, which it releases meanwhile.
     *
     * @return {@code false} when there is nothing to give back, or only the end of a client's writes can help
     */
    boolean reclaim() {
        if (reaper == null || reaper.isIdle()) {
            return false;
        }
        try (Unlocked _ = unlocked()) {
            Reaper.Outcome outcome = reaper.step();
            if (outcome == Reaper.Outcome.NEEDS_FORCE) {
                persistence.forceJournal();
            }
            return outcome == Reaper.Outcome.NEEDS_FORCE || outcome == Reaper.Outcome.PROGRESS;
        }
    }

    /**
     * As {@link #reclaim}, for a head that is guaranteed in full and finds nothing standing for a block it does not own: because
     * what it owns is counted too high until the reaper has gone on.
     *
     * @throws IllegalStateException when the reaper has nothing to do: the guarantee is broken
     */
    boolean reclaimFor(Version version) {
        if (reaper == null || (reaper.isIdle() && surpluses.restingBlocks() == 0)) {
            throw new IllegalStateException("guaranteed blocks do not exist: " + version.quota + ", " + ledger);
        }
        return reaper.isIdle() ? surpluses.persist() : reclaim();
    }

    /** Brings what stands promised to a head in line with what it now owns. Under the order lock. */
    void rebalance(Version version) {
        if (version.quota != null) {
            surpluses.rebalance(version.quota);
        }
    }

    /** Blocks promised to cookies of a head went back. Under the order lock. */
    void settled(Version version, long blocks) {
        if (version.quota != null) {
            version.quota.settled(blocks);
            rebalance(version);
        }
    }

    /**
     * Slows a writer down while the journal is more than three quarters full, the more the fuller, so that writers meet a
     * checkpoint that is about to end as many short waits and not as one long one (R13). Under the order lock, which it
     * releases meanwhile.
     */
    void throttle() {
        long threshold = journal.capacityBytes() / 4 * 3;
        long above = journal.usedBytes() - threshold;
        if (above <= 0) {
            return;
        }
        try (Unlocked _ = unlocked()) {
            scheduler.pause(Math.max(1, MAX_THROTTLE_NANOS * above / (journal.capacityBytes() - threshold)));
        }
    }

    /**
     * Appends one record and returns its sequence. Under the order lock, after {@link #prepareRecord}: there is no way back
     * any more. A backing store that promised its room and breaks that here gets some time to find it.
     */
    long append(RecordType type, MemorySegment payload, int payloadBytes) {
        for (int looks = 0; ; looks++) {
            try {
                return tryAppend(type, payload, payloadBytes);
            } catch (BlockSpaceException e) {
                if (e.code() != Code.OUT_OF_BACKING || !backing.awaitRoomForRecord(looks)) {
                    fail(e);
                    throw e;
                }
            }
        }
    }

    /**
     * As {@link #append}, for a record nothing was decided for yet.
     *
     * @throws BlockSpaceException {@code OUT_OF_BACKING} when the backing store has no room for it: nothing changed
     */
    long tryAppend(RecordType type, MemorySegment payload, int payloadBytes) {
        checkWritable();
        try {
            long mark = persistence.markToCarry();
            long sequence = journal.append(type, payload, payloadBytes, mark, persistence.journalForced());
            persistence.appended(mark);
            backing.recordFits(payloadBytes);
            if (checkpointer.isOverdue()) {
                wakeBackground.run();
            }
            return sequence;
        } catch (BlockSpaceException e) {
            throw refusedOrFailed(e, payloadBytes);
        } catch (RuntimeException | Error e) {
            fail(e);
            throw e;
        }
    }
}

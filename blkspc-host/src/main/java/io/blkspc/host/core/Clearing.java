package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.host.alloc.Ledger.Resource;
import io.blkspc.host.extent.ExtentRun;
import io.blkspc.host.journal.RecordType;
import java.lang.foreign.Arena;

/**
 * Discard, zero and preallocate: changes of mapping without data. Long ranges go in steps of {@value #STEP_BLOCKS} blocks, so
 * that the order lock is held briefly and the deadlist room a step can need is bounded.
 */
@SuppressWarnings("checkstyle:IllegalCatch") // half a change ends all writing (D18)
final class Clearing {

    /** Blocks one step looks at: 16 MiB. */
    private static final long STEP_BLOCKS = 4096;

    private static final int LEAF_BLOCKS = 256;
    /** Nodes one punched range can need: two paths of four that share the root. */
    private static final int STEP_SLOTS = 7;

    /** Entries one step can write: one run for every block in the worst case, but a record holds fewer. */
    private static final int MAX_ENTRIES = 512;

    private final Engine engine;
    private final ExtentsPayload payload = ExtentsPayload.allocate(
            Arena.ofAuto(), ExtentsPayload.HEADER_BYTES + MAX_ENTRIES * ExtentsPayload.ENTRY_BYTES);
    private final ExtentRun run = new ExtentRun();

    Clearing(Engine engine) {
        this.engine = engine;
    }

    /** Returns the blocks of a range; what metadata room does not allow is left as it is. */
    void discard(Head head, long offset, long length) {
        if (keepsBlocks(head)) {
            unwrite(head, offset, length, false);
            return;
        }
        long end = (offset + length) >>> Geometry.BLOCK_SHIFT;
        punch(head, offset >>> Geometry.BLOCK_SHIFT, end, false);
    }

    /** Makes a range read as zeros; with {@code keep}, owned blocks stay allocated as unwritten. */
    void zero(Head head, long offset, long length, boolean keep) {
        if (keep || keepsBlocks(head)) {
            unwrite(head, offset, length, true);
            return;
        }
        long end = (offset + length) >>> Geometry.BLOCK_SHIFT;
        punch(head, offset >>> Geometry.BLOCK_SHIFT, end, true);
    }

    private void punch(Head head, long from, long end, boolean must) {
        inSteps(from, end, (block, deadline) -> punchStep(head, block, end, must, deadline));
    }

    /** A part of a change. */
    private interface Step {
        /**
         * Changes something from {@code block} on; returns where to go on, which is {@code block} after a wait. Under the order lock.
         */
        long take(long block, long deadline);
    }

    /** Each step has the order lock for itself, and its waits are over when too long has passed since one came further (S8). */
    private void inSteps(long from, long end, Step step) {
        long deadline = patience();
        for (long block = from; block < end; ) {
            engine.lock.lock();
            try {
                long sequence = engine.journal.lastSequence();
                long next = step.take(block, deadline);
                throttleSince(sequence);
                deadline = next > block ? patience() : deadline;
                block = next;
            } finally {
                engine.lock.unlock();
            }
        }
    }

    /** As commits do, who adds to the journal waits while it is nearly full (R13); who adds nothing does not. */
    private void throttleSince(long sequence) {
        if (engine.journal.lastSequence() > sequence) {
            engine.throttle();
        }
    }

    /** When a wait that begins now has taken too long, however often others are told of something meanwhile (S8). */
    private long patience() {
        return engine.scheduler.nanoTime() + WriteGate.PATIENCE_NANOS;
    }

    /** A guarantee is for blocks the head has as well as for those it may still get: none goes back (A3). */
    private static boolean keepsBlocks(Head head) {
        return head.version.guaranteeBlocks > 0;
    }

    private void unwrite(Head head, long offset, long length, boolean must) {
        long end = (offset + length) >>> Geometry.BLOCK_SHIFT;
        long from = offset >>> Geometry.BLOCK_SHIFT;
        raise(head);
        try {
            drain(head);
            inSteps(from, end, (block, deadline) -> unwriteStep(head, block, end, must, deadline));
        } finally {
            lower(head);
        }
    }

    /**
     * A block that stays allocated may be the target of an in-place write under way; once it is unwritten, a later commit may
     * name it with a checksum, which the old write would break. So those writes end first (S8).
     */
    private static void drain(Head head) {
        if (!head.gate.drain()) {
            throw new BlockSpaceException(Code.BUSY, "writes in flight did not end: volume=" + head.version.name);
        }
    }

    private void raise(Head head) {
        engine.lock.lock();
        try {
            raise(engine, head);
        } finally {
            engine.lock.unlock();
        }
    }

    /** Raises the gate, waiting while somebody else has it. Under the order lock. */
    static void raise(Engine engine, Head head) {
        long deadline = engine.scheduler.nanoTime() + WriteGate.PATIENCE_NANOS;
        while (head.gate.isRaised()) {
            long left = deadline - engine.scheduler.nanoTime();
            if (left <= 0 || (!engine.lock.await(left) && head.gate.isRaised())) {
                throw new BlockSpaceException(Code.BUSY, "volume is being frozen: name=" + head.version.name);
            }
        }
        head.gate.raise();
    }

    private void lower(Head head) {
        engine.lock.lock();
        try {
            head.gate.lower();
            engine.lock.signalAll();
        } finally {
            engine.lock.unlock();
        }
    }

    /**
     * Gives up some of what a volume maps beyond its end; when that is nothing, it has no tail any more. Under the order lock.
     *
     * @throws BlockSpaceException {@code OUT_OF_SPACE} when there is no room to say so
     */
    void trimStep(Head head) {
        // First, for it may release the lock: others may give the tail up, and have the volume grow over it and be
        // written.
        engine.prepareRecord(payload.capacityBytes());
        Version version = head.version;
        if (!head.closed
                && version.tailBlocks > 0
                && punchStep(head, version.sizeBlocks(), version.tailBlocks, true, patience()) >= version.tailBlocks) {
            version.tailBlocks = 0;
            version.dirty = true;
            engine.rebalance(version);
        }
    }

    /** Punches mapped blocks from {@code block} on; returns where to go on. Under the order lock. */
    private long punchStep(Head head, long block, long end, boolean must, long deadline) {
        begin(head);
        long start = firstMappedOrStaged(head, block, end);
        if (start >= end) {
            return end;
        }
        long stop = Math.min(end, (start / STEP_BLOCKS + 1) * STEP_BLOCKS);
        if (!awaitUnstaged(head, start, stop, deadline)) {
            return start; // the lock was released: look again
        }
        long leaves = stop / LEAF_BLOCKS - start / LEAF_BLOCKS + 1;
        long logBytes = (stop - start + leaves + STEP_SLOTS) * DeadList.ENTRY_BYTES;
        Budget budget = tryPromise(logBytes, must);
        if (budget == null) {
            return stop;
        }
        payload.begin(head.version.id, engine.catalogue.epoch);
        payload.add(start, stop - start, 0, ExtentsPayload.NONE, false, 0);
        publish(head, budget);
        return stop;
    }

    /** In {@code [block, end)}, or {@code end}. What is staged over a hole counts: its commit would come after this change. */
    private long firstMappedOrStaged(Head head, long block, long end) {
        return head.stages.nextStart(block, Catalogue.firstMapped(engine.tree, head.version, block, end, run));
    }

    /** Room for what a step does to the tree; {@code null} when there is none, slop included, and it need not be done. */
    private Budget tryPromise(long logBytes, boolean must) {
        Budget budget = new Budget(engine.ledger);
        if (engine.ledger.tryPromise(0, STEP_SLOTS, logBytes)) {
            budget.credit(STEP_SLOTS, logBytes);
            return budget;
        }
        if (budget.topUpFromSlop(STEP_SLOTS, logBytes)) {
            return budget;
        }
        if (must) {
            throw BlockSpaceException.outOfSpace(engine.ledger.facts(0, STEP_SLOTS, logBytes));
        }
        return null;
    }

    /** Makes owned blocks unwritten and punches shared ones; returns where to go on. Under the order lock. */
    private long unwriteStep(Head head, long block, long end, boolean must, long deadline) {
        begin(head);
        long start = firstMappedOrStaged(head, block, end);
        if (start >= end) {
            return end;
        }
        long stop = Math.min(end, (start / LEAF_BLOCKS + 1) * LEAF_BLOCKS);
        if (!awaitUnstaged(head, start, stop, deadline)) {
            return start;
        }
        payload.begin(head.version.id, engine.catalogue.epoch);
        long ownedAfter = head.version.ownedAfter();
        for (long at = start; at < stop; at = run.endBlock()) {
            Catalogue.lookup(engine.tree, head.version, at, stop - at, run);
            boolean owned = run.birth() > ownedAfter;
            if (run.state() == ExtentRun.WRITTEN && owned) {
                payload.add(at, run.blockCount(), run.physicalBlock(), ExtentsPayload.UNWRITTEN, false, 0);
            } else if (run.state() != ExtentRun.NONE && !owned) {
                payload.add(at, run.blockCount(), 0, ExtentsPayload.NONE, false, 0);
            }
        }
        if (payload.count() == 0) {
            return stop;
        }
        // Room last: a node that cannot be read is found before anything is promised.
        long logBytes = (stop - start + 1 + STEP_SLOTS) * DeadList.ENTRY_BYTES;
        Budget budget = tryPromise(logBytes, must);
        if (budget == null) {
            return stop;
        }
        publish(head, budget);
        return stop;
    }

    void preallocate(HostCookie cookie, long offset, long length) {
        long end = (offset + length) >>> Geometry.BLOCK_SHIFT;
        inSteps(
                offset >>> Geometry.BLOCK_SHIFT,
                end,
                (block, deadline) -> preallocateStep(cookie, block, end, deadline));
    }

    private long preallocateStep(HostCookie cookie, long block, long end, long deadline) {
        Head head = cookie.head;
        begin(head);
        Catalogue.lookup(engine.tree, head.version, block, end - block, run);
        if (run.state() != ExtentRun.NONE) {
            return run.endBlock();
        }
        if (!awaitUnstaged(head, block, Math.min(end, block + LEAF_BLOCKS), deadline)) {
            return block;
        }
        return fillHole(cookie, head, block, Math.min(run.endBlock(), block + LEAF_BLOCKS));
    }

    private long fillHole(HostCookie cookie, Head head, long block, long end) {
        if (cookie.isCancelled()) {
            throw new BlockSpaceException(Code.CANCELLED, "cookie was cancelled: id=" + cookie.id());
        }
        long length = cookie.affordable(block, end - block);
        if (length == 0) {
            throw new BlockSpaceException(Code.NO_CREDIT, "cookie has no credit left: id=" + cookie.id());
        }
        HeadQuota quota = head.version.quota;
        boolean isWhole = head.isWhole();
        if (isWhole) {
            length = quota.drawable(length);
        }
        if (length == 0) {
            reclaim(head);
            return block;
        }
        long physical = engine.freeSpace.allocateRun(head.allocationHint, (int) length);
        if (physical < 0) {
            engine.reuse.awaitRoom();
            return block;
        }
        long taken = engine.freeSpace.runLength();
        head.allocationHint = physical + taken;
        try {
            if (isWhole) {
                quota.draw(taken, false);
            } else {
                engine.ledger.draw(Resource.DATA_BLOCKS, taken);
            }
            cookie.spend(block, taken, isWhole ? 0 : taken);
        } catch (RuntimeException | Error e) {
            engine.fail(e); // taken, and not the cookie's yet (D18)
            throw e;
        }
        payload.begin(head.version.id, engine.catalogue.epoch);
        payload.add(block, taken, physical, ExtentsPayload.UNWRITTEN, false, 0);
        publishPaidBy(head, cookie.budget);
        engine.settled(head.version, isWhole ? 0 : taken);
        cookie.happened(Cookie.Event.ALLOCATE);
        return block + taken;
    }

    /** One step towards what a guarantee is short of while what its head owns is counted too high; releases the order lock. */
    private void reclaim(Head head) {
        if (!engine.reclaimFor(head.version)) {
            throw new BlockSpaceException(Code.BUSY, "what was destroyed is still being read");
        }
    }

    private void publish(Head head, Budget budget) {
        publishPaidBy(head, budget);
        budget.release();
        engine.rebalance(head.version);
    }

    private void publishPaidBy(Head head, Budget budget) {
        long sequence = engine.append(RecordType.EXTENTS, payload.segment(), payload.lengthBytes());
        try {
            engine.drops.begin(head.version, sequence, budget);
            engine.catalogue.extents(payload, engine.tree, engine.drops);
            head.bumpGeneration();
            engine.rebalance(head.version);
        } catch (RuntimeException | Error e) {
            engine.fail(e);
            throw e;
        }
    }

    /** Makes room for a step's record, then refuses on a volume that is gone: its tree may be half reaped. */
    private void begin(Head head) {
        engine.prepareRecord(payload.capacityBytes());
        engine.checkWritable();
        head.checkNotClosed();
    }

    /** {@code true} when no stage overlaps; otherwise waits once, releasing the lock, and answers {@code false}. */
    private boolean awaitUnstaged(Head head, long start, long stop, long deadline) {
        if (!head.stages.overlaps(start, stop - start)) {
            return true;
        }
        long left = deadline - engine.scheduler.nanoTime();
        if (left <= 0 || (!engine.lock.await(left) && head.stages.overlaps(start, stop - start))) {
            throw new BlockSpaceException(
                    Code.BUSY, "blocks are being written: offset=" + (start << Geometry.BLOCK_SHIFT));
        }
        return false;
    }
}

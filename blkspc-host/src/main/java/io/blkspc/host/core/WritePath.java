package io.blkspc.host.core;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.Mapping;
import io.blkspc.api.MappingState;
import io.blkspc.host.alloc.Ledger;
import io.blkspc.host.alloc.Ledger.Resource;
import io.blkspc.host.extent.ExtentRun;

/**
 * Reserve, allocate and unreserve; {@link CommitPath} ends what is staged here.
 *
 * <pre>
 *   allocate finds            and answers          target            readers until commit
 *   hole                      UNWRITTEN            new blocks        zeros
 *   unwritten, owned          UNWRITTEN            the same blocks   zeros     (holds the gate as a write lease does)
 *   unwritten, not owned      UNWRITTEN            new blocks        zeros
 *   written, not owned        COW                  new blocks        the old data
 *   written, owned, recent    COW                  new blocks        the old data     (R1: a record above the durable
 *                                                                                      mark carries their checksum)
 *   written, owned, settled   IN_PLACE             the same blocks   -
 * </pre>
 *
 * <p>Everything here runs under the order lock; waiting releases it and starts the decision again.
 */
@SuppressWarnings("checkstyle:IllegalCatch") // half a stage ends all writing (D18)
final class WritePath {

    /** Longest run one allocate answers: what one checksum may cover. */
    private static final long MAX_RUN_BLOCKS = Geometry.MAX_WINDOW_BYTES / Geometry.BLOCK_BYTES;

    /** What a decision waits for. */
    private enum Lack {
        /** Free blocks: some rest. */
        ROOM,
        /** A persist point: then the head's own blocks are settled. */
        PERSIST_POINT,
        /** What the head has is counted too high until the reaper has gone on. */
        RECLAIM
    }

    private final Engine engine;
    private final Grants grants;
    private final ExtentRun run = new ExtentRun();
    private long nextCookieId = 1;
    /** Why {@link #tryAllocate} answered {@code null}. */
    private Lack lack = Lack.ROOM;

    WritePath(Engine engine) {
        this.engine = engine;
        this.grants = new Grants(engine);
    }

    HostCookie reserve(Head head, int allocCount, int blockSizeBytes) {
        if (allocCount < 0) {
            throw new IllegalArgumentException("allocCount is negative: allocCount=" + allocCount);
        }
        int windowBlocks = Grants.windowBlocks(blockSizeBytes);
        long blocks = (long) allocCount * windowBlocks;
        boolean hasPersisted = false;
        engine.lock.lock();
        try {
            while (true) {
                engine.checkWritable();
                head.checkNotClosed();
                HeadQuota quota = head.version.quota;
                if (quota != null) {
                    quota.checkLimit(blocks);
                }
                HostCookie cookie =
                        newCookie(head, allocCount, blockSizeBytes); // first: it may be what there is no memory for
                String lacking = grants.promise(quota, allocCount, blocks, windowBlocks);
                if (lacking == null) {
                    return grant(cookie);
                }
                if (!engine.reclaim()) {
                    if (hasPersisted || areBlocksShort(quota, blocks) || !engine.surpluses.persist()) {
                        engine.events.shortage(lacking);
                        throw BlockSpaceException.outOfSpace(lacking);
                    }
                    hasPersisted = true;
                }
            }
        } finally {
            engine.lock.unlock();
        }
    }

    /** {@code true} when there are no blocks for a reservation, and no persist point gives any. */
    private boolean areBlocksShort(HeadQuota quota, long blocks) {
        long standing = quota == null ? 0 : quota.standing();
        return blocks > engine.ledger.available(Resource.DATA_BLOCKS) + engine.surpluses.restingBlocks() + standing;
    }

    /** As {@link io.blkspc.api.BlockSpace#reservable}, without a reclaim. */
    int reservable(Head head, int blockSizeBytes, int creditsInAll) {
        return grants.reservable(head, blockSizeBytes, creditsInAll);
    }

    private HostCookie newCookie(Head head, int allocCount, int blockSizeBytes) {
        HeadQuota quota = head.version.quota;
        Budget shared = quota != null && quota.isGuaranteed() ? quota.budget() : null;
        HostCookie cookie =
                new HostCookie(nextCookieId++, head, allocCount, blockSizeBytes, engine.ledger, shared, this);
        cookie.bornMillis = engine.coarseMillis;
        return cookie;
    }

    /** Hands out a cookie for what was promised. */
    private HostCookie grant(HostCookie cookie) {
        try {
            cookie.head.cookies.add(cookie);
            cookie.happened(Cookie.Event.RESERVE);
            return cookie;
        } catch (RuntimeException | Error e) {
            engine.fail(e); // promised, and nobody can give it back (D18)
            throw e;
        }
    }

    /** Runs once, at the last put: stages, blocks and metadata go back together. */
    void unreserve(HostCookie cookie) {
        engine.lock.lock();
        try {
            if (giveBack(cookie)) {
                engine.unstaged(cookie.head);
                engine.lock.signalAll();
            }
        } catch (RuntimeException | Error e) {
            if (!engine.isFailed()) { // else a change may have been left half done, and no count is relied on any more
                engine.fail(e); // nobody gives the rest back (D18)
                throw e;
            }
        } finally {
            engine.lock.unlock();
        }
    }

    /** Returns whether something was staged. */
    private boolean giveBack(HostCookie cookie) {
        Head head = cookie.head;
        StageTable stages = head.stages;
        boolean returned = false;
        for (int i = stages.size() - 1; i >= 0; i--) {
            if (stages.cookie(i) == cookie) {
                returnStage(head, stages, i);
                returned = true;
            }
        }
        engine.ledger.unpromise(cookie.promisedBlocks(), 0, 0);
        if (cookie.ownsBudget) {
            cookie.budget.release();
        }
        engine.settled(head.version, cookie.promisedBlocks());
        cookie.clear();
        head.cookies.remove(cookie);
        return returned;
    }

    private void returnStage(Head head, StageTable stages, int index) {
        if (stages.isFresh(index)) {
            // No record names these blocks and no reader was ever told of them: free at once.
            engine.freeSpace.release(stages.physical(index), stages.count(index));
        }
        if (stages.isFresh(index) && head.isWhole()) {
            head.version.quota.unstaged(stages.count(index), stages.isOwn(index), true);
        } else if (stages.isFresh(index)) {
            engine.ledger.undraw(Resource.DATA_BLOCKS, stages.count(index));
            stages.cookie(index).refundBlocks(stages.count(index));
        } else {
            head.gate.dropStageHold(stages.count(index));
        }
        stages.remove(index, stages.start(index), stages.count(index));
    }

    Allocation allocate(HostCookie cookie, long offset, long count, Mapping mapping) {
        long block = offset >>> Geometry.BLOCK_SHIFT;
        long wanted = Math.min(count >>> Geometry.BLOCK_SHIFT, MAX_RUN_BLOCKS);
        engine.lock.lock();
        try {
            while (true) {
                engine.checkWritable();
                cookie.head.checkNotClosed();
                if (cookie.isCancelled()) {
                    throw new BlockSpaceException(Code.CANCELLED, "cookie was cancelled: id=" + cookie.id());
                }
                Allocation answer = tryAllocate(cookie, block, wanted, mapping);
                if (answer != null) {
                    if (answer.commitType() != null) {
                        cookie.happened(Cookie.Event.ALLOCATE);
                    }
                    return answer;
                }
                if (!await(lack, cookie.head)) {
                    return Allocation.BUSY; // freed blocks wait for readers, maybe for this very lease
                }
            }
        } finally {
            engine.lock.unlock();
        }
    }

    /** Releases the order lock meanwhile; {@code false} when only the end of leases can help. */
    private boolean await(Lack what, Head head) {
        return switch (what) {
            case ROOM -> engine.reuse.makeRoom();
            case RECLAIM -> engine.reclaimFor(head.version);
            case PERSIST_POINT -> {
                try (Engine.Unlocked _ = engine.unlocked()) {
                    engine.persistence.advanceMark(); // the durable mark goes over everything published
                }
                yield true;
            }
        };
    }

    /** One decision; {@code null} when what {@link #lack} says must come first. */
    private Allocation tryAllocate(HostCookie cookie, long block, long wanted, Mapping mapping) {
        lack = Lack.PERSIST_POINT;
        Head head = cookie.head;
        StageTable stages = head.stages;
        int staged = stages.find(block);
        if (staged >= 0) {
            return again(cookie, stages, staged, block, wanted, mapping);
        }
        long limit = stages.nextStart(block, block + wanted) - block;
        Version version = head.version;
        Catalogue.lookup(engine.tree, version, block, limit, run);
        long length = run.blockCount();
        boolean owned = run.birth() > version.ownedAfter();
        if (run.state() == ExtentRun.WRITTEN && owned) {
            boolean isRecent = engine.recent.contains(run.physicalBlock());
            length = sameRecency(run.physicalBlock(), length, isRecent);
            if (!isRecent) {
                fill(mapping, head, block, length, MappingState.WRITTEN, run.physicalBlock(), false);
                return Allocation.IN_PLACE;
            }
        }
        long affordable = cookie.affordable(block, length);
        if (affordable == 0) {
            // A block of one's own can always be overwritten: where no credit can be had either, a persist point makes
            // it
            // settled, and then it is written in place (R1).
            if (run.state() == ExtentRun.UNWRITTEN && owned) {
                // Preallocated: it has its block and its leaf already, so writing it takes nothing.
                return engine.recent.contains(run.physicalBlock())
                        ? null
                        : stageOwn(cookie, block, length, false, mapping);
            }
            boolean settles = run.state() == ExtentRun.WRITTEN && owned && !isRoomy(version);
            return settles ? null : Allocation.NO_CREDIT;
        }
        length = affordable;
        if (run.state() == ExtentRun.UNWRITTEN && owned) {
            boolean isRecent = engine.recent.contains(run.physicalBlock());
            length = sameRecency(run.physicalBlock(), length, isRecent);
            if (!isRecent) {
                return stageOwn(cookie, block, length, true, mapping);
            }
        }
        if (head.isWhole()) {
            HeadQuota quota = version.quota;
            lack = owned ? Lack.PERSIST_POINT : Lack.RECLAIM;
            length = owned ? quota.redirectable(length) : quota.drawable(length);
        }
        return length == 0 ? null : stageFresh(cookie, block, length, owned, mapping);
    }

    /** Stages a run of unwritten blocks of the head's own where they are. */
    private Allocation stageOwn(HostCookie cookie, long block, long length, boolean isPaid, Mapping mapping) {
        Head head = cookie.head;
        long count = sameRecency(run.physicalBlock(), length, false);
        try {
            if (isPaid) {
                cookie.spend(block, count, 0);
            }
            head.gate.addStageHold(count);
            head.stages.add(block, count, run.physicalBlock(), -1, false, false, cookie);
        } catch (RuntimeException | Error e) {
            engine.fail(e); // half staged (D18)
            throw e;
        }
        fill(mapping, head, block, count, MappingState.UNWRITTEN, run.physicalBlock(), false);
        return Allocation.UNWRITTEN;
    }

    private Allocation stageFresh(HostCookie cookie, long block, long length, boolean owned, Mapping mapping) {
        Head head = cookie.head;
        boolean isWhole = head.isWhole();
        long physical = engine.freeSpace.allocateRun(head.allocationHint, (int) length);
        if (physical < 0) {
            lack = isWhole && owned ? Lack.PERSIST_POINT : Lack.ROOM;
            return null;
        }
        long taken = engine.freeSpace.runLength();
        head.allocationHint = physical + taken;
        boolean copies = run.state() == ExtentRun.WRITTEN;
        long source = copies ? run.physicalBlock() : -1;
        try {
            if (!isWhole) {
                engine.ledger.draw(Resource.DATA_BLOCKS, taken);
            } else if (owned) {
                head.version.quota.redirect(taken);
            } else {
                head.version.quota.draw(taken, true);
            }
            cookie.spend(block, taken, isWhole ? 0 : taken);
            head.stages.add(block, taken, physical, source, true, isWhole && owned, cookie);
        } catch (RuntimeException | Error e) {
            engine.fail(e); // half staged (D18)
            throw e;
        }
        MappingState seen = switch (run.state()) {
            case ExtentRun.WRITTEN -> MappingState.WRITTEN;
            case ExtentRun.UNWRITTEN -> MappingState.UNWRITTEN;
            default -> MappingState.HOLE;
        };
        fill(mapping, head, block, taken, seen, physical, copies && !owned);
        if (copies) {
            mapping.source(source << Geometry.BLOCK_SHIFT);
        }
        return copies ? Allocation.COW : Allocation.UNWRITTEN;
    }

    /** The block is staged already: the same cookie gets the same stage, another one must wait. */
    private Allocation again(
            HostCookie cookie, StageTable stages, int index, long block, long wanted, Mapping mapping) {
        if (stages.cookie(index) != cookie) {
            return Allocation.BUSY;
        }
        long skip = block - stages.start(index);
        long length = Math.min(wanted, stages.end(index) - block);
        boolean copies = stages.source(index) >= 0;
        MappingState seen = copies ? MappingState.WRITTEN : MappingState.UNWRITTEN;
        fill(mapping, cookie.head, block, length, seen, stages.physical(index) + skip, copies);
        if (copies) {
            mapping.source((stages.source(index) + skip) << Geometry.BLOCK_SHIFT);
        }
        return copies ? Allocation.COW : Allocation.UNWRITTEN;
    }

    private static void fill(
            Mapping mapping, Head head, long block, long length, MappingState state, long physical, boolean shared) {
        mapping.set(
                block << Geometry.BLOCK_SHIFT,
                length << Geometry.BLOCK_SHIFT,
                state,
                physical << Geometry.BLOCK_SHIFT,
                shared,
                head.generation);
    }

    /** {@code true} when a client of the head could still reserve one allocation. */
    private boolean isRoomy(Version version) {
        boolean poolIsRoomy = engine.ledger.available(Resource.DATA_BLOCKS) >= 1
                && engine.ledger.available(Resource.NODE_SLOTS) >= HostCookie.SLOTS_PER_CREDIT
                && engine.ledger.available(Resource.LOG_BYTES) >= HostCookie.logBytesPerCredit(1);
        return version.quota == null ? poolIsRoomy : version.quota.isRoomy(poolIsRoomy);
    }

    private long sameRecency(long physical, long length, boolean isRecent) {
        long same = 1;
        if (engine.recent.blocks() == 0) {
            return length;
        }
        while (same < length && engine.recent.contains(physical + same) == isRecent) {
            same++;
        }
        return same;
    }

    /** Promises what open cookies of a head may need again once it is frozen (S7). {@code false}: short, nothing changed. */
    boolean promiseForFreeze(Head head) {
        Ledger ledger = engine.ledger;
        if (head.version.quota != null && head.version.quota.isGuaranteed()) {
            return head.version.quota.tryPromiseForFreeze();
        }
        for (HostCookie cookie : head.cookies) {
            long windows = cookie.windowsInUse(head.stages.countOf(cookie)) + cookie.creditsRemaining();
            long slots = windows * HostCookie.SLOTS_PER_CREDIT - cookie.budget.slots();
            long logBytes = windows * HostCookie.logBytesPerCredit(cookie.windowBlocks) - cookie.budget.logBytes();
            slots = Math.max(0, slots);
            logBytes = Math.max(0, logBytes);
            if (!ledger.tryPromise(0, slots, logBytes)) {
                return false; // what other cookies were given stays theirs until their last put
            }
            cookie.budget.credit(slots, logBytes);
        }
        return true;
    }
}

package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.host.journal.RecordType;
import java.lang.foreign.Arena;

/**
 * Makes what {@link WritePath} staged the mapping that readers see: waits for room, looks at the ranges, appends a record,
 * publishes it. Under the order lock, which only the waits release.
 */
@SuppressWarnings("checkstyle:IllegalCatch") // half a commit ends all writing (D18)
final class CommitPath {

    /** Largest EXTENTS payload; a larger commit becomes several records. */
    private static final int MAX_PAYLOAD_BYTES = 48 * 1024;

    private final Engine engine;
    private final ExtentsPayload payload;

    CommitPath(Engine engine) {
        this.engine = engine;
        this.payload =
                ExtentsPayload.allocate(Arena.ofAuto(), Math.min(MAX_PAYLOAD_BYTES, engine.journal.maxPayloadBytes()));
    }

    void commit(HostCookie cookie, CommitType type, CommitBatch ranges) {
        engine.lock.lock();
        try {
            Head head = cookie.head;
            for (int done = 0; done < ranges.size(); ) {
                awaitRoomToCommit(ranges.lengthBytes(done) >>> Geometry.BLOCK_SHIFT);
                engine.checkWritable();
                checkRanges(cookie, type, ranges, done); // now: to wait for room releases the lock
                done = publishRecord(head, cookie, ranges, done);
            }
            cookie.happened(Cookie.Event.COMMIT);
            engine.lock.signalAll();
        } finally {
            engine.lock.unlock();
        }
    }

    /** R1 and R13: commits wait while too much, or anything for too long, is unpersisted, or the journal is full. */
    private void awaitRoomToCommit(int blocks) {
        engine.throttle();
        boolean waited;
        do {
            waited = awaitPersisted(blocks) || engine.awaitJournalRoom(payload.capacityBytes(), false);
        } while (waited); // which released the lock: others have committed, so each bound is looked at again
    }

    /** Waits once where one of the bounds on what is unpersisted is in the way, else answers {@code false}. */
    private boolean awaitPersisted(int blocks) {
        if (engine.recent.blocks() + blocks > Persistence.MAX_UNPERSISTED_BLOCKS) {
            try (Engine.Unlocked _ = engine.unlocked()) {
                engine.persistence.advanceMark();
            }
            return true;
        }
        if (engine.persistence.isLate()) {
            try (Engine.Unlocked _ = engine.unlocked()) {
                engine.persistence.persistOldest();
            }
            return true;
        }
        return false;
    }

    private static void checkRanges(HostCookie cookie, CommitType type, CommitBatch ranges, int from) {
        cookie.head.checkNotClosed();
        StageTable stages = cookie.head.stages;
        boolean ascending = true; // the usual case: each range need only be compared with the one before
        for (int i = from; i < ranges.size(); i++) {
            ascending &= i == from || ranges.offsetBytes(i) >= ranges.offsetBytes(i - 1) + ranges.lengthBytes(i - 1);
            long block = ranges.offsetBytes(i) >>> Geometry.BLOCK_SHIFT;
            int count = ranges.lengthBytes(i) >>> Geometry.BLOCK_SHIFT;
            int index = stages.find(block);
            if (index < 0 || stages.cookie(index) != cookie || !stages.isOneRun(index, block + count)) {
                throw refused("range is not inside one run staged by this cookie", ranges, i);
            }
            if (stages.source(index) >= 0 != (type == CommitType.COW)) {
                throw refused("range was staged as the other type", ranges, i);
            }
            if (!ascending) {
                checkDisjoint(ranges, i);
            }
        }
    }

    private static void checkDisjoint(CommitBatch ranges, int i) {
        long start = ranges.offsetBytes(i);
        long end = start + ranges.lengthBytes(i);
        for (int k = 0; k < i; k++) {
            if (start < ranges.offsetBytes(k) + ranges.lengthBytes(k) && ranges.offsetBytes(k) < end) {
                throw refused("ranges of one commit overlap", ranges, i);
            }
        }
    }

    private static BlockSpaceException refused(String why, CommitBatch ranges, int i) {
        return new BlockSpaceException(
                Code.OUT_OF_RANGE, why + ": offset=" + ranges.offsetBytes(i) + ", length=" + ranges.lengthBytes(i));
    }

    /** Appends and publishes as many ranges as one record holds and R1 allows; returns the first range that is left. */
    private int publishRecord(Head head, HostCookie cookie, CommitBatch ranges, int from) {
        StageTable stages = head.stages;
        payload.begin(head.version.id, engine.catalogue.epoch);
        int next = from;
        long unpersisted = engine.recent.blocks();
        while (next < ranges.size() && !payload.isFull()) {
            long block = ranges.offsetBytes(next) >>> Geometry.BLOCK_SHIFT;
            int count = ranges.lengthBytes(next) >>> Geometry.BLOCK_SHIFT;
            unpersisted += count;
            if (unpersisted > Persistence.MAX_UNPERSISTED_BLOCKS) {
                break; // never the first: there was room for it
            }
            int index = stages.find(block);
            long physical = stages.physical(index) + block - stages.start(index);
            payload.add(block, count, physical, ExtentsPayload.WRITTEN, true, ranges.checksum(next));
            next++;
        }
        long sequence = engine.tryAppend(RecordType.EXTENTS, payload.segment(), payload.lengthBytes());
        try {
            engine.persistence.committed(sequence);
            engine.drops.begin(head.version, sequence, cookie.budget);
            engine.catalogue.extents(payload, engine.tree, engine.drops);
            for (int i = 0; i < payload.count(); i++) {
                unstage(head, sequence, payload.startBlock(i), payload.blockCount(i));
            }
            engine.rebalance(head.version);
            head.bumpGeneration();
        } catch (RuntimeException | Error e) {
            engine.fail(e); // appended but not wholly published: nothing may be written any more (D18)
            throw e;
        }
        return next;
    }

    private void unstage(Head head, long sequence, long block, long count) {
        StageTable stages = head.stages;
        for (long at = block; at < block + count; ) {
            int index = stages.find(at);
            long part = Math.min(stages.end(index), block + count) - at;
            long physical = stages.physical(index) + at - stages.start(index);
            engine.recent.add(sequence, physical, part);
            engine.persistence.named(physical, part);
            if (!stages.isFresh(index)) {
                head.gate.dropStageHold(part);
            } else {
                engine.backing.tookNewBlock();
                if (head.isWhole()) {
                    head.version.quota.unstaged(part, stages.isOwn(index), false);
                } else if (head.version.quota != null) {
                    head.version.quota.settled(part);
                }
            }
            stages.remove(index, at, part);
            at += part;
        }
    }
}

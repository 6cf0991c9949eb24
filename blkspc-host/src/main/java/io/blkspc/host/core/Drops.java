package io.blkspc.host.core;

import io.blkspc.host.alloc.Ledger;
import io.blkspc.host.alloc.Ledger.Resource;
import io.blkspc.host.alloc.Quarantine;
import io.blkspc.host.extent.DropSink;
import io.blkspc.host.extent.NodeCache;

/**
 * Decides what becomes of a pointer that a version no longer holds: owned (born after the parent's freeze) means nobody else
 * holds it, so it is freed; anything else goes to the version's deadlist. The same code runs live and in replay; in replay
 * nothing is counted or quarantined, because recovery computes free space from what is reachable at the end.
 *
 * <p>Reused; {@link #begin} before each change. Guarded by the order lock.
 */
final class Drops implements DropSink {

    private final Catalogue catalogue;
    private final NodeCache cache;
    private final Ledger ledger; // null in replay
    private final Quarantine quarantine; // null in replay
    private final ReadGrace grace; // null in replay
    private Version version;
    private Budget budget;
    private long ownedAfter;
    private long sequence;
    private long droppedBlocks;
    private long keptBlocks;

    Drops(Catalogue catalogue, NodeCache cache, Ledger ledger, Quarantine quarantine, ReadGrace grace) {
        this.catalogue = catalogue;
        this.cache = cache;
        this.ledger = ledger;
        this.quarantine = quarantine;
        this.grace = grace;
    }

    boolean isReplay() {
        return ledger == null;
    }

    /** The following drops are by {@code changed}, published by record {@code seq}, paid from {@code pays}. */
    Drops begin(Version changed, long seq, Budget pays) {
        version = changed;
        budget = pays;
        ownedAfter = changed.ownedAfter();
        sequence = seq;
        droppedBlocks = 0;
        keptBlocks = 0;
        return this;
    }

    /** Data blocks dropped since {@link #begin}. */
    long droppedBlocks() {
        return droppedBlocks;
    }

    /** Data blocks that kept their place since {@link #begin}. */
    long keptBlocks() {
        return keptBlocks;
    }

    @Override
    public void keepPlace(long blockCount) {
        keptBlocks += blockCount;
    }

    @Override
    public void newNode(long nodeId) {
        version.ownedNodes++;
        if (ledger != null) {
            budget.drawSlot();
        }
    }

    @Override
    public void dropExtent(long physical, long count, long birth, int state) {
        droppedBlocks += count;
        if (birth > ownedAfter) {
            version.exclusiveBlocks -= count;
            freeBlocks(physical, count);
        } else {
            keep(physical, physical + count, birth);
        }
    }

    @Override
    public void dropNode(long nodeId, long birth) {
        if (birth > ownedAfter) {
            version.ownedNodes--;
            cache.remove(nodeId);
            if (ledger != null) {
                if (budget != null) {
                    budget.undrawSlot();
                } else {
                    ledger.use(Resource.NODE_SLOTS, -1);
                }
            }
        } else {
            keep(DropCounts.NODE_KEY + nodeId, DropCounts.NODE_KEY + nodeId + 1, birth);
        }
    }

    /** Blocks nobody holds any more: they rest until the freeing record is durable and their readers are gone. */
    private void freeBlocks(long physical, long count) {
        if (ledger != null) {
            ledger.use(Resource.DATA_BLOCKS, -count);
            quarantine.add(sequence, grace.epoch(), physical, count);
        }
    }

    /** A node nobody holds any more. */
    private void freeNode(long nodeId) {
        cache.remove(nodeId);
        if (ledger != null) {
            ledger.use(Resource.NODE_SLOTS, -1);
        }
    }

    /** An interval of keys (see {@link DropCounts}) that was the version's own and nobody holds any more. */
    void free(long start, long end) {
        if (start < DropCounts.NODE_KEY) {
            version.exclusiveBlocks -= end - start;
            freeBlocks(start, end - start);
        } else {
            for (long key = start; key < end; key++) {
                version.ownedNodes--;
                freeNode(key - DropCounts.NODE_KEY);
            }
        }
    }

    /** An interval of keys that the version does not need, but an older one may. */
    void keep(long start, long end, long birth) {
        addDead(append(version.dead, start, end, birth));
        Version parent = version.parent;
        if (parent != null && parent.counts != null) {
            parent.counts.add(version.tag, start, end, birth);
            catalogue.reaping.noteComplete(parent);
        }
    }

    /** An interval of keys that was given up at the version itself. */
    void keepGone(long start, long end, long birth) {
        addDead(append(version.gone, start, end, birth));
    }

    private int append(DeadList list, long start, long end, long birth) {
        if (start < DropCounts.NODE_KEY) {
            return list.addBlocks(catalogue::newChunkId, start, end - start, birth);
        }
        for (long key = start; key < end; key++) {
            list.addNode(catalogue::newChunkId, key - DropCounts.NODE_KEY, birth);
        }
        return Math.toIntExact(end - start);
    }

    /** Deadlist entries given up. */
    void releaseLog(long bytes) {
        if (ledger != null) {
            ledger.use(Resource.LOG_BYTES, -bytes);
        }
    }

    private void addDead(int entries) {
        version.dirty = true;
        if (ledger != null) {
            long bytes = (long) entries * DeadList.ENTRY_BYTES;
            if (budget != null) {
                budget.drawLog(bytes);
            } else {
                ledger.use(Resource.LOG_BYTES, bytes);
            }
        }
    }
}

package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CorruptSpaceException;
import io.blkspc.host.extent.ExtentRun;
import io.blkspc.host.extent.ExtentTree;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;

/**
 * The logical state of a pool: the version tree, the epoch and the reaper's queue, and what each journal record does to
 * them. The same methods run when a record is published and when it is replayed, so a replay cannot come to another result.
 *
 * <p>Invariants: C1 a hidden version has a child, or is in the reaper's queue; C2 a head has no children; C3 births are at
 * most {@link #epoch}; C4 a version's freeze epoch is greater than its parent's. Guarded by the order lock.
 *
 * <p>The algebra (birth epochs, deadlists, merging into an only child) follows what ZFS does for snapshots.
 */
final class Catalogue {

    /** Entries a merge set aside: each is freed, or belongs to the deadlist of {@code target}. */
    static final class SetAside {
        /** Upper bound of the step that sorts all that is left. */
        static final long END = Long.MAX_VALUE;

        Version target;
        final long threshold;
        final DeadList list;
        long cursor;

        SetAside(Version target, long threshold, DeadList list) {
            this.target = target;
            this.threshold = threshold;
            this.list = list;
        }
    }

    private final TreeMap<Long, Version> versions = new TreeMap<>();
    private final TreeMap<String, Version> names = new TreeMap<>();
    final ArrayDeque<Version> reapQueue = new ArrayDeque<>();
    final List<Long> removedVersions = new ArrayList<>();
    final List<Long> removedChunks = new ArrayList<>();

    /** At most one: the queue is serial. */
    SetAside setAside;

    long epoch = 1;
    private long nextVersionId = 1;
    private long nextChunkId = 1;
    private final ExtentRun run = new ExtentRun();
    private long nextNodeId = 1;

    long newVersionId() {
        return nextVersionId++;
    }

    long nextVersionId() {
        return nextVersionId;
    }

    long newChunkId() {
        return nextChunkId++;
    }

    long nextChunkId() {
        return nextChunkId;
    }

    long newNodeId() {
        return nextNodeId++;
    }

    long nextNodeId() {
        return nextNodeId;
    }

    void restoreIds(long versionId, long nodeId, long chunkId) {
        nextVersionId = versionId;
        nextNodeId = nodeId;
        nextChunkId = chunkId;
    }

    Collection<Version> versions() {
        return versions.values();
    }

    Collection<Version> visible() {
        return names.values();
    }

    Version byName(String name) {
        return names.get(name);
    }

    /** The volume or snapshot of this name; throws {@code NOT_FOUND} when there is none. */
    Version require(String name) {
        Version version = byName(name);
        if (version == null) {
            String kind = name.indexOf('@') < 0 ? "volume" : "snapshot";
            throw new BlockSpaceException(Code.NOT_FOUND, "no such " + kind + ": name=" + name);
        }
        return version;
    }

    Version byId(long id) {
        return versions.get(id);
    }

    /** Adds a version; used by records and by loading. */
    void add(Version version) {
        versions.put(version.id, version);
        nextVersionId = Math.max(nextVersionId, version.id + 1);
        if (version.name != null) {
            names.put(version.name, version);
        }
    }

    Version require(long id) {
        Version version = versions.get(id);
        if (version == null) {
            throw new CorruptSpaceException(Code.NEEDS_CHECK, "journal record", 0, "unknown version=" + id);
        }
        return version;
    }

    void create(LogRecord.Create record) {
        Version version = new Version(record.versionId(), record.uuid());
        version.name = record.name();
        version.sizeBytes = record.sizeBytes();
        version.createdMillis = record.createdMillis();
        version.guaranteeBlocks = record.guaranteeBlocks();
        version.limitBlocks = record.limitBlocks();
        add(version);
    }

    void snapshot(LogRecord.Snapshot record) {
        for (LogRecord.Frozen item : record.items()) {
            Version frozen = freeze(require(item.headId()), item.frozenId(), item.uuid(), record.createdMillis());
            frozen.name = item.name();
            frozen.originId = 0;
            add(frozen);
        }
        epoch++;
    }

    void cloneHeads(LogRecord.Clone record) {
        Version source = require(record.sourceId());
        Version base = source;
        if (record.hiddenId() != 0) {
            base = freeze(source, record.hiddenId(), record.hiddenUuid(), record.createdMillis());
            add(base);
            epoch++;
        } else if (source.isHead()) {
            base = source.parent; // unchanged since it was frozen last: same root
        }
        for (LogRecord.Target target : record.targets()) {
            Version head = new Version(target.versionId(), target.uuid());
            head.name = target.name();
            head.sizeBytes = base.sizeBytes;
            head.createdMillis = record.createdMillis();
            head.originId = source.id;
            head.root = base.root;
            head.mappedBlocks = base.mappedBlocks;
            head.guaranteeBlocks = record.guaranteeBlocks();
            head.limitBlocks = record.limitBlocks();
            head.parent = base;
            base.children.add(head);
            base.dirty = true;
            add(head);
        }
    }

    /** Inserts a frozen version above {@code head}; what the head owned until now, the frozen version owns. */
    private Version freeze(Version head, long frozenId, java.util.UUID uuid, long createdMillis) {
        Version frozen = new Version(frozenId, uuid);
        frozen.freezeEpoch = epoch;
        frozen.sizeBytes = head.sizeBytes;
        frozen.createdMillis = createdMillis;
        frozen.root = head.root;
        frozen.mappedBlocks = head.mappedBlocks;
        frozen.exclusiveBlocks = head.exclusiveBlocks;
        frozen.ownedNodes = head.ownedNodes;
        frozen.dead = head.dead;
        frozen.parent = head.parent;
        if (head.parent != null) {
            head.parent.children.remove(head);
            head.parent.children.add(frozen);
            head.parent.dirty = true;
        }
        frozen.children.add(head);
        head.parent = frozen;
        head.exclusiveBlocks = 0;
        head.ownedNodes = 0;
        head.dead = new DeadList();
        head.dirty = true;
        if (setAside != null && setAside.target == head) {
            setAside.target = frozen; // the unsorted drops are the frozen version's now
        }
        return frozen;
    }

    void destroy(LogRecord.Destroy record, long sequence) {
        for (long id : record.versionIds()) {
            Version version = require(id);
            names.remove(version.name);
            version.name = null;
            version.dirty = true;
            version.destroySequence = sequence;
            enqueueIfReapable(version);
        }
    }

    /**
     * After loading and after a replay: every hidden version with at most one child. One that was being walked comes first:
     * a merge into it would give it blocks its walk has passed already.
     */
    void rebuildReapQueue() {
        reapQueue.clear();
        for (Version version : versions.values()) {
            if (version.reapCursor != Version.NOT_REAPING) {
                reapQueue.add(version);
            }
        }
        for (Version version : versions.values()) {
            enqueueIfReapable(version);
        }
    }

    private void enqueueIfReapable(Version version) {
        if (!version.isVisible() && version.children.size() <= 1 && !reapQueue.contains(version)) {
            reapQueue.add(version);
        }
    }

    /** Replaces the mappings an EXTENTS record states; the drops were begun for its head. */
    void extents(ExtentsPayload payload, ExtentTree tree, Drops drops) {
        Version version = require(payload.versionId());
        for (int i = 0; i < payload.count(); i++) {
            replaceExtent(tree, version, drops, payload, i);
        }
    }

    /** As {@link #extents}, one entry at a time, so that replay can leave out entries whose data never arrived. */
    void extent(ExtentsPayload payload, int entry, ExtentTree tree, Drops drops) {
        replaceExtent(tree, require(payload.versionId()), drops, payload, entry);
    }

    /** Replaces the mapping of one entry and keeps the counters of its head. */
    private void replaceExtent(ExtentTree tree, Version version, Drops drops, ExtentsPayload payload, int entry) {
        long start = payload.startBlock(entry);
        long count = payload.blockCount(entry);
        long physical = payload.physicalBlock(entry);
        int state = payload.state(entry);
        long gained = state == ExtentsPayload.NONE ? 0 : count - restated(tree, version, start, count, physical);
        long before = drops.droppedBlocks();
        version.root =
                tree.replace(version.root, start, count, physical, state, payload.birth(), version.ownedAfter(), drops);
        version.mappedBlocks += gained - (drops.droppedBlocks() - before);
        version.exclusiveBlocks += gained;
        version.dirty = true;
    }

    /** Blocks of a run that map to this very place already: an entry may only change their state. */
    private long restated(ExtentTree tree, Version version, long start, long count, long physical) {
        long same = 0;
        for (long at = start; at < start + count; at = run.endBlock()) {
            lookup(tree, version, at, start + count - at, run);
            if (run.state() != ExtentRun.NONE && run.physicalBlock() - at == physical - start) {
                same += run.blockCount();
            }
        }
        return same;
    }

    /** Looks up under the order lock, where a root is never out of date: a missing node is damage. */
    static void lookup(ExtentTree tree, Version version, long block, long maxBlocks, ExtentRun out) {
        if (!tree.lookupOwned(version.root, block, maxBlocks, version.ownedAfter(), out)) {
            throw new CorruptSpaceException(
                    Code.CORRUPT, "extent tree", -1, "node is missing, version=" + version.id + ", block=" + block);
        }
    }

    /** Applies one reaper step; the drops were begun for its version. */
    void reap(LogRecord.Reap record, ExtentTree tree, Drops drops, int maxLeaves, long sequence) {
        switch (record.step()) {
            case WALK ->
                walk(require(record.versionId()), record.from(), record.to(), tree, drops, maxLeaves, sequence);
            case REMOVE -> remove(require(record.versionId()), drops);
            case MERGE -> merge(require(record.versionId()));
            case SORT -> sort(record.from(), record.to(), drops, sequence);
        }
    }

    private void walk(Version version, long from, long to, ExtentTree tree, Drops drops, int maxLeaves, long sequence) {
        drops.begin(version, sequence, null);
        long cursor = Math.max(from, version.reapCursor);
        while (cursor < to) {
            cursor = tree.reap(version.root, version.ownedAfter(), cursor, maxLeaves, drops);
        }
        version.reapCursor = cursor;
        version.dirty = true;
    }

    private void remove(Version version, Drops drops) {
        dropChunks(version.dead, drops);
        Version parent = version.parent;
        forget(version);
        if (parent != null) {
            parent.children.remove(version);
            parent.dirty = true;
            enqueueIfReapable(parent);
        }
    }

    /**
     * Joins hidden {@code version} into its only child. From now on the child owns what the version owned; what the child
     * had dropped because the version held it is set aside and sorted in later steps.
     */
    private void merge(Version version) {
        Version child = version.children.get(0);
        setAside = new SetAside(child, version.ownedAfter(), child.dead);
        child.dead = version.dead;
        child.exclusiveBlocks += version.exclusiveBlocks;
        child.ownedNodes += version.ownedNodes;
        child.parent = version.parent;
        child.dirty = true;
        forget(version);
        if (version.parent != null) {
            version.parent.children.remove(version);
            version.parent.children.add(child);
            version.parent.dirty = true;
        }
    }

    /**
     * Sorts entries of what the last merge set aside. The record that says {@link SetAside#END} sorts the rest, however many
     * there are: in a replay that left out entries whose data never arrived, a deadlist has other entries than it had live.
     */
    private void sort(long from, long to, Drops drops, long sequence) {
        SetAside aside = setAside;
        if (aside == null) {
            throw new CorruptSpaceException(Code.NEEDS_CHECK, "reap record", 0, "nothing is set aside, from=" + from);
        }
        Version target = aside.target;
        drops.begin(target, sequence, null);
        aside.list.forEach(aside.cursor, to, new DeadList.Visitor() {
            @Override
            public void blocks(long physical, long count, long birth) {
                drops.releaseLog(DeadList.ENTRY_BYTES);
                if (birth > aside.threshold) {
                    target.exclusiveBlocks -= count;
                    drops.freeBlocks(physical, count);
                } else {
                    drops.keepDead(physical, count, birth);
                }
            }

            @Override
            public void node(long nodeId, long birth) {
                drops.releaseLog(DeadList.ENTRY_BYTES);
                if (birth > aside.threshold) {
                    target.ownedNodes--;
                    drops.freeNode(nodeId);
                } else {
                    drops.keepDeadNode(nodeId, birth);
                }
            }
        });
        target.dirty = true;
        aside.cursor = Math.min(to, aside.list.entryCount());
        if (to == SetAside.END) {
            for (DeadList.Chunk chunk : aside.list.chunks()) {
                removedChunks.add(chunk.id);
            }
            setAside = null;
        }
    }

    /** {@code true} while drops that a merge gave to this version wait to be sorted: its counters are too high meanwhile. */
    boolean isSorting(Version version) {
        return setAside != null && setAside.target == version;
    }

    private void dropChunks(DeadList list, Drops drops) {
        drops.releaseLog(list.bytes());
        for (DeadList.Chunk chunk : list.chunks()) {
            removedChunks.add(chunk.id);
        }
    }

    private void forget(Version version) {
        versions.remove(version.id);
        removedVersions.add(version.id);
        reapQueue.remove(version);
    }
}

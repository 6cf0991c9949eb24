package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CorruptSpaceException;
import io.blkspc.api.Geometry;
import io.blkspc.host.extent.ExtentRun;
import io.blkspc.host.extent.ExtentTree;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import org.agrona.collections.Long2LongHashMap;

/**
 * The logical state of a pool: the version tree, the epoch and the reaper's queue, and what each journal record does to
 * them. The same methods run when a record is published and when it is replayed, so a replay cannot come to another result.
 *
 * <p>Invariants: C1 a hidden version has several children, or the reaper or a dump knows it; C2 a head has no children; C3 births are at
 * most {@link #epoch}; C4 a version's freeze epoch is greater than its parent's. Guarded by the order lock.
 *
 * <p>What becomes of hidden versions is in {@link Reaping}. The algebra (birth epochs, deadlists, merging into an only child)
 * follows what ZFS does for snapshots.
 */
final class Catalogue {

    private final TreeMap<Long, Version> versions = new TreeMap<>();
    private final TreeMap<String, Version> names = new TreeMap<>();

    /** By the version they were cloned from: how many volumes with a name there are. */
    private final Long2LongHashMap clones = new Long2LongHashMap(0);

    private int snapshots;
    final Reaping reaping = new Reaping(this);
    final List<Long> removedVersions = new ArrayList<>();
    final List<Long> removedChunks = new ArrayList<>();

    long epoch = 1;
    private long nextVersionId = 1;
    private long nextChunkId = 1;
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

    /** How many of {@link #visible} are snapshots. */
    int snapshotCount() {
        return snapshots;
    }

    /** How many of {@link #visible} name this version as their origin. */
    long clonesOf(Version version) {
        return clones.get(version.id);
    }

    /** Counts what came to {@link #visible}, or left it: nobody looks at all versions to describe one of them. */
    private void count(Version version, int more) {
        snapshots += version.isHead() ? 0 : more;
        if (version.originId != 0) {
            long now = clones.get(version.originId) + more;
            if (now == 0) {
                clones.remove(version.originId);
            } else {
                clones.put(version.originId, now);
            }
        }
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
            count(version, 1);
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
            frozen.name = item.name().isEmpty() ? null : item.name();
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
            if (base.counts != null) {
                base.counts.addChild(head);
            }
        }
        if (base.counts == null && base.isBranchPoint() && base.children.size() > 1) {
            reaping.branchAppeared(base);
        }
    }

    /** Inserts a frozen version above {@code head}; what the head owned until now, the frozen version owns. */
    private Version freeze(Version head, long frozenId, java.util.UUID uuid, long createdMillis) {
        Version frozen = new Version(frozenId, uuid);
        frozen.freezeEpoch = epoch;
        frozen.sizeBytes = head.sizeBytes;
        frozen.createdMillis = createdMillis;
        takeOver(head, frozen);
        frozen.children.add(head);
        head.parent = frozen;
        return frozen;
    }

    /** {@code heir} takes the place of a head in the tree, with all it maps, owns and has dropped. */
    private void takeOver(Version head, Version heir) {
        heir.root = head.root;
        heir.mappedBlocks = head.mappedBlocks;
        heir.exclusiveBlocks = head.exclusiveBlocks;
        heir.ownedNodes = head.ownedNodes;
        heir.dead = head.dead;
        heir.parent = head.parent;
        heir.tag = head.tag;
        if (head.parent != null) {
            head.parent.children.remove(head);
            head.parent.children.add(heir);
            head.parent.dirty = true;
        }
        head.tailBlocks = 0; // it was given up, by records before this one
        head.exclusiveBlocks = 0;
        head.ownedNodes = 0;
        head.dead = new DeadList();
        head.dirty = true;
        reaping.tookOver(head, heir);
    }

    /** The snapshots of a volume, by name. */
    List<Version> snapshotsOf(String volume) {
        return List.copyOf(names.subMap(volume + "@", volume + (char) ('@' + 1)).values());
    }

    void rename(LogRecord.Rename record) {
        Version version = require(record.versionId());
        if (version.isHead()) {
            for (Version snapshot : snapshotsOf(version.name)) {
                rename(snapshot, record.name() + snapshot.name.substring(version.name.length()));
            }
        }
        rename(version, record.name());
    }

    private void rename(Version version, String name) {
        names.remove(version.name);
        version.name = name;
        version.dirty = true;
        names.put(name, version);
    }

    /**
     * The head goes on from the snapshot, as a new clone of it would. What it held until now is another version in its old
     * place, which is hidden when it has no name.
     */
    void rollback(LogRecord.Rollback record, long sequence) {
        Version head = require(record.headId());
        Version snapshot = require(record.snapshotId());
        Version kept = new Version(record.keptId(), record.keptUuid());
        kept.name = record.keptName().isEmpty() ? null : record.keptName();
        kept.sizeBytes = head.sizeBytes;
        kept.createdMillis = record.createdMillis();
        kept.originId = head.originId;
        takeOver(head, kept);
        head.root = snapshot.root;
        head.guaranteeBlocks = head.guaranteeFor(snapshot.sizeBlocks());
        head.sizeBytes = snapshot.sizeBytes;
        head.mappedBlocks = snapshot.mappedBlocks;
        head.parent = snapshot;
        snapshot.children.add(head);
        snapshot.dirty = true;
        add(kept);
        if (kept.name == null) {
            kept.destroySequence = sequence;
            reaping.destroyed(kept);
        }
    }

    void hold(LogRecord.Hold record) {
        Version version = require(record.versionId());
        boolean isNew = record.held() ? version.holds.add(record.tag()) : version.holds.remove(record.tag());
        if (!isNew || version.isHead()) {
            throw new CorruptSpaceException(
                    Code.NEEDS_CHECK, "journal record", 0, "hold of version=" + version.id + ", tag=" + record.tag());
        }
        version.dirty = true;
    }

    void resize(LogRecord.Resize record) {
        Version version = require(record.versionId());
        if (!version.isHead()
                || record.sizeBytes() <= 0
                || record.sizeBytes() > Geometry.MAX_VOLUME_BYTES
                || !Geometry.isBlockAligned(record.sizeBytes())) {
            throw new CorruptSpaceException(Code.NEEDS_CHECK, "journal record", 0, "resize to=" + record.sizeBytes());
        }
        // It grows only when its tail is given up, by records before this one.
        boolean shrinks = record.sizeBytes() < version.sizeBytes;
        version.tailBlocks = shrinks ? version.mappableBlocks() : 0;
        if (shrinks) {
            reaping.hasTail(version);
        }
        version.sizeBytes = record.sizeBytes();
        version.guaranteeBlocks = record.guaranteeBlocks();
        version.dirty = true;
    }

    void destroy(LogRecord.Destroy record, long sequence) {
        for (long id : record.versionIds()) {
            Version version = require(id);
            names.remove(version.name);
            count(version, -1);
            version.formerName = version.name;
            version.name = null;
            version.dirty = true;
            version.destroySequence = sequence;
            reaping.destroyed(version);
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
        long droppedBefore = drops.droppedBlocks();
        long keptBefore = drops.keptBlocks();
        version.root =
                tree.replace(version.root, start, count, physical, state, payload.birth(), version.ownedAfter(), drops);
        // An entry may only change the state of what maps to this very place already.
        long gained = state == ExtentsPayload.NONE ? 0 : count - (drops.keptBlocks() - keptBefore);
        version.mappedBlocks += gained - (drops.droppedBlocks() - droppedBefore);
        version.exclusiveBlocks += gained;
        version.dirty = true;
    }

    /** Looks up under the order lock, where a root is never out of date: a missing node is damage. */
    static void lookup(ExtentTree tree, Version version, long block, long maxBlocks, ExtentRun out) {
        if (!tree.lookupOwned(version.root, block, maxBlocks, version.ownedAfter(), out)) {
            throw new CorruptSpaceException(
                    Code.CORRUPT, "extent tree", -1, "node is missing, version=" + version.id + ", block=" + block);
        }
    }

    /** The first block from {@code block} on that is mapped, or {@code end}. Under the order lock; {@code run} is scratch. */
    static long firstMapped(ExtentTree tree, Version version, long block, long end, ExtentRun run) {
        long at = block;
        while (at < end) {
            lookup(tree, version, at, end - at, run);
            if (run.state() != ExtentRun.NONE) {
                return at;
            }
            at = run.endBlock();
        }
        return end;
    }

    /** After a replay: no record says when a tail was given up. One that is destroyed has not all its nodes any more. */
    void forgetEmptyTails(ExtentTree tree) {
        ExtentRun run = new ExtentRun();
        for (Version version : versions()) {
            if (version.tailBlocks > 0
                    && version.isVisible()
                    && firstMapped(tree, version, version.sizeBlocks(), version.tailBlocks, run)
                            == version.tailBlocks) {
                version.tailBlocks = 0;
                version.dirty = true;
            }
        }
    }

    /**
     * Blocks that only this head holds, and a hidden version above it owns: all other branches there have given them up. Looks
     * at those blocks only, but first counts what was not counted yet.
     */
    long solelyHeldBlocks(Version head) {
        Version parent = head.parent;
        if (parent == null || !parent.isBranchPoint() || parent.children.size() < 2) {
            return 0;
        }
        ArrayDeque<Sole> left = new ArrayDeque<>();
        reaping.count(parent, Long.MAX_VALUE);
        parent.counts.forEachSole(head, (start, end, birth) -> left.add(new Sole(parent, start, end, birth)));
        long blocks = 0;
        while (!left.isEmpty()) {
            Sole sole = left.removeLast();
            blocks += sole.birth > sole.above.ownedAfter() ? sole.end - sole.start : 0;
            furtherUp(sole, left);
        }
        return blocks;
    }

    /** Blocks that one branch holds alone, of those below {@code above}. */
    private record Sole(Version above, long start, long end, long birth) {}

    /** Of blocks that an older version owns: those that no version above shares. A list, as chains of clones are long. */
    private void furtherUp(Sole sole, ArrayDeque<Sole> left) {
        Version parent = sole.above.parent;
        if (sole.birth > sole.above.ownedAfter() || !parent.isBranchPoint() || parent.children.size() < 2) {
            return;
        }
        reaping.count(parent, Long.MAX_VALUE);
        parent.counts.forEachSole(
                sole.above, sole.start, sole.end, (a, b, _) -> left.add(new Sole(parent, a, b, sole.birth)));
    }

    /** A version is gone for good. */
    void forget(Version version) {
        versions.remove(version.id);
        removedVersions.add(version.id);
    }
}

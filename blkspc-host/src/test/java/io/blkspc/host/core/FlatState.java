package io.blkspc.host.core;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * The logical state of a pool in its simplest form: every version a flat map from block to pointer, every rule of SEMANTICS
 * B and C in one line. What the engine reaches with trees, deadlists and counters must be this, after every history and after
 * every recovery; a block is held exactly when some version here maps it.
 */
final class FlatState {

    /** Where one block of a version lies. */
    record Pointer(long physical, long birth, int state) {}

    /** One entry of an EXTENTS record. */
    record Entry(long start, long count, long physical, int state, boolean hasCrc, int crc) {}

    /** A record, parsed: a {@link LogRecord}, an {@link Extents}, or {@code null} for a mark. */
    record Extents(long versionId, long birth, List<Entry> entries) {}

    static final class Flat {
        final long id;
        final String name;
        final long parent;
        final long freezeEpoch;
        final long sizeBytes;
        final Map<Long, Pointer> map;

        Flat(long id, String name, long parent, long freezeEpoch, long sizeBytes, Map<Long, Pointer> map) {
            this.id = id;
            this.name = name;
            this.parent = parent;
            this.freezeEpoch = freezeEpoch;
            this.sizeBytes = sizeBytes;
            this.map = new HashMap<>(map);
        }

        Flat with(String newName, long newParent) {
            return new Flat(id, newName, newParent, freezeEpoch, sizeBytes, map);
        }
    }

    long epoch = 1;
    final TreeMap<Long, Flat> versions = new TreeMap<>();

    FlatState copy() {
        FlatState copy = new FlatState();
        copy.epoch = epoch;
        versions.forEach((id, v) -> copy.versions.put(id, v.with(v.name, v.parent)));
        return copy;
    }

    /** Blocks some version maps. */
    BitSet reach(boolean visibleOnly) {
        BitSet held = new BitSet();
        for (Flat v : versions.values()) {
            if (v.name != null || !visibleOnly) {
                v.map.values().forEach(pointer -> held.set((int) pointer.physical));
            }
        }
        return held;
    }

    /** Applies one record; of an EXTENTS record, the entries that are not in {@code dropped}. */
    void apply(Object fact, BitSet dropped) {
        switch (fact) {
            case null -> {}
            case Extents extents -> {
                for (int i = 0; i < extents.entries.size(); i++) {
                    if (!dropped.get(i)) {
                        replace(require(extents.versionId), extents.birth, extents.entries.get(i));
                    }
                }
            }
            case LogRecord.Create create ->
                versions.put(
                        create.versionId(),
                        new Flat(create.versionId(), create.name(), 0, 0, create.sizeBytes(), Map.of()));
            case LogRecord.Snapshot snapshot -> {
                snapshot.items().forEach(item -> freeze(item.headId(), item.frozenId(), item.name()));
                epoch++;
            }
            case LogRecord.Clone clone -> cloneHeads(clone);
            case LogRecord.Destroy destroy ->
                destroy.versionIds().forEach(id -> versions.put(id, require(id).with(null, require(id).parent)));
            case LogRecord.Rename rename -> rename(rename);
            case LogRecord.Rollback rollback -> rollback(rollback);
            case LogRecord.Resize resize -> {
                Flat v = require(resize.versionId());
                versions.put(v.id, new Flat(v.id, v.name, v.parent, v.freezeEpoch, resize.sizeBytes(), v.map));
            }
            case LogRecord.Hold hold -> require(hold.versionId()); // no block is touched
            case LogRecord.Reap reap -> reap(reap);
            default -> throw new IllegalArgumentException("a record this model must be taught: " + fact);
        }
    }

    private static void replace(Flat version, long birth, Entry entry) {
        if (entry.state == ExtentsPayload.NONE) {
            version.map.keySet().removeIf(block -> block >= entry.start && block < entry.start + entry.count);
            return;
        }
        for (long i = 0; i < entry.count; i++) {
            version.map.put(entry.start + i, new Pointer(entry.physical + i, birth, entry.state));
        }
    }

    private void freeze(long headId, long frozenId, String name) {
        Flat head = require(headId);
        String given = name == null || name.isEmpty() ? null : name; // of a dump
        versions.put(frozenId, new Flat(frozenId, given, head.parent, epoch, head.sizeBytes, head.map));
        versions.put(headId, head.with(head.name, frozenId));
    }

    private void cloneHeads(LogRecord.Clone clone) {
        Flat base = require(clone.sourceId());
        if (clone.hiddenId() != 0) {
            freeze(base.id, clone.hiddenId(), null);
            base = require(clone.hiddenId());
            epoch++;
        } else if (base.freezeEpoch == 0) {
            base = require(base.parent);
        }
        for (LogRecord.Target target : clone.targets()) {
            versions.put(
                    target.versionId(),
                    new Flat(target.versionId(), target.name(), base.id, 0, base.sizeBytes, base.map));
        }
    }

    private void rename(LogRecord.Rename rename) {
        String old = require(rename.versionId()).name;
        for (Flat v : List.copyOf(versions.values())) {
            if (v.id == rename.versionId() || (v.name != null && v.name.startsWith(old + "@"))) {
                versions.put(v.id, v.with(rename.name() + v.name.substring(old.length()), v.parent));
            }
        }
    }

    private void rollback(LogRecord.Rollback rollback) {
        Flat head = require(rollback.headId());
        Flat to = require(rollback.snapshotId());
        String kept = rollback.keptName().isEmpty() ? null : rollback.keptName();
        versions.put(rollback.keptId(), new Flat(rollback.keptId(), kept, head.parent, 0, head.sizeBytes, head.map));
        versions.put(head.id, new Flat(head.id, head.name, to.id, 0, to.sizeBytes, to.map));
    }

    private void reap(LogRecord.Reap reap) {
        Flat version = reap.step() == LogRecord.Reap.Step.SORT ? null : require(reap.versionId());
        if (version != null && version.name != null) {
            throw new AssertionError("a visible version is reaped: " + reap);
        }
        List<Flat> children = version == null
                ? List.of()
                : versions.values().stream().filter(v -> v.parent == version.id).toList();
        switch (reap.step()) {
            case WALK, SORT, GIVE_UP -> {}
            case DETACH -> {
                requireChildren(reap, children, 0);
                versions.put(version.id, version.with(null, 0));
            }
            case REMOVE -> {
                requireChildren(reap, children, 0);
                versions.remove(version.id);
            }
            case MERGE -> {
                requireChildren(reap, children, 1);
                Flat child = children.getFirst();
                versions.put(child.id, child.with(child.name, version.parent));
                versions.remove(version.id);
            }
        }
    }

    private static void requireChildren(LogRecord.Reap reap, List<Flat> children, int expected) {
        if (children.size() != expected) {
            throw new AssertionError("reaped with children=" + children.size() + ": " + reap);
        }
    }

    private Flat require(long id) {
        return Objects.requireNonNull(versions.get(id), () -> "no version " + id + " among " + versions.keySet());
    }

    long ownedAfter(Flat version) {
        return version.parent == 0 ? 0 : require(version.parent).freezeEpoch;
    }

    /** The first block at which a version of the engine is not as here, or {@code null}. */
    String difference(Version version, Map<Long, Pointer> found) {
        Flat expected = versions.get(version.id);
        long parent = version.parent == null ? 0 : version.parent.id;
        if (expected == null
                || !Objects.equals(expected.name, version.name)
                || expected.parent != parent
                || expected.freezeEpoch != version.freezeEpoch
                || expected.sizeBytes != version.sizeBytes) {
            return version + " is not in the model"
                    + (expected == null
                            ? ""
                            : " like this: parent=" + expected.parent + ", freezeEpoch=" + expected.freezeEpoch
                                    + ", name=" + expected.name);
        }
        if (version.isDetached() || version.isBranchPoint()) {
            return null; // its tree is not whole any more
        }
        long[] blocks = found.keySet().stream().mapToLong(b -> b).sorted().toArray();
        long[] wanted =
                expected.map.keySet().stream().mapToLong(b -> b).sorted().toArray();
        if (!Arrays.equals(blocks, wanted)) {
            int at = Arrays.mismatch(blocks, wanted);
            return version + " maps other blocks than the model, near block="
                    + (at < blocks.length ? blocks[at] : wanted[at]);
        }
        long ownedAfter = ownedAfter(expected);
        for (Map.Entry<Long, Pointer> entry : found.entrySet()) {
            Pointer is = entry.getValue();
            Pointer must = expected.map.get(entry.getKey());
            // Births may have been joined upwards where all was owned (A8): what counts is who owns.
            if (is.physical != must.physical
                    || is.state != must.state
                    || is.birth > ownedAfter != must.birth > ownedAfter) {
                return version + " block=" + entry.getKey() + " is " + is + ", in the model " + must + ", ownedAfter="
                        + ownedAfter;
            }
        }
        return null;
    }
}

package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One moment of an open pool, kept until {@link #close} so that it can be read at leisure. A snapshot of each volume, all of them
 * one record, holds what the heads were; the catalogue is copied while the order lock is still held, each head with the root of its
 * snapshot. Snapshots are kept from being destroyed, and a frozen version never changes: so its tree can be walked without a lock,
 * and its blocks keep their bytes. What a destroyed or hidden version holds is not in a dump.
 *
 * <p>The snapshots have names ({@code NAME@dump-...}), because a process that ends in the middle leaves them behind.
 */
final class DumpPoint implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(DumpPoint.class);

    /** Volumes may come, go or change their names between looking for them and freezing them. */
    private static final int MAX_TRIES = 10;

    private final Engine engine;
    private final Freezing freezing;
    private final String tag;
    private final List<Version> made = new ArrayList<>();
    private final List<Version> pinned = new ArrayList<>();
    private Catalogue catalogue;

    /** What a dump asks of the pool. */
    interface Freezing {
        /** Makes these snapshots, and runs something at that moment under the order lock. */
        void freeze(List<String> snapshots, Runnable look);

        /** Destroys a snapshot. */
        void destroy(String snapshot);
    }

    private DumpPoint(Engine engine, Freezing freezing, String tag) {
        this.engine = engine;
        this.freezing = freezing;
        this.tag = tag;
    }

    /**
     * Takes one.
     *
     * @param tag what the snapshots are called
     */
    static DumpPoint take(Engine engine, Freezing freezing, String tag) {
        DumpPoint point = new DumpPoint(engine, freezing, tag);
        boolean done = false;
        try {
            for (int i = 0; i < MAX_TRIES && !done; i++) {
                done = point.tryTake();
            }
            if (!done) {
                throw new BlockSpaceException(Code.BUSY, "volumes came and went all the time, tries=" + MAX_TRIES);
            }
            return point;
        } finally {
            if (!done) {
                point.close();
            }
        }
    }

    private boolean tryTake() {
        List<String> names = new ArrayList<>();
        engine.lock.lock();
        try {
            for (Version version : engine.catalogue.visible()) {
                if (version.isHead()) {
                    names.add(version.name + "@" + tag);
                }
            }
            if (names.isEmpty()) {
                look(names); // without volumes nothing moves
                return true;
            }
        } finally {
            engine.lock.unlock();
        }
        try {
            freezing.freeze(names, () -> look(names));
        } catch (BlockSpaceException e) {
            if (e.code() != Code.NOT_FOUND) {
                throw e;
            }
            return false; // one was destroyed or renamed meanwhile
        }
        if (catalogue == null) {
            destroySnapshots();
        }
        return catalogue != null;
    }

    /** At the moment of the freeze. Leaves {@link #catalogue} alone when a volume is there that was not frozen. */
    private void look(List<String> names) {
        Map<Long, Version> frozen = new HashMap<>(); // by the head
        for (String name : names) {
            Version snapshot = engine.catalogue.require(name);
            snapshot.isOfDump = true;
            made.add(snapshot);
            frozen.put(engine.catalogue.require(Names.volumeOf(name)).id, snapshot);
        }
        for (Version version : engine.catalogue.visible()) {
            if (version.isHead() && !frozen.containsKey(version.id)) {
                return;
            }
        }
        catalogue = copy(frozen);
        for (Version version : engine.catalogue.visible()) {
            if (!version.isHead() && (!version.isOfDump || made.contains(version))) {
                version.dumps++;
                pinned.add(version);
            }
        }
    }

    /** The catalogue as it was before the snapshots. */
    private Catalogue copy(Map<Long, Version> frozen) {
        Map<Long, Version> copies = new HashMap<>();
        Set<Version> snapshots = new HashSet<>(frozen.values());
        for (Version version : engine.catalogue.versions()) {
            if (!snapshots.contains(version) && !version.isDetached()) {
                copies.put(version.id, copy(version, frozen.get(version.id)));
            }
        }
        Catalogue copied = new Catalogue();
        copied.epoch = engine.catalogue.epoch;
        for (Version version : engine.catalogue.versions()) {
            Version copy = copies.get(version.id);
            if (copy == null) {
                continue;
            }
            Version snapshot = frozen.get(version.id);
            Version parent = snapshot == null ? version.parent : snapshot.parent;
            if (parent != null) {
                copy.parent = copies.get(parent.id);
                copy.parent.children.add(copy);
            }
            copied.add(copy);
        }
        copied.restoreIds(engine.catalogue.nextVersionId(), 1, 1);
        return copied;
    }

    private static Version copy(Version version, Version snapshot) {
        Version copy = new Version(version.id, version.uuid);
        copy.name = version.isOfDump ? null : version.name; // of another dump, which lets it go while this one goes on
        copy.freezeEpoch = version.freezeEpoch;
        copy.sizeBytes = version.sizeBytes;
        if (copy.name != null) {
            copy.holds.addAll(version.holds);
        }
        copy.createdMillis = version.createdMillis;
        copy.originId = version.originId;
        copy.guaranteeBlocks = version.guaranteeBlocks;
        copy.limitBlocks = version.limitBlocks;
        copy.root = snapshot == null ? version.root : snapshot.root;
        return copy;
    }

    /** What is to be dumped. */
    Salvage salvage() {
        PoolGeometry geometry = engine.checkpointer.ofSuperblock(PoolGeometry::of);
        long features = engine.checkpointer.ofSuperblock(superblock -> superblock.incompatFeatures());
        return new Salvage(geometry, features, catalogue, engine.tree, null, engine.data, List.of());
    }

    /** Lets the moment go. */
    @Override
    public void close() {
        engine.lock.lock();
        try {
            pinned.forEach(version -> version.dumps--);
            pinned.clear();
        } finally {
            engine.lock.unlock();
        }
        destroySnapshots();
    }

    /** Singly: somebody may hold one by now. */
    private void destroySnapshots() {
        for (Version snapshot : made) {
            try {
                if (snapshot.isVisible()) {
                    freezing.destroy(snapshot.name);
                }
            } catch (BlockSpaceException e) {
                log.warn("snapshot of a dump stays: name={}, cause={}", snapshot.name, e.getMessage());
                snapshot.isOfDump = false; // somebody keeps it: it is a snapshot like any other
            }
        }
        made.clear();
    }
}

package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * One moment of an open pool, kept until {@link #close} so that it can be read at leisure. Every volume that is not what a snapshot
 * of it is gets a frozen version without a name; the catalogue is copied while the order lock is still held, each head with the root
 * that was frozen. Frozen versions never change, and none is destroyed or merged while a dump has it: so their trees can be walked
 * without a lock, and their blocks keep their bytes. What a destroyed or hidden version holds is not in a dump.
 *
 * <p>That a dump has them is known in memory only. To whoever opens the pool next, or when the dump ends, they are hidden versions
 * with one child, which the reaper merges: nothing is left of a dump that was killed.
 */
@SuppressWarnings("checkstyle:IllegalCatch") // what stays pinned ends all writing (D18)
final class DumpPoint implements AutoCloseable, VersionOps.Moment {

    /** Volumes may come or get their first writer between looking for those and freezing. */
    private static final int MAX_TRIES = 10;

    /** From here on writers are kept out of volumes that have none yet. */
    private static final int TRIES_WITHOUT_IDLE = 3;

    private final Engine engine;
    private final List<Version> pinned = new ArrayList<>();
    private List<Version> freezing = List.of();
    private Catalogue catalogue;
    private int tries;

    private DumpPoint(Engine engine) {
        this.engine = engine;
    }

    /**
     * Takes one.
     *
     * @param freezes as {@link VersionOps#freezeAll}
     */
    static DumpPoint take(Engine engine, Predicate<VersionOps.Moment> freezes) {
        DumpPoint point = new DumpPoint(engine);
        while (!point.tryTake(freezes)) {
            if (point.tries == MAX_TRIES) {
                throw new BlockSpaceException(Code.BUSY, "volumes came and went all the time, tries=" + MAX_TRIES);
            }
        }
        return point;
    }

    private boolean tryTake(Predicate<VersionOps.Moment> freezes) {
        tries++;
        boolean isTaken = false;
        try {
            isTaken = freezes.test(this);
        } catch (BlockSpaceException e) {
            if (e.code() != Code.NOT_FOUND) {
                throw e;
            }
            // one was destroyed or renamed meanwhile
        } finally {
            if (!isTaken) {
                close();
            }
        }
        return isTaken;
    }

    @Override
    public Set<String> withWriters() {
        Set<String> names = new HashSet<>();
        for (Version version : engine.catalogue.visible()) {
            boolean mayWrite = version.head != null || version.quota != null || version.tailBlocks > 0;
            if (version.isHead() && (mayWrite || tries > TRIES_WITHOUT_IDLE)) {
                names.add(version.name);
            }
        }
        return names;
    }

    @Override
    public List<Version> toFreeze(Predicate<Version> isQuiet) {
        freezing = new ArrayList<>();
        for (Version version : engine.catalogue.visible()) {
            if (version.isHead() && !isAsItsSnapshot(version)) {
                if (!isQuiet.test(version)) {
                    return null;
                }
                freezing.add(version);
            }
        }
        return freezing;
    }

    /** Then the snapshot says what it maps, and stays. */
    private static boolean isAsItsSnapshot(Version head) {
        return head.parent != null && head.parent.isVisible() && VersionOps.isAsItsParent(head);
    }

    @Override
    public void keep(List<Version> frozen) {
        frozen.forEach(this::pin);
    }

    @Override
    public void look(List<Version> frozen) {
        Map<Long, Version> byHead = new HashMap<>();
        for (int i = 0; i < frozen.size(); i++) {
            byHead.put(freezing.get(i).id, frozen.get(i));
        }
        catalogue = copy(byHead);
        for (Version version : engine.catalogue.visible()) {
            if (!version.isHead()) {
                pin(version);
            }
        }
    }

    private void pin(Version version) {
        pinned.add(version);
        version.dumps++; // last: only what is pinned is let go again
    }

    /** The catalogue as it was before the freeze. */
    private Catalogue copy(Map<Long, Version> frozen) {
        Map<Long, Version> copies = new HashMap<>();
        Set<Version> added = new HashSet<>(frozen.values());
        for (Version version : engine.catalogue.versions()) {
            if (!added.contains(version) && !version.isDetached()) {
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
            Version own = frozen.get(version.id);
            Version parent = own == null ? version.parent : own.parent;
            if (parent != null) {
                copy.parent = copies.get(parent.id);
                copy.parent.children.add(copy);
            }
            copied.add(copy);
        }
        copied.restoreIds(engine.catalogue.nextVersionId(), 1, 1);
        return copied;
    }

    private static Version copy(Version version, Version frozen) {
        Version copy = new Version(version.id, version.uuid);
        copy.name = version.name;
        copy.freezeEpoch = version.freezeEpoch;
        copy.sizeBytes = version.sizeBytes;
        copy.holds.addAll(version.holds);
        copy.createdMillis = version.createdMillis;
        copy.originId = version.originId;
        copy.guaranteeBlocks = version.guaranteeBlocks;
        copy.limitBlocks = version.limitBlocks;
        copy.root = frozen == null ? version.root : frozen.root;
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
            unpin();
        } catch (RuntimeException | Error e) {
            engine.fail(e); // what is still pinned could never be destroyed (D18)
            throw e;
        } finally {
            engine.lock.unlock();
        }
        engine.wakeBackground.run();
    }

    private void unpin() {
        while (!pinned.isEmpty()) {
            Version version = pinned.getLast();
            version.dumps--;
            if (version.dumps == 0 && !version.isVisible()) {
                engine.catalogue.reaping.released(version);
            }
            pinned.removeLast();
        }
    }
}

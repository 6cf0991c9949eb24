package io.blkspc.host.core;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.Geometry;
import io.blkspc.host.alloc.FreeSpace;
import io.blkspc.host.extent.ExtentTree;
import io.blkspc.host.extent.ExtentVisitor;
import io.blkspc.host.journal.Superblock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * All that can be read of a pool, for a copy or a dump of it. Made by {@link PoolOpening#salvage} and {@link DumpPoint}; nothing of
 * the pool is written. For a copy it holds all extents in memory; a dump reads them from the trees. Leaves its devices open: whoever
 * opened them closes them. One thread.
 *
 * <p>Versions on their way out are left out, and hidden ones with a single child: the child then grew from the version above,
 * and owns what the hidden one owned. Deadlists and counters are worked out anew from what is mapped.
 */
public final class Salvage {

    /** What is wrong with an extent that is not {@link #isPossible}. */
    static final String IMPOSSIBLE = "extent is impossible";

    private final PoolGeometry geometry;
    private final long incompatFeatures;
    private final FreeSpace reused;
    private final BlockDevice data;
    private final List<Loss> losses;
    private final Catalogue catalogue;
    private final ExtentTree tree;
    private final List<SalvagedVersion> versions = new ArrayList<>();
    private boolean isCleanStop;

    Salvage(
            PoolGeometry geometry,
            long incompatFeatures,
            Catalogue catalogue,
            ExtentTree tree,
            FreeSpace reused,
            BlockDevice data,
            List<Loss> losses) {
        this.geometry = geometry;
        this.incompatFeatures = incompatFeatures & ~Superblock.INCOMPAT_GROWN_SEGMENTS; // the copy's area is new
        this.catalogue = catalogue;
        this.tree = tree;
        this.reused = reused;
        this.data = data;
        this.losses = losses;
        choose();
    }

    /** Reads the extents of every version with a name into memory. */
    Salvage withExtents() {
        versions.stream().filter(each -> each.version.isVisible()).forEach(this::read);
        return this;
    }

    /**
     * All that cannot be read, as far as extents were read: what has no volume, then each range of each version with a name. Not all
     * of it is lost in a copy, which takes what versions share from where it can be read.
     */
    public List<Loss> unreadable() {
        List<Loss> found = new ArrayList<>(losses);
        for (SalvagedVersion each : versions) {
            if (each.version.isVisible()) {
                for (SalvagedVersion.Gap gap : each.gaps) {
                    found.add(new Loss(
                            each.version.name,
                            Geometry.toBytes(gap.start()),
                            Geometry.toBytes(gap.count()),
                            gap.reason()));
                }
            }
        }
        return found;
    }

    /** {@code true} when the pool had been stopped cleanly. */
    public boolean isCleanStop() {
        return isCleanStop;
    }

    Salvage ofCleanStop(boolean isClean) {
        isCleanStop = isClean;
        return this;
    }

    /** Sizes of a pool that everything fits into. */
    public PoolGeometry geometry() {
        return geometry;
    }

    /** Features of what may be copied: a version that does not know them must not open the copy either. */
    long incompatFeatures() {
        return incompatFeatures;
    }

    FreeSpace reused() {
        return reused;
    }

    BlockDevice data() {
        return data;
    }

    Catalogue catalogue() {
        return catalogue;
    }

    ExtentTree tree() {
        return tree;
    }

    /** Parents before their children. */
    List<SalvagedVersion> versions() {
        return versions;
    }

    /** What is lost so far, apart from ranges of versions. */
    List<Loss> losses() {
        return losses;
    }

    /** Those frozen last first, and heads before them: a child comes before its parent. */
    private void choose() {
        List<Version> order = new ArrayList<>(catalogue.versions());
        order.sort(
                Comparator.comparingLong((Version version) -> version.isHead() ? Long.MAX_VALUE : version.freezeEpoch)
                        .reversed());
        Map<Long, List<SalvagedVersion>> grown = new HashMap<>();
        for (Version version : order) {
            List<SalvagedVersion> below = grown.getOrDefault(version.id, List.of());
            List<SalvagedVersion> kept = below;
            if (version.isVisible() || below.size() > 1) {
                SalvagedVersion self = new SalvagedVersion(version);
                self.children.addAll(below);
                below.forEach(child -> child.parent = self);
                versions.add(self);
                kept = List.of(self);
            }
            if (version.parent != null) {
                grown.computeIfAbsent(version.parent.id, any -> new ArrayList<>())
                        .addAll(kept);
            }
        }
        java.util.Collections.reverse(versions);
    }

    private void read(SalvagedVersion into) {
        Version version = into.version;
        long size = version.sizeBlocks();
        tree.forEachReadable(
                version.root,
                0,
                size,
                new ExtentVisitor() {
                    @Override
                    public boolean enterNode(long nodeId, long birth, int level, long firstBlock) {
                        return true;
                    }

                    @Override
                    public void extent(long start, long count, long physical, long birth, int state) {
                        if (isPossible(physical, count, birth)) {
                            into.extents.add(start, count, physical, birth, state);
                        } else {
                            into.gaps.add(new SalvagedVersion.Gap(start, count, birth, IMPOSSIBLE));
                        }
                    }
                },
                (start, count, birth, problem) -> into.gaps.add(
                        new SalvagedVersion.Gap(start, Math.min(count, size - start), birth, problem.getMessage())));
    }

    /** {@code false}: no pool of this size and age can map that. */
    boolean isPossible(long physical, long count, long birth) {
        return physical + count <= geometry.dataBlocks() && birth <= catalogue.epoch;
    }
}

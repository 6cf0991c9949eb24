package io.blkspc.host.core;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.CorruptSpaceException;
import io.blkspc.host.alloc.FreeSpace;
import io.blkspc.host.extent.ExtentTree;
import io.blkspc.host.extent.ExtentVisitor;
import io.blkspc.host.extent.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * The metadata of a pool as recovery would find it, loaded without writing anything: for tools that examine a pool. Holds
 * every node in memory, or reads them when they are needed. Made by {@link PoolOpening#inspect}; one thread.
 */
public final class Inspection {

    private final Catalogue catalogue;
    private final ExtentTree tree;
    private final FreeSpace freeMap;
    private final long dataBlocks;
    private final long nodeObjects;
    private final boolean clean;
    private final List<CorruptSpaceException> damage;
    private final Accounts accounts; // null when the pool is not open
    private final Supplier<BlockDevice> medium;
    private final InspectionLimit limit;

    /**
     * One version.
     *
     * @param id identity in the pool
     * @param name full name, or {@code null} when hidden
     * @param parentId version it grew from, 0 = none
     * @param freezeEpoch epoch at which it was frozen, 0 = head
     * @param ownedAfter pointers born later are its own
     * @param sizeBlocks size of its address space, with what it may still map beyond it
     * @param mappedBlocks its counter of mapped blocks
     * @param exclusiveBlocks its counter of own blocks
     * @param ownedNodes its counter of own nodes
     * @param children versions that grew from it
     * @param reapCursor first logical block the reaper has not passed, -1 when it is not being reaped
     */
    public record VersionFacts(
            long id,
            String name,
            long parentId,
            long freezeEpoch,
            long ownedAfter,
            long sizeBlocks,
            long mappedBlocks,
            long exclusiveBlocks,
            long ownedNodes,
            int children,
            long reapCursor) {}

    /** Receives deadlist entries. */
    public interface DeadVisitor {
        /** Blocks an older version still holds. */
        void blocks(long physicalBlock, long blockCount, long birth);

        /** A node an older version still holds. */
        void node(long nodeId, long birth);
    }

    @SuppressWarnings("checkstyle:ParameterNumber") // made in one place
    Inspection(
            Catalogue catalogue,
            ExtentTree tree,
            FreeSpace freeMap,
            long dataBlocks,
            long nodeObjects,
            boolean clean,
            List<CorruptSpaceException> damage,
            Accounts accounts,
            Supplier<BlockDevice> medium,
            InspectionLimit limit) {
        this.limit = limit;
        this.damage = damage;
        this.accounts = accounts;
        this.medium = medium;
        this.catalogue = catalogue;
        this.tree = tree;
        this.freeMap = freeMap;
        this.dataBlocks = dataBlocks;
        this.nodeObjects = nodeObjects;
        this.clean = clean;
    }

    /** The data as it lies on the medium; the caller closes it. */
    public BlockReader openData() {
        return new BlockReader(medium.get());
    }

    /** What was found damaged while loading; everything else is the state before that damage. */
    public List<CorruptSpaceException> damage() {
        return List.copyOf(damage);
    }

    /** {@code true} when the pool was stopped cleanly: the free map of the stop is there to compare with. */
    public boolean isClean() {
        return clean;
    }

    /** {@code true} when the pool runs: what it counts as in use at this moment is there to compare with. */
    public boolean isLive() {
        return accounts != null;
    }

    /** Data blocks the running pool counts as in use, without those staged for a commit; only when {@link #isLive}. */
    public long usedBlocks() {
        return accounts.usedBlocks();
    }

    /** Node slots the running pool counts as in use; only when {@link #isLive}. */
    public long usedNodes() {
        return accounts.usedNodes();
    }

    /** Epoch of the next freeze: no birth is later. */
    public long epoch() {
        return catalogue.epoch;
    }

    /** Capacity in blocks. */
    public long dataBlocks() {
        return dataBlocks;
    }

    /** Node images in the checkpoint; meaningful after a clean stop. */
    public long nodeObjects() {
        return nodeObjects;
    }

    /** Every version, hidden ones too, by id. */
    public List<VersionFacts> versions() {
        List<VersionFacts> facts = new ArrayList<>();
        for (Version version : catalogue.versions()) {
            facts.add(new VersionFacts(
                    version.id,
                    version.name,
                    version.parent == null ? 0 : version.parent.id,
                    version.freezeEpoch,
                    version.ownedAfter(),
                    version.mappableBlocks(),
                    version.mappedBlocks,
                    version.exclusiveBlocks,
                    version.ownedNodes,
                    version.children.size(),
                    version.reapCursor));
        }
        return facts;
    }

    /**
     * Visits the tree of a version; of a half-reaped one, only what is left of its own.
     * The tree of a hidden version with children may be incomplete, and nobody reads it: this does not either.
     */
    public void walk(long versionId, ExtentVisitor visitor) {
        Version version = catalogue.require(versionId);
        long from = Math.max(0, version.reapCursor);
        if (version.isDetached() && from < Node.SPACE_BLOCKS) {
            tree.forEach(version.root, from, Node.SPACE_BLOCKS, ownOnly(version.ownedAfter(), limited(visitor)));
        } else if (!version.isDetached() && !version.isBranchPoint()) {
            tree.forEach(version.root, 0, Node.SPACE_BLOCKS, limited(visitor));
        }
    }

    private ExtentVisitor limited(ExtentVisitor visitor) {
        return new ExtentVisitor() {
            @Override
            public boolean enterNode(long nodeId, long birth, int level, long firstBlock) {
                limit.entry();
                return visitor.enterNode(nodeId, birth, level, firstBlock);
            }

            @Override
            public void extent(long start, long count, long physical, long birth, int state) {
                limit.entry();
                visitor.extent(start, count, physical, birth, state);
            }
        };
    }

    private static ExtentVisitor ownOnly(long ownedAfter, ExtentVisitor visitor) {
        return new ExtentVisitor() {
            @Override
            public boolean enterNode(long nodeId, long birth, int level, long firstBlock) {
                return birth > ownedAfter && visitor.enterNode(nodeId, birth, level, firstBlock);
            }

            @Override
            public void extent(long start, long count, long physical, long birth, int state) {
                if (birth > ownedAfter) {
                    visitor.extent(start, count, physical, birth, state);
                }
            }
        };
    }

    /** Blocks that nothing would hold without these versions. */
    long freedBy(List<String> names) {
        return FreedSpace.blocks(catalogue, tree, dataBlocks, names, limit);
    }

    /** Visits what all children of a hidden version had given up, and it did then. */
    public void gone(long versionId, DeadVisitor visitor) {
        DeadList list = catalogue.require(versionId).gone;
        list.forEach(0, list.entryCount(), limited(visitor));
    }

    /** Visits the deadlist of a version. */
    public void dead(long versionId, DeadVisitor visitor) {
        DeadList list = catalogue.require(versionId).dead;
        list.forEach(0, list.entryCount(), limited(visitor));
    }

    /** Version that the entries a merge set aside belong to, or 0 when there are none. */
    public long setAsideTarget() {
        return catalogue.reaping.setAside == null ? 0 : catalogue.reaping.setAside.target.id;
    }

    /** Entries set aside with a later birth are free as soon as they are sorted. */
    public long setAsideThreshold() {
        return catalogue.reaping.setAside == null ? 0 : catalogue.reaping.setAside.threshold;
    }

    /** Visits what a merge set aside and is not sorted yet. */
    public void setAside(DeadVisitor visitor) {
        Reaping.SetAside aside = catalogue.reaping.setAside;
        if (aside != null) {
            aside.forEach(aside.cursor, aside.list.entryCount(), (start, end, birth) -> {
                if (start < DropCounts.NODE_KEY) {
                    visitor.blocks(start, end - start, birth);
                } else {
                    for (long key = start; key < end; key++) {
                        visitor.node(key - DropCounts.NODE_KEY, birth);
                    }
                }
            });
        }
    }

    private DeadList.Visitor limited(DeadVisitor visitor) {
        return new DeadList.Visitor() {
            @Override
            public void blocks(long physical, long count, long birth) {
                limit.entry();
                visitor.blocks(physical, count, birth);
            }

            @Override
            public void node(long nodeId, long birth) {
                limit.entry();
                visitor.node(nodeId, birth);
            }
        };
    }

    /** Whether the free map of the last clean stop says the block is in use; only when {@link #isClean}. */
    public boolean isMarkedUsed(long block) {
        return freeMap.isUsed(block);
    }
}

package io.blkspc.host.core;

import io.blkspc.host.alloc.FreeSpace;
import io.blkspc.host.extent.ExtentTree;
import io.blkspc.host.extent.ExtentVisitor;
import io.blkspc.host.extent.Node;
import java.util.List;
import org.agrona.collections.LongHashSet;

/**
 * Works out after a replay which blocks and nodes something still holds: free space is the complement (SEMANTICS R3). Shared
 * subtrees are visited once. A half-reaped version holds only what it owns and its cursor has not passed; a branch point what
 * all its children have given up and it has not; entries a merge set aside are held until they are sorted.
 */
final class Reachable implements ExtentVisitor {

    private final Catalogue catalogue;
    private final ExtentTree tree;
    private final FreeSpace freeSpace;
    private final LongHashSet nodes = new LongHashSet();
    /** Older pointers of the version being visited are not its own, and may lead nowhere any more. */
    private long ownedAfter;

    Reachable(Catalogue catalogue, ExtentTree tree, FreeSpace freeSpace) {
        this.catalogue = catalogue;
        this.tree = tree;
        this.freeSpace = freeSpace;
    }

    /** Marks every held block as used and returns the number of held nodes. */
    long mark() {
        List<Version> versions = List.copyOf(catalogue.versions());
        for (Version version : versions) {
            if (version.isDetached()) {
                ownedAfter = version.ownedAfter();
                if (version.reapCursor < Node.SPACE_BLOCKS) {
                    tree.forEach(version.root, version.reapCursor, Node.SPACE_BLOCKS, this);
                }
                ownedAfter = 0;
            } else if (!version.isBranchPoint()) {
                tree.forEach(version.root, 0, Node.SPACE_BLOCKS, this);
            }
        }
        // Lists name single nodes, not what is below them, and a tree is not walked again below a node that is known:
        // so they come after the trees.
        for (Version version : versions) {
            if (version.isBranchPoint()) {
                notGivenUpYet(version);
            }
        }
        Reaping.SetAside aside = catalogue.reaping.setAside;
        if (aside != null) {
            aside.forEach(aside.cursor, aside.list.entryCount(), this::hold);
        }
        return nodes.size();
    }

    /** What a branch point holds and none of its children: the rest is found in the children. */
    private void notGivenUpYet(Version version) {
        if (version.children.size() > 1) {
            catalogue.reaping.count(version, Long.MAX_VALUE);
            version.counts.forEachComplete(this::hold);
        } else {
            DropCounts counts = new DropCounts(version);
            counts.count(Long.MAX_VALUE);
            counts.forEachComplete(this::hold);
        }
    }

    private void hold(long start, long end, long birth) {
        if (start < DropCounts.NODE_KEY) {
            freeSpace.markHeld(start, end - start);
        } else {
            for (long key = start; key < end; key++) {
                nodes.add(key - DropCounts.NODE_KEY);
            }
        }
    }

    @Override
    public boolean enterNode(long nodeId, long birth, int level, long firstBlock) {
        return birth > ownedAfter && nodes.add(nodeId);
    }

    @Override
    public void extent(long startBlock, long blockCount, long physicalBlock, long birth, int state) {
        if (birth > ownedAfter) {
            freeSpace.markHeld(physicalBlock, blockCount);
        }
    }
}

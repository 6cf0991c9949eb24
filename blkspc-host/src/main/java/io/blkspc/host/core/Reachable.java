package io.blkspc.host.core;

import io.blkspc.host.alloc.FreeSpace;
import io.blkspc.host.extent.ExtentTree;
import io.blkspc.host.extent.ExtentVisitor;
import io.blkspc.host.extent.Node;
import org.agrona.collections.LongHashSet;

/**
 * Works out after a replay which blocks and nodes something still holds: free space is the complement (SEMANTICS R3). Shared
 * subtrees are visited once. A half-reaped version holds only what its cursor has not passed; entries a merge set aside are
 * held until they are sorted.
 */
final class Reachable implements ExtentVisitor {

    private final Catalogue catalogue;
    private final ExtentTree tree;
    private final FreeSpace freeSpace;
    private final LongHashSet nodes = new LongHashSet();

    Reachable(Catalogue catalogue, ExtentTree tree, FreeSpace freeSpace) {
        this.catalogue = catalogue;
        this.tree = tree;
        this.freeSpace = freeSpace;
    }

    /** Marks every held block as used and returns the number of held nodes. */
    long mark() {
        // Half-reaped versions last: what they share with others was entered from the start by then, and a node that is
        // entered once is not entered again from a later block.
        for (Version version : catalogue.versions()) {
            if (version.reapCursor == Version.NOT_REAPING) {
                tree.forEach(version.root, 0, Node.SPACE_BLOCKS, this);
            }
        }
        for (Version version : catalogue.versions()) {
            if (version.reapCursor >= 0 && version.reapCursor < Node.SPACE_BLOCKS) {
                tree.forEach(version.root, version.reapCursor, Node.SPACE_BLOCKS, this);
            }
        }
        Catalogue.SetAside aside = catalogue.setAside;
        if (aside != null) {
            aside.list.forEach(aside.cursor, aside.list.entryCount(), new DeadList.Visitor() {
                @Override
                public void blocks(long physical, long count, long birth) {
                    freeSpace.markHeld(physical, count);
                }

                @Override
                public void node(long nodeId, long birth) {
                    nodes.add(nodeId);
                }
            });
        }
        return nodes.size();
    }

    @Override
    public boolean enterNode(long nodeId, long birth, int level, long firstBlock) {
        return nodes.add(nodeId);
    }

    @Override
    public void extent(long startBlock, long blockCount, long physicalBlock, long birth, int state) {
        freeSpace.markHeld(physicalBlock, blockCount);
    }
}

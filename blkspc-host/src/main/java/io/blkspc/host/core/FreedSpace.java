package io.blkspc.host.core;

import io.blkspc.host.alloc.FreeSpace;
import io.blkspc.host.extent.ExtentTree;
import io.blkspc.host.extent.ExtentVisitor;
import io.blkspc.host.extent.Node;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.agrona.collections.LongHashSet;

/**
 * How much less space would be in use without some versions, once the reaper has caught up: the blocks they map and no other
 * visible version does. Walks the trees of all of them, every shared node once.
 */
final class FreedSpace implements ExtentVisitor {

    private final LongHashSet nodes = new LongHashSet();
    private final FreeSpace free;

    private final InspectionLimit limit;

    private FreedSpace(long dataBlocks, InspectionLimit limit) {
        this.limit = limit;
        free = new FreeSpace(dataBlocks);
    }

    /** Blocks; {@code NOT_FOUND} when a name is not there. */
    static long blocks(
            Catalogue catalogue, ExtentTree tree, long dataBlocks, List<String> names, InspectionLimit limit) {
        names.forEach(catalogue::require);
        Set<String> without = new HashSet<>(names);
        FreedSpace space = new FreedSpace(dataBlocks, limit);
        catalogue.visible().stream()
                .filter(version -> !without.contains(version.name))
                .forEach(version -> tree.forEach(version.root, 0, Node.SPACE_BLOCKS, space));
        long freeWithout = space.free.freeBlocks();
        without.forEach(name -> tree.forEach(catalogue.require(name).root, 0, Node.SPACE_BLOCKS, space));
        return freeWithout - space.free.freeBlocks();
    }

    @Override
    public boolean enterNode(long nodeId, long birth, int level, long firstBlock) {
        limit.step();
        return nodes.add(nodeId);
    }

    @Override
    public void extent(long startBlock, long blockCount, long physicalBlock, long birth, int state) {
        free.markHeld(physicalBlock, blockCount);
    }
}

package io.blkspc.host.extent;

import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CorruptSpaceException;

/**
 * The tree of extents of every version: looks up, changes, reaps and walks what a {@link Root} points to. Holds no state of
 * any version; a version is its root.
 *
 * <p><b>Ownership.</b> A pointer is owned by the head if and only if its birth is after the last freeze of the head's lineage
 * ({@code ownedAfter}). Nodes under a pointer that is not owned are never changed: a change copies them under new ids (COW).
 * Owned nodes are replaced under the same id. As long as {@code ownedAfter} is a freeze point of the lineage, everything below a
 * pointer that is not owned is not owned either.
 *
 * <p><b>Readers need no lock and never see a torn tree</b>, for these reasons together:
 * <ol>
 *   <li>A node is immutable; an id always names nodes of one span of one tree, and ids are never used again.
 *   <li>An answer is read from one node image: a leaf, or the inner node with the direct extent or the hole.
 *   <li>A change publishes a new node before the node (or root) that points to it, and takes away a node only after the
 *       pointer to it. So a reader that comes by an old pointer finds the old child, or the child's newest image, whose span and
 *       owner are the same, or nothing. It never finds a child that is not complete.
 *   <li>When it finds nothing, the pointer was old: {@link #lookup} returns {@code false}, the caller begins again.
 * </ol>
 * So each single answer is the state before or after a change that ran at the same time; two answers may see two states.
 *
 * <p>Threads: {@link #lookup} and {@link #forEach} from any thread (the second only on a version that does not change
 * meanwhile); {@link #replace} and {@link #reap} under the order lock.
 */
public final class ExtentTree {

    private final NodeCache cache;
    private final TreeEdit edit;
    private final TreeWalk walk;

    /** A tree over the nodes of a pool. */
    public ExtentTree(NodeCache cache, NodeIds ids) {
        this.cache = cache;
        this.edit = new TreeEdit(cache, ids);
        this.walk = new TreeWalk(cache);
    }

    /**
     * What {@code block} maps to, and for how many blocks. A run of data ends at the latest at the end of the 1 MiB span
     * that holds it; pointers of different births are joined when their data is contiguous. Never allocates when the nodes
     * are in memory; reads at most 4 nodes.
     *
     * @param block 0 to 2^32 - 1
     * @param maxBlocks 1 or more
     * @return {@code false} when a node on the way was taken away meanwhile: read the root, which may be the same, again and
     *     repeat. Under the order lock it means that the tree is damaged
     */
    public boolean lookup(Root root, long block, long maxBlocks, ExtentRun out) {
        return ExtentLookup.lookup(cache, root, block, maxBlocks, Long.MAX_VALUE, out);
    }

    /** As {@link #lookup}, but a run holds either only pointers that are owned, or only others. */
    public boolean lookupOwned(Root root, long block, long maxBlocks, long ownedAfter, ExtentRun out) {
        return ExtentLookup.lookup(cache, root, block, maxBlocks, ownedAfter, out);
    }

    /**
     * Replaces what a range maps to. On an exception nothing was published and the old root is still whole, though the sink
     * may have been called.
     *
     * <p>A block that already maps to the very physical block it shall map to is not dropped: its pointer gets the new state
     * and birth. That is legal only when the old pointer is owned.
     *
     * @param startBlock first block
     * @param blockCount 1 or more; the range ends at or before 2^32
     * @param physicalBlock where the first block lies, the others follow; ignored for {@link ExtentRun#NONE}
     * @param state {@link ExtentRun#NONE} to punch a hole, {@link ExtentRun#UNWRITTEN}, or {@link ExtentRun#WRITTEN}
     * @param birth the current epoch, for new pointers and new nodes
     * @param ownedAfter a pointer is owned if and only if its birth is greater
     * @return the root to publish; the same object when the root pointer did not change
     * @throws CorruptSpaceException {@code CORRUPT} when a node is missing or damaged
     */
    @SuppressWarnings("checkstyle:parameternumber") // one mapping and its two epochs; a record would be made per commit
    public Root replace(
            Root root,
            long startBlock,
            long blockCount,
            long physicalBlock,
            int state,
            long birth,
            long ownedAfter,
            DropSink sink) {
        checkRange(startBlock, blockCount);
        edit.map(startBlock, blockCount, physicalBlock, state);
        return edit.run(root, birth, ownedAfter, sink);
    }

    /** The most nodes {@link #replace} can make for a range, whatever is there. */
    public int worstCaseNewNodes(long startBlock, long blockCount, int state) {
        checkRange(startBlock, blockCount);
        long lastBlock = startBlock + blockCount - 1;
        long nodes = 0;
        for (int level = state == ExtentRun.UNWRITTEN ? 0 : 1; level <= Node.ROOT_LEVEL; level++) {
            int shift = (level + 1) * Node.FANOUT_SHIFT;
            nodes += (lastBlock >>> shift) - (startBlock >>> shift) + 1;
        }
        if (state == ExtentRun.UNWRITTEN) {
            return Math.toIntExact(nodes);
        }
        // Only a leaf at an end of the range can stay a leaf: the spans between are direct extents or holes.
        boolean wholeFirst = (startBlock & (Node.FANOUT - 1)) == 0;
        boolean wholeLast = ((lastBlock + 1) & (Node.FANOUT - 1)) == 0;
        if ((startBlock >>> Node.FANOUT_SHIFT) == (lastBlock >>> Node.FANOUT_SHIFT)) {
            return Math.toIntExact(nodes + (wholeFirst && wholeLast ? 0 : 1));
        }
        return Math.toIntExact(nodes + (wholeFirst ? 0 : 1) + (wholeLast ? 0 : 1));
    }

    /**
     * One step of giving back what a dead version owns. Visits blocks from {@code fromBlock} in order, only under owned
     * pointers, and drops every owned pointer in what it visited; a node is dropped in the step that passes its last block.
     * Changes no node: the sink removes them. The same arguments give the same drops.
     *
     * @param fromBlock 0 at first, then what the step before returned
     * @param maxLeaves at least 1: the most leaves and direct extents in one step
     * @return where the next step begins, or {@link Long#MAX_VALUE} when all is done
     * @throws CorruptSpaceException {@code CORRUPT} when a node is missing or damaged
     */
    public long reap(Root root, long ownedAfter, long fromBlock, int maxLeaves, DropSink sink) {
        return new TreeReap(cache, ownedAfter, fromBlock, maxLeaves, sink).run(root);
    }

    /**
     * Visits every node and extent that touches the blocks {@code from} to {@code to} (exclusive), owned or not.
     *
     * @throws CorruptSpaceException {@code CORRUPT} when a node is missing or damaged
     */
    public void forEach(Root root, long from, long to, ExtentVisitor visitor) {
        walk.forEach(root, from, to, visitor);
    }

    /** As {@link #forEach}, but goes on behind a node that is missing or damaged. */
    public void forEachReadable(Root root, long from, long to, ExtentVisitor visitor, UnreadableVisitor unreadable) {
        walk.forEachReadable(root, from, to, visitor, unreadable);
    }

    /**
     * One step of comparing two trees. Reads only nodes that the trees do not share, and one on the way to each.
     *
     * @param fromBlock 0 at first, then what the step before returned
     * @param toBlock where to end, exclusive
     * @param maxNodes at least 1: about the most nodes to read in one step
     * @param maxRuns at least 1: about the most runs to deliver in one step
     * @return where the next step begins, or {@link Long#MAX_VALUE} when all is done up to {@code toBlock}
     * @throws CorruptSpaceException {@code CORRUPT} when a node is missing or damaged
     */
    public long diff(
            Root before, Root after, long fromBlock, long toBlock, int maxNodes, int maxRuns, TreeDiffVisitor visitor) {
        return new TreeDiff(cache, fromBlock, toBlock, maxNodes, maxRuns, visitor).run(before, after);
    }

    /** Reads a node and verifies that it is the one the pointer means. */
    static Node require(NodeCache cache, long nodeId, int level, long firstBlock) {
        Node node = cache.get(nodeId);
        if (node == null) {
            throw new CorruptSpaceException(
                    Code.CORRUPT, "extent tree", -1, "node=" + nodeId + " is missing, firstBlock=" + firstBlock);
        }
        verify(node, level, firstBlock);
        return node;
    }

    /** A pointer must lead to a node of the level and span it stands for, or two trees have been mixed up. */
    static void verify(Node node, int level, long firstBlock) {
        if (node.level() != level || node.firstBlock() != firstBlock) {
            throw new CorruptSpaceException(
                    Code.CORRUPT,
                    "extent tree",
                    -1,
                    node + ", expectedLevel=" + level + ", expectedFirstBlock=" + firstBlock);
        }
    }

    private static void checkRange(long startBlock, long blockCount) {
        if (startBlock < 0 || blockCount < 1 || startBlock > Node.SPACE_BLOCKS - blockCount) {
            throw new IllegalArgumentException("startBlock=" + startBlock + ", blockCount=" + blockCount);
        }
    }
}

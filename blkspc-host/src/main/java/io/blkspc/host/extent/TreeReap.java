package io.blkspc.host.extent;

/**
 * One step of reaping a dead version. Visits in block order and drops a node after all that is below it, so that every node
 * a later step needs is still there: a step begins at {@code from}, and no node that ends at or before it is read again.
 */
final class TreeReap {

    private final NodeCache cache;
    private final long ownedAfter;
    private final long from;
    private final DropSink sink;

    /** Spans left to visit in this step. */
    private int spansLeft;

    /** Where the step stopped, or -1. */
    private long stoppedAt = -1;

    TreeReap(NodeCache cache, long ownedAfter, long from, int maxSpans, DropSink sink) {
        if (from < 0 || maxSpans < 1) {
            throw new IllegalArgumentException("fromBlock=" + from + ", maxLeaves=" + maxSpans);
        }
        this.cache = cache;
        this.ownedAfter = ownedAfter;
        this.from = from;
        this.spansLeft = maxSpans;
        this.sink = sink;
    }

    long run(Root root) {
        if (!root.isEmpty() && root.birth() > ownedAfter && from < Node.SPACE_BLOCKS) {
            inner(root.nodeId(), root.birth(), Node.ROOT_LEVEL, 0);
        }
        return stoppedAt >= 0 ? stoppedAt : Long.MAX_VALUE;
    }

    private void inner(long nodeId, long birth, int level, long firstBlock) {
        Node node = ExtentTree.require(cache, nodeId, level, firstBlock);
        int shift = level * Node.FANOUT_SHIFT;
        int firstSlot = from <= firstBlock ? 0 : (int) ((from - firstBlock) >>> shift);
        for (int slot = node.nextBit(firstSlot); slot < Node.FANOUT; slot = node.nextBit(slot + 1)) {
            int index = node.indexOf(slot);
            if (node.birth(index) <= ownedAfter) {
                continue;
            }
            long start = firstBlock + ((long) slot << shift);
            if (spansLeft <= 0) {
                stoppedAt = Math.max(from, start);
                return;
            }
            slot(node.word(index), node.birth(index), level - 1, start);
            if (stoppedAt >= 0) {
                return;
            }
        }
        // An inner node counts as a span too, so that a step over inner nodes with nothing owned below is bounded as
        // well.
        spansLeft--;
        sink.dropNode(nodeId, birth);
    }

    private void slot(long word, long birth, int level, long start) {
        if (Entry.kind(word) != Entry.KIND_CHILD) {
            spansLeft--;
            sink.dropExtent(Entry.target(word), Node.FANOUT, birth, ExtentRun.WRITTEN);
        } else if (level > 0) {
            inner(Entry.target(word), birth, level, start);
        } else {
            spansLeft--;
            leaf(Entry.target(word), birth, start);
        }
    }

    private void leaf(long nodeId, long birth, long firstBlock) {
        Node leaf = ExtentTree.require(cache, nodeId, 0, firstBlock);
        for (int index = 0; index < leaf.count(); index++) {
            if (leaf.birth(index) > ownedAfter) {
                long word = leaf.word(index);
                sink.dropExtent(Entry.physical(word), Entry.length(word), leaf.birth(index), Entry.state(word));
            }
        }
        sink.dropNode(nodeId, birth);
    }
}

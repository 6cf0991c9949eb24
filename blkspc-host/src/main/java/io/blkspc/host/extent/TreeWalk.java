package io.blkspc.host.extent;

import io.blkspc.api.BlockSpaceException;

/** Full walk of a tree in block order. */
final class TreeWalk {

    private final NodeCache cache;

    TreeWalk(NodeCache cache) {
        this.cache = cache;
    }

    void forEach(Root root, long from, long to, ExtentVisitor visitor) {
        forEachReadable(root, from, to, visitor, (_, _, _, problem) -> {
            throw problem;
        });
    }

    void forEachReadable(Root root, long from, long to, ExtentVisitor visitor, UnreadableVisitor unreadable) {
        if (!root.isEmpty() && from < to) {
            node(root.nodeId(), root.birth(), Node.ROOT_LEVEL, 0, new Pass(from, to, visitor, unreadable));
        }
    }

    private void node(long nodeId, long birth, int level, long firstBlock, Pass pass) {
        if (!pass.visitor.enterNode(nodeId, birth, level, firstBlock)) {
            return;
        }
        Node node;
        try {
            node = ExtentTree.require(cache, nodeId, level, firstBlock);
        } catch (BlockSpaceException problem) {
            pass.unreadable.unreadable(firstBlock, Node.spanBlocks(level), birth, problem);
            return;
        }
        if (level == 0) {
            for (int index = 0; index < node.count(); index++) {
                long word = node.word(index);
                long start = firstBlock + Entry.start(word);
                pass.extent(start, Entry.length(word), Entry.physical(word), node.birth(index), Entry.state(word));
            }
            return;
        }
        int shift = level * Node.FANOUT_SHIFT;
        int index = 0;
        for (int slot = node.nextBit(0); slot < Node.FANOUT; slot = node.nextBit(slot + 1), index++) {
            long start = firstBlock + ((long) slot << shift);
            if (start >= pass.to || start + (1L << shift) <= pass.from) {
                continue;
            }
            long word = node.word(index);
            if (Entry.kind(word) == Entry.KIND_CHILD) {
                node(Entry.target(word), node.birth(index), level - 1, start, pass);
            } else {
                pass.extent(start, Node.FANOUT, Entry.target(word), node.birth(index), ExtentRun.WRITTEN);
            }
        }
    }

    /** One call of forEach. */
    private record Pass(long from, long to, ExtentVisitor visitor, UnreadableVisitor unreadable) {

        void extent(long start, int length, long physical, long birth, int state) {
            long first = Math.max(start, from);
            long end = Math.min(start + length, to);
            if (first < end) {
                visitor.extent(first, end - first, physical + (first - start), birth, state);
            }
        }
    }
}

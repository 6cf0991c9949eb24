package io.blkspc.host.extent;

/** The read path: from a root down to one answer, without a lock and without allocating. */
final class ExtentLookup {

    private ExtentLookup() {}

    static boolean lookup(NodeCache cache, Root root, long block, long maxBlocks, long ownedAfter, ExtentRun out) {
        if (block < 0 || block >= Node.SPACE_BLOCKS || maxBlocks < 1) {
            throw new IllegalArgumentException("block=" + block + ", maxBlocks=" + maxBlocks);
        }
        long nodeId = root.nodeId();
        if (nodeId == 0) {
            out.hole(block, Math.min(maxBlocks, Node.SPACE_BLOCKS - block));
            return true;
        }
        for (int level = Node.ROOT_LEVEL; level > 0; level--) {
            Node node = cache.get(nodeId);
            if (node == null) {
                return false;
            }
            ExtentTree.verify(node, level, block & -Node.spanBlocks(level));
            int slot = Node.slotOf(level, block);
            if (!node.hasSlot(slot)) {
                long end = node.firstBlock() + ((long) node.nextBit(slot) << (level * Node.FANOUT_SHIFT));
                out.hole(block, Math.min(maxBlocks, end - block));
                return true;
            }
            int index = node.indexOf(slot);
            long word = node.word(index);
            if (Entry.kind(word) != Entry.KIND_CHILD) {
                long into = block & (Node.FANOUT - 1);
                long count = Math.min(maxBlocks, Node.FANOUT - into);
                out.set(block, count, Entry.target(word) + into, node.birth(index), ExtentRun.WRITTEN);
                return true;
            }
            nodeId = Entry.target(word);
        }
        Node leaf = cache.get(nodeId);
        if (leaf == null) {
            return false;
        }
        ExtentTree.verify(leaf, 0, block & -Node.FANOUT);
        inLeaf(leaf, block, maxBlocks, ownedAfter, out);
        return true;
    }

    private static void inLeaf(Node leaf, long block, long maxBlocks, long ownedAfter, ExtentRun out) {
        int into = (int) block & (Node.FANOUT - 1);
        int index = leaf.extentAtOrBefore(into);
        if (index < 0 || Entry.end(leaf.word(index)) <= into) {
            out.hole(block, Math.min(maxBlocks, leaf.nextBit(into) - into));
            return;
        }
        long word = leaf.word(index);
        int state = Entry.state(word);
        int end = Entry.end(word);
        long delta = Entry.physical(word) - Entry.start(word);
        long birth = leaf.birth(index);
        boolean owned = birth > ownedAfter;
        while (++index < leaf.count() && end - into < maxBlocks) {
            long next = leaf.word(index);
            if (Entry.start(next) != end
                    || Entry.state(next) != state
                    || Entry.physical(next) - end != delta
                    || (leaf.birth(index) > ownedAfter) != owned) {
                break;
            }
            end = Entry.end(next);
            birth = Math.min(birth, leaf.birth(index));
        }
        out.set(block, Math.min(maxBlocks, end - into), delta + into, birth, state);
    }
}

package io.blkspc.host.extent;

import java.util.Arrays;

/**
 * Compares two trees and delivers where they read differently. A node that both have is the same: a shared node is never
 * changed. So only nodes on the way to a difference are read, and births are not looked at, which would be wrong for versions
 * that are not ancestor and descendant (SEMANTICS A4, A5). Blocks that are not written read as zeros, whatever maps them.
 */
final class TreeDiff {

    private static final long NOTHING = 0;

    private final NodeCache cache;
    private final long from;
    private final long to;
    private final TreeDiffVisitor visitor;
    private int nodesLeft;
    private int runsLeft;
    private long stoppedAt = -1;

    /** Where each block of a span lies, plus one; 0 where it reads as zeros. */
    private final long[] before = new long[Node.FANOUT];

    private final long[] after = new long[Node.FANOUT];

    /** Whether the block is mapped though not written. */
    private final boolean[] reserved = new boolean[Node.FANOUT];

    TreeDiff(NodeCache cache, long from, long to, int maxNodes, int maxRuns, TreeDiffVisitor visitor) {
        this.cache = cache;
        this.from = from;
        this.to = to;
        this.nodesLeft = maxNodes;
        this.runsLeft = maxRuns;
        this.visitor = visitor;
    }

    /** Returns where to go on, or {@link Long#MAX_VALUE} at the end of the range. */
    long run(Root old, Root current) {
        long oldWord = old.isEmpty() ? NOTHING : Entry.child(old.nodeId());
        long newWord = current.isEmpty() ? NOTHING : Entry.child(current.nodeId());
        slot(oldWord, newWord, Node.ROOT_LEVEL, 0);
        return stoppedAt >= 0 ? stoppedAt : Long.MAX_VALUE;
    }

    private void slot(long oldWord, long newWord, int level, long firstBlock) {
        if (oldWord == newWord || firstBlock + Node.spanBlocks(level) <= from || firstBlock >= to) {
            return;
        }
        if (nodesLeft <= 0 || runsLeft <= 0) {
            stoppedAt = Math.max(from, firstBlock);
            return;
        }
        if (level == 0) {
            load(oldWord, firstBlock, before, null);
            Arrays.fill(reserved, false);
            load(newWord, firstBlock, after, reserved);
            deliver(firstBlock);
            return;
        }
        Node old = read(oldWord, level, firstBlock);
        Node current = read(newWord, level, firstBlock);
        int shift = level * Node.FANOUT_SHIFT;
        for (int slot = next(old, current, 0); slot < Node.FANOUT; slot = next(old, current, slot + 1)) {
            slot(word(old, slot), word(current, slot), level - 1, firstBlock + ((long) slot << shift));
            if (stoppedAt >= 0) {
                return;
            }
        }
    }

    private Node read(long word, int level, long firstBlock) {
        if (word == NOTHING) {
            return null;
        }
        nodesLeft--;
        return ExtentTree.require(cache, Entry.target(word), level, firstBlock);
    }

    private static int next(Node old, Node current, int slot) {
        int a = old == null ? Node.FANOUT : old.nextBit(slot);
        int b = current == null ? Node.FANOUT : current.nextBit(slot);
        return Math.min(a, b);
    }

    private static long word(Node node, int slot) {
        return node == null || !node.hasSlot(slot) ? NOTHING : node.word(node.indexOf(slot));
    }

    private void load(long word, long firstBlock, long[] blocks, boolean[] unwritten) {
        Arrays.fill(blocks, 0);
        if (word == NOTHING) {
            return;
        }
        if (Entry.kind(word) != Entry.KIND_CHILD) {
            for (int i = 0; i < Node.FANOUT; i++) {
                blocks[i] = Entry.target(word) + i + 1;
            }
            return;
        }
        Node leaf = read(word, 0, firstBlock);
        for (int index = 0; index < leaf.count(); index++) {
            long extent = leaf.word(index);
            boolean written = Entry.state(extent) == ExtentRun.WRITTEN;
            for (int i = 0; i < Entry.length(extent); i++) {
                int block = Entry.start(extent) + i;
                blocks[block] = written ? Entry.physical(extent) + i + 1 : 0;
                if (unwritten != null) {
                    unwritten[block] = !written;
                }
            }
        }
    }

    private void deliver(long firstBlock) {
        int first = (int) Math.max(0, from - firstBlock);
        int last = (int) Math.min(Node.FANOUT, to - firstBlock);
        for (int i = first; i < last; ) {
            int start = i;
            while (i < last && before[i] != after[i] && state(i) == state(start)) {
                i++;
            }
            if (i > start) {
                runsLeft--;
                visitor.changed(firstBlock + start, i - start, state(start));
            } else {
                i++;
            }
        }
    }

    private int state(int block) {
        return after[block] != 0 ? ExtentRun.WRITTEN : reserved[block] ? ExtentRun.UNWRITTEN : ExtentRun.NONE;
    }
}

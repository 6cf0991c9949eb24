package io.blkspc.host.core;

import io.blkspc.host.extent.ExtentTree;
import io.blkspc.host.extent.ExtentVisitor;
import io.blkspc.host.extent.Root;

/**
 * What a tree maps, read in block order a part at a time, so that no more than a part is in memory however much the tree maps.
 * The tree must not change. One thread.
 */
final class ExtentWindow {

    private final ExtentTree tree;
    private final Root root;
    private final long size;
    private final ExtentBudget budget;
    private ExtentRuns runs = new ExtentRuns();
    private long from;
    private long end;

    /**
     * Nothing was read yet.
     *
     * @param size first block that the tree surely does not map
     */
    ExtentWindow(ExtentTree tree, Root root, long size, ExtentBudget budget) {
        this.tree = tree;
        this.root = root;
        this.size = size;
        this.budget = budget;
    }

    /** Delivers the pieces of extents in a range. Cheap when each range lies behind the one before. */
    void forEach(long first, long last, ExtentRuns.Visitor visitor) {
        long stop = Math.min(last, size);
        for (long at = first; at < stop; ) {
            if (at < from || at >= end) {
                load(at);
            }
            long to = Math.min(stop, end);
            runs.within(at, to, visitor);
            at = to;
        }
    }

    private void load(long first) {
        Part part = new Part(first, size, budget.entries(), (id, birth) -> true, birth -> true);
        tree.forEach(root, first, size, part);
        runs = part.runs;
        from = first;
        end = part.end;
        budget.holds(runs.size());
    }

    /** Which nodes are looked into. */
    interface NodeFilter {
        boolean enter(long nodeId, long birth);
    }

    /** Which extents are taken. */
    interface BirthFilter {
        boolean take(long birth);
    }

    /** Takes extents until it is full: then {@link #end} is where it stopped. What lies before is complete. */
    static final class Part implements ExtentVisitor {
        private final long first;
        private final int entries;
        private final NodeFilter nodes;
        private final BirthFilter births;
        final ExtentRuns runs = new ExtentRuns();
        long end;
        private boolean isFull;

        Part(long first, long last, int entries, NodeFilter nodes, BirthFilter births) {
            this.first = first;
            this.end = last;
            this.entries = entries;
            this.nodes = nodes;
            this.births = births;
        }

        @Override
        public boolean enterNode(long nodeId, long birth, int level, long firstBlock) {
            if (runs.size() == entries) {
                stopAt(firstBlock);
                return false;
            }
            return nodes.enter(nodeId, birth);
        }

        @Override
        public void extent(long start, long count, long physical, long birth, int state) {
            if (runs.size() == entries) {
                stopAt(start);
            } else if (births.take(birth)) {
                runs.add(start, count, physical, birth, state);
            }
        }

        /** Where the first thing begins that was left out. */
        private void stopAt(long block) {
            if (!isFull) {
                isFull = true;
                end = Math.max(first, block);
            }
        }
    }
}

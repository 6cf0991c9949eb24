package io.blkspc.host.core;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * How many children of a hidden version have given up each block and node it maps. What all of them gave up is <em>complete</em>:
 * nobody needs it, and the reaper gives it up here too. What all but one gave up is held by that one alone.
 *
 * <p>Nothing of this is on disk: it is worked out from the deadlists of the children and the list of what is gone, in short
 * steps, and then follows every drop. Kept as intervals, split where drops end (SEMANTICS A8). Keys are physical blocks, or
 * {@link #NODE_KEY} and a node id.
 *
 * <p>A count is from 1 to the number of children, or 0 for what is gone. Guarded by the order lock.
 */
final class DropCounts {

    /** Added to a node id to make a key. */
    static final long NODE_KEY = 1L << 54;

    /** An interval whose parts were given up by the same children. */
    record Cell(long start, long end, long birth) {}

    /** A deadlist still to be counted; {@code tag} 0 is the list of what is gone. */
    private static final class Uncounted {
        final long tag;
        final DeadList list;
        final long end;
        long cursor;

        Uncounted(long tag, DeadList list) {
            this.tag = tag;
            this.list = list;
            this.end = list.entryCount();
        }
    }

    private final DropCells cells = new DropCells();
    private final ArrayDeque<Uncounted> uncounted = new ArrayDeque<>();
    private int children;
    private long tagTotal;
    private long nextTag = 1;

    /** For the children a hidden version has now; {@link #count} must be called until it is {@link #isReady ready}. */
    DropCounts(Version branchPoint) {
        for (Version child : branchPoint.children) {
            addChild(child);
            if (!child.dead.isEmpty()) {
                uncounted.add(new Uncounted(child.tag, child.dead));
            }
        }
        if (!branchPoint.gone.isEmpty()) {
            uncounted.add(new Uncounted(0, branchPoint.gone));
        }
    }

    /** A new child, which has given up nothing. */
    void addChild(Version child) {
        child.tag = nextTag++;
        child.forgotten = 0;
        children++;
        tagTotal += child.tag;
    }

    /** {@code true} when every deadlist was counted. */
    boolean isReady() {
        return uncounted.isEmpty();
    }

    /** Counts at most so many entries of the deadlists. */
    void count(long maxEntries) {
        long left = maxEntries;
        while (left > 0 && !uncounted.isEmpty()) {
            Uncounted next = uncounted.peek();
            long to = next.cursor + Math.min(left, next.end - next.cursor);
            forEach(next.list, next.cursor, to, (start, end, birth) -> {
                if (next.tag == 0) {
                    cells.setGone(start, end);
                } else {
                    add(next.tag, start, end, birth);
                }
            });
            left -= to - next.cursor;
            next.cursor = to;
            if (next.cursor == next.end) {
                uncounted.remove();
            }
        }
    }

    /** The child with this tag gave up an interval of keys. */
    void add(long tag, long start, long end, long birth) {
        cells.add(start, end, birth, 1, tag);
    }

    /**
     * Takes at most so many entries of a childless hidden child out of the counts; {@code true} when none is left. Until it is
     * {@link #remove removed} it then seems to need what it had given up, so that too little may be complete, never too much.
     */
    boolean forget(Version child, long maxEntries) {
        long to = child.forgotten + Math.min(maxEntries, child.dead.entryCount() - child.forgotten);
        forEach(child.dead, child.forgotten, to, (start, end, birth) -> cells.add(start, end, birth, -1, -child.tag));
        child.forgotten = to;
        return to == child.dead.entryCount();
    }

    /** The child is no child any more. */
    void remove(Version child) {
        forget(child, Long.MAX_VALUE);
        children--;
        tagTotal -= child.tag;
    }

    /** {@code true} when something was given up by all children and not here yet. */
    boolean hasComplete() {
        return isReady() && cells.countOf(children) > 0;
    }

    /**
     * What is complete below the key {@code to}, by key. An interval across it is split: a replay meets the drops in another
     * order, and so joins intervals in other places.
     */
    List<Cell> complete(long to) {
        cells.cut(to);
        List<Cell> complete = new ArrayList<>();
        cells.forEach(children, 0, to, (start, end, birth, _) -> complete.add(new Cell(start, end, birth)));
        return complete;
    }

    /** A bound for {@link #complete}, so that what is below it takes at most so many deadlist entries; 0 when nothing does. */
    long boundOfComplete(long maxEntries) {
        Bound bound = new Bound(maxEntries);
        cells.forEach(children, 0, Long.MAX_VALUE, bound);
        return bound.key;
    }

    /** Finds how far a number of deadlist entries goes. */
    private static final class Bound implements DropCells.Visitor {
        private long left;
        private long key;

        Bound(long entries) {
            left = entries;
        }

        @Override
        public boolean cell(long start, long end, long birth, long tags) {
            long keysOfAnEntry = start < NODE_KEY ? DeadList.MAX_COUNT : 1;
            long entries = Math.min(left, Math.ceilDiv(end - start, keysOfAnEntry));
            if (entries > 0) {
                left -= entries;
                key = Math.min(end, start + entries * keysOfAnEntry);
            }
            return left > 0;
        }
    }

    /** Delivers what is complete. */
    void forEachComplete(Part visitor) {
        cells.forEach(children, 0, Long.MAX_VALUE, (start, end, birth, _) -> {
            visitor.part(start, end, birth);
            return true;
        });
    }

    /** The interval, as {@link #complete} told it, is given up here too. */
    void give(Cell cell) {
        cells.setGone(cell.start);
    }

    /** Receives parts of intervals. */
    interface Part {
        void part(long start, long end, long birth);
    }

    /** Every block that this child, and no other, has not given up. */
    void forEachSole(Version child, Part visitor) {
        forEachSole(child, 0, NODE_KEY, visitor);
    }

    /** The parts of an interval that this child, and no other, has not given up. */
    void forEachSole(Version child, long from, long to, Part visitor) {
        cells.forEach(children - 1, from, to, (start, end, birth, tags) -> {
            if (tagTotal - tags == child.tag) {
                visitor.part(Math.max(from, start), Math.min(to, end), birth);
            }
            return true;
        });
    }

    /** Delivers entries of a deadlist as intervals of keys. */
    static void forEach(DeadList list, long from, long to, Part visitor) {
        list.forEach(from, to, new DeadList.Visitor() {
            @Override
            public void blocks(long physical, long count, long birth) {
                visitor.part(physical, physical + count, birth);
            }

            @Override
            public void node(long nodeId, long birth) {
                visitor.part(NODE_KEY + nodeId, NODE_KEY + nodeId + 1, birth);
            }
        });
    }
}

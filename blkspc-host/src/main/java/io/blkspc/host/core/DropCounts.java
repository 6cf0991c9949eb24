package io.blkspc.host.core;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * How many children of a hidden version have given up each block and node it maps. What all of them gave up is <em>complete</em>:
 * nobody needs it, and the reaper gives it up here too. What all but one gave up is held by that one alone.
 *
 * <p>Nothing of this is on disk: it is worked out from the deadlists of the children and the list of what is gone, in short
 * steps, and then follows every drop. Kept as intervals, split where drops end (SEMANTICS A8). Keys are physical blocks, or
 * {@link #NODE_KEY} and a node id.
 *
 * <p>Invariants: N1 the intervals of {@link #cells} are disjoint; N2 {@link #byCount} holds exactly those not gone; N3 a count is
 * from 1 to the number of children, or 0 for what is gone. Guarded by the order lock.
 */
final class DropCounts {

    /** Added to a node id to make a key. */
    static final long NODE_KEY = 1L << 54;

    /** An interval whose parts were given up by the same children. */
    static final class Cell {
        private long start;
        private long end;
        private final long birth;
        private int count;
        private long tags;
        private boolean gone;
        private boolean indexed; // is in byCount

        private Cell(long start, long end, long birth) {
            this.start = start;
            this.end = end;
            this.birth = birth;
        }

        long start() {
            return start;
        }

        long end() {
            return end;
        }

        long birth() {
            return birth;
        }

        private boolean isLike(Cell other) {
            return birth == other.birth && count == other.count && tags == other.tags && gone == other.gone;
        }
    }

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

    /** A change of one interval. */
    private interface Change {
        void on(Cell cell);
    }

    private final TreeMap<Long, Cell> cells = new TreeMap<>();
    private final TreeSet<Cell> byCount = new TreeSet<>(DropCounts::byCountAndStart);
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
                    change(start, end, 0, this::setGone);
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
        change(start, end, birth, cell -> {
            cell.count++;
            cell.tags += tag;
        });
    }

    /**
     * Takes at most so many entries of a childless hidden child out of the counts; {@code true} when none is left. Until it is
     * {@link #remove removed} it then seems to need what it had given up, so that too little may be complete, never too much.
     */
    boolean forget(Version child, long maxEntries) {
        long to = child.forgotten + Math.min(maxEntries, child.dead.entryCount() - child.forgotten);
        forEach(
                child.dead,
                child.forgotten,
                to,
                (start, end, birth) -> change(start, end, 0, cell -> {
                    if (--cell.count < 0) {
                        throw new IllegalStateException("drop was never counted: key=" + cell.start);
                    }
                    cell.tags -= child.tag;
                }));
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
        return isReady() && !byCount.isEmpty() && byCount.last().count >= children;
    }

    /**
     * What is complete below the key {@code to}, by key. An interval across it is split: a replay meets the drops in another
     * order, and so joins intervals in other places.
     */
    List<Cell> complete(long to) {
        Map.Entry<Long, Cell> across = cells.lowerEntry(to);
        if (across != null && across.getValue().end > to) {
            index(split(across.getValue(), to));
        }
        return new ArrayList<>(withCount(children, 0, to));
    }

    /** A bound for {@link #complete}, so that what is below it takes at most so many deadlist entries; 0 when nothing does. */
    long boundOfComplete(long maxEntries) {
        long left = maxEntries;
        long bound = 0;
        for (Cell cell : withCount(children, 0, Long.MAX_VALUE)) {
            long keysOfAnEntry = cell.start < NODE_KEY ? DeadList.MAX_COUNT : 1;
            long entries = Math.min(left, Math.ceilDiv(cell.end - cell.start, keysOfAnEntry));
            if (entries == 0) {
                break;
            }
            left -= entries;
            bound = Math.min(cell.end, cell.start + entries * keysOfAnEntry);
        }
        return bound;
    }

    /** Delivers what is complete. */
    void forEachComplete(Part visitor) {
        withCount(children, 0, Long.MAX_VALUE).forEach(cell -> visitor.part(cell.start, cell.end, cell.birth));
    }

    private NavigableSet<Cell> withCount(int count, long from, long to) {
        return byCount.subSet(probe(count, from), true, probe(count, to), false);
    }

    private static int byCountAndStart(Cell one, Cell other) {
        return one.count == other.count
                ? Long.compare(one.start, other.start)
                : Integer.compare(one.count, other.count);
    }

    private static Cell probe(int count, long start) {
        Cell cell = new Cell(start, start, 0);
        cell.count = count;
        return cell;
    }

    /** The interval is given up here too. */
    void give(Cell cell) {
        unindex(cell);
        cell.gone = true;
    }

    /** Receives parts of intervals. */
    interface Part {
        void part(long start, long end, long birth);
    }

    /** Every block that this child, and no other, has not given up. */
    void forEachSole(Version child, Part visitor) {
        for (Cell cell : withCount(children - 1, 0, NODE_KEY)) {
            if (isSole(cell, child)) {
                visitor.part(cell.start, cell.end, cell.birth);
            }
        }
    }

    /** The parts of an interval that this child, and no other, has not given up. */
    void forEachSole(Version child, long start, long end, Part visitor) {
        Map.Entry<Long, Cell> first = cells.floorEntry(start);
        long from = first == null ? start : first.getKey();
        for (Cell cell : cells.subMap(from, end).values()) {
            if (cell.end > start && isSole(cell, child)) {
                visitor.part(Math.max(start, cell.start), Math.min(end, cell.end), cell.birth);
            }
        }
    }

    private boolean isSole(Cell cell, Version child) {
        return !cell.gone && cell.count == children - 1 && tagTotal - cell.tags == child.tag;
    }

    private void setGone(Cell cell) {
        cell.gone = true;
    }

    /** Changes every part of an interval; parts not there yet are made with {@code birth}. */
    private void change(long start, long end, long birth, Change change) {
        Cell left = valueOf(cells.floorEntry(start)); // in the end the one before what is changed
        Cell next = null;
        if (left != null && left.start == start) {
            next = left;
            left = valueOf(cells.lowerEntry(start));
        } else if (left != null && left.end > start) {
            next = split(left, start);
        } else if (end - start > 1) {
            next = valueOf(cells.higherEntry(start));
        }
        for (long at = start; at < end; ) {
            if (next == null || next.start > at) {
                Cell made = new Cell(at, next == null ? end : Math.min(end, next.start), birth);
                at = made.end;
                change.on(made);
                left = keep(made, left, false);
                continue;
            }
            if (next.end > end) {
                index(split(next, end));
            }
            unindex(next);
            at = next.end;
            change.on(next);
            left = keep(next, left, true);
            next = at < end ? valueOf(cells.ceilingEntry(at)) : null;
        }
    }

    /**
     * Puts a changed interval where it belongs, joined to the one before, if any, when they are alike.
     *
     * @return what now is before the interval that follows
     */
    private Cell keep(Cell cell, Cell left, boolean isThere) {
        boolean continues = left != null && left.end == cell.start && cell.isLike(left);
        if (continues) {
            left.end = cell.end;
        }
        if (continues || (cell.count == 0 && !cell.gone)) {
            if (isThere) {
                cells.remove(cell.start);
            }
            return left;
        }
        if (!isThere) {
            cells.put(cell.start, cell);
        }
        index(cell);
        return cell;
    }

    private void index(Cell cell) {
        if (!cell.gone && !cell.indexed) {
            cell.indexed = true;
            byCount.add(cell);
        }
    }

    private void unindex(Cell cell) {
        if (cell.indexed) {
            cell.indexed = false;
            byCount.remove(cell);
        }
    }

    /** Cuts an interval in two; what is returned, the second one, is still to be indexed. */
    private Cell split(Cell cell, long at) {
        Cell rest = new Cell(at, cell.end, cell.birth);
        rest.count = cell.count;
        rest.tags = cell.tags;
        rest.gone = cell.gone;
        cell.end = at;
        cells.put(at, rest);
        return rest;
    }

    private static Cell valueOf(Map.Entry<Long, Cell> entry) {
        return entry == null ? null : entry.getValue();
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

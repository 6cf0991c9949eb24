package io.blkspc.host.core;

import java.util.Map;
import java.util.TreeMap;

/** A set of longs, kept as disjoint half-open intervals. */
final class Intervals {

    /** Receives intervals. */
    interface Visitor {
        void interval(long start, long end);
    }

    private final TreeMap<Long, Long> ends = new TreeMap<>();

    /** Adds an interval that overlaps none. */
    void add(long start, long end) {
        Map.Entry<Long, Long> before = ends.lowerEntry(start);
        if (before != null && before.getValue() == start) {
            ends.put(before.getKey(), end);
        } else {
            ends.put(start, end);
        }
    }

    /** Delivers the parts of {@code [start, end)} that are not in the set, in order. */
    void forEachGap(long start, long end, Visitor visitor) {
        long at = start;
        Map.Entry<Long, Long> next = ends.floorEntry(start);
        next = next == null || next.getValue() <= start ? ends.ceilingEntry(start) : next;
        while (at < end) {
            long gapEnd = next == null ? end : Math.min(end, next.getKey());
            if (at < gapEnd) {
                visitor.interval(at, gapEnd);
            }
            at = next == null ? end : Math.max(gapEnd, next.getValue());
            next = next == null ? null : ends.higherEntry(next.getKey());
        }
    }
}

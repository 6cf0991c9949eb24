package io.blkspc.host.core;

import io.blkspc.host.extent.ExtentTree;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.agrona.collections.LongHashSet;

/**
 * What a hidden version is: all that the versions with names which grew from it map and was born up to its freeze. Put together in
 * block order, a part at a time: memory follows neither the number of versions nor what they map.
 */
final class SharedExtents {

    private final ExtentTree tree;
    private final SalvagedVersion hidden;
    private final ExtentBudget budget;
    private final List<Version> below = new ArrayList<>();
    private final LongHashSet seen = new LongHashSet();

    SharedExtents(ExtentTree tree, SalvagedVersion hidden, ExtentBudget budget) {
        this.tree = tree;
        this.hidden = hidden;
        this.budget = budget;
        ArrayDeque<SalvagedVersion> left = new ArrayDeque<>(hidden.children);
        while (!left.isEmpty()) {
            SalvagedVersion child = left.removeFirst();
            if (child.version.isVisible()) {
                below.add(child.version);
            } else {
                left.addAll(child.children);
            }
        }
    }

    /** Delivers all of it. */
    void forEach(ExtentRuns.Visitor visitor) {
        long size = hidden.version.sizeBlocks();
        for (long at = 0; at < size; ) {
            at = part(at, size, visitor);
        }
    }

    /** Delivers what lies between {@code from} and the block that it returns. */
    private long part(long from, long size, ExtentRuns.Visitor visitor) {
        ExtentRuns union = new ExtentRuns();
        long end = size;
        seen.clear();
        for (Version version : below) {
            // A node that several share is read once; one that is read only up to the end of a small volume does not
            // count.
            boolean isWhole = version.sizeBlocks() >= end;
            ExtentWindow.Part part = new ExtentWindow.Part(
                    from,
                    end,
                    budget.entries(),
                    (id, _) -> isWhole ? seen.add(id) : !seen.contains(id),
                    birth -> birth <= hidden.version.freezeEpoch);
            tree.forEach(version.root, from, Math.min(end, version.sizeBlocks()), part);
            end = part.end;
            if (part.runs.size() > 0) {
                budget.holds(union.size() + part.runs.size());
                part.runs.forEach(union::add);
                union = union.sorted();
            }
            if (union.size() > budget.entries()) {
                end = Math.min(end, union.start(budget.entries()));
                union = union.upTo(end);
            }
        }
        union.within(from, end, visitor);
        return end;
    }
}

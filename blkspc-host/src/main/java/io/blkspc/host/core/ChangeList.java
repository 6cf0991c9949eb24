package io.blkspc.host.core;

import io.blkspc.api.Changes;
import io.blkspc.api.Changes.Range;
import io.blkspc.api.Geometry;
import io.blkspc.api.MappingState;
import io.blkspc.host.extent.ExtentRun;
import io.blkspc.host.extent.ExtentTree;
import io.blkspc.host.extent.Root;
import java.util.ArrayList;
import java.util.List;

/** A part of what changed between two versions: ranges that continue each other are one. Under the order lock. */
final class ChangeList {

    /** Nodes one part may read, so that the order lock is held briefly. */
    private static final int MAX_NODES = 1024;

    private final List<Range> ranges = new ArrayList<>();

    private ChangeList() {}

    static Changes of(ExtentTree tree, Root since, Version version, long fromBlock) {
        ChangeList list = new ChangeList();
        long next = tree.diff(since, version.root, fromBlock, MAX_NODES, list::add);
        return new Changes(list.ranges, next == Long.MAX_VALUE ? version.sizeBytes : Geometry.toBytes(next));
    }

    private void add(long startBlock, long blockCount, int state) {
        MappingState now = switch (state) {
            case ExtentRun.WRITTEN -> MappingState.WRITTEN;
            case ExtentRun.UNWRITTEN -> MappingState.UNWRITTEN;
            default -> MappingState.HOLE;
        };
        long offset = Geometry.toBytes(startBlock);
        long length = Geometry.toBytes(blockCount);
        Range last = ranges.isEmpty() ? null : ranges.getLast();
        if (last != null && last.endBytes() == offset && last.state() == now) {
            ranges.set(ranges.size() - 1, new Range(last.offsetBytes(), last.lengthBytes() + length, now));
        } else {
            ranges.add(new Range(offset, length, now));
        }
    }
}

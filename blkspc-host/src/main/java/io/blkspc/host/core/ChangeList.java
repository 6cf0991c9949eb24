package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Changes;
import io.blkspc.api.Changes.Range;
import io.blkspc.api.Comparison;
import io.blkspc.api.Geometry;
import io.blkspc.api.MappingState;
import io.blkspc.host.extent.ExtentRun;
import io.blkspc.host.extent.ExtentTree;
import io.blkspc.host.extent.Root;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** A part of what changed between two versions: ranges that continue each other are one. Under the order lock. */
final class ChangeList {

    /** Nodes one part may read, so that the order lock is held briefly. */
    private static final int MAX_NODES = 1024;

    private final List<Range> ranges = new ArrayList<>();
    private final long endBytes;

    private ChangeList(long endBytes) {
        this.endBytes = endBytes;
    }

    /** As {@link io.blkspc.api.Pool#changedSince(Comparison, long, long, int)}. */
    static Changes between(
            Catalogue catalogue, ExtentTree tree, Comparison comparison, long fromBytes, long toBytes, int maxRanges) {
        Names.checkEither(comparison.name());
        Names.checkSnapshot(comparison.since());
        if (!Geometry.isBlockAligned(toBytes) || toBytes <= fromBytes || maxRanges < 1) {
            throw new IllegalArgumentException(
                    "not a range: from=" + fromBytes + ", to=" + toBytes + ", maxRanges=" + maxRanges);
        }
        requireSame(catalogue, comparison.name(), comparison.uuid());
        requireSame(catalogue, comparison.since(), comparison.sinceUuid());
        return between(catalogue, tree, comparison.name(), comparison.since(), new Part(fromBytes, toBytes, maxRanges));
    }

    private static void requireSame(Catalogue catalogue, String name, UUID uuid) {
        if (!catalogue.require(name).uuid.equals(uuid)) {
            throw new BlockSpaceException(Code.NOT_FOUND, "the name is that of another by now: name=" + name);
        }
    }

    /** What one call is about. */
    private record Part(long fromBytes, long toBytes, int maxRanges) {}

    /** As {@link io.blkspc.api.Pool#changedSince}. */
    static Changes between(Catalogue catalogue, ExtentTree tree, String name, String since, long fromBytes) {
        return between(catalogue, tree, name, since, new Part(fromBytes, Long.MAX_VALUE, Integer.MAX_VALUE));
    }

    private static Changes between(Catalogue catalogue, ExtentTree tree, String name, String since, Part part) {
        long fromBytes = part.fromBytes;
        Names.checkEither(name);
        if (since != null) {
            Names.checkSnapshot(since);
        }
        if (!Geometry.isBlockAligned(fromBytes)) {
            throw new IllegalArgumentException("not a multiple of 4096: from=" + fromBytes);
        }
        Version version = catalogue.require(name);
        Root before = since == null ? Root.EMPTY : catalogue.require(since).root;
        if (fromBytes < 0 || fromBytes > version.sizeBytes) {
            throw new BlockSpaceException(
                    Code.OUT_OF_RANGE, "beyond the end: from=" + fromBytes + ", size=" + version.sizeBytes);
        }
        long endBytes = Math.min(part.toBytes, version.sizeBytes);
        long endBlock = Geometry.toBlocks(endBytes);
        ChangeList list = new ChangeList(endBytes);
        long next = tree.diff(
                before, version.root, Geometry.toBlocks(fromBytes), endBlock, MAX_NODES, part.maxRanges, list::add);
        return new Changes(list.ranges, next >= endBlock ? endBytes : Geometry.toBytes(next));
    }

    private void add(long startBlock, long blockCount, int state) {
        MappingState now = switch (state) {
            case ExtentRun.WRITTEN -> MappingState.WRITTEN;
            case ExtentRun.UNWRITTEN -> MappingState.UNWRITTEN;
            default -> MappingState.HOLE;
        };
        long offset = Geometry.toBytes(startBlock);
        long length = Math.min(Geometry.toBytes(blockCount), endBytes - offset);
        if (length <= 0) {
            return; // the other one is larger, or was
        }
        Range last = ranges.isEmpty() ? null : ranges.getLast();
        if (last != null && last.endBytes() == offset && last.state() == now) {
            ranges.set(ranges.size() - 1, new Range(last.offsetBytes(), last.lengthBytes() + length, now));
        } else {
            ranges.add(new Range(offset, length, now));
        }
    }
}

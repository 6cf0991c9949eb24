package io.blkspc.api.model;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Changes;
import io.blkspc.api.Comparison;
import io.blkspc.api.Geometry;
import io.blkspc.api.MappingState;
import io.blkspc.api.Pool;
import io.blkspc.api.model.ModelVersion.Pointer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/** What changed between two versions of a model pool: every block looked at, each a range of its own. */
final class ModelChanges {

    private ModelChanges() {}

    static Changes between(Function<String, ModelVersion> versions, String name, String since, long fromBytes) {
        ModelNames.checkAny(name);
        if (since != null) {
            ModelNames.checkSnapshot(since);
        }
        ModelVersion version = versions.apply(name);
        Map<Long, Pointer> before = since == null ? Map.of() : versions.apply(since).map;
        if (!Geometry.isBlockAligned(fromBytes)) {
            throw new IllegalArgumentException("not a multiple of 4096: from=" + fromBytes);
        }
        if (fromBytes < 0 || fromBytes > version.sizeBytes) {
            throw new BlockSpaceException(Code.OUT_OF_RANGE, "beyond the end: from=" + fromBytes);
        }
        List<Changes.Range> ranges = new ArrayList<>();
        TreeMap<Long, Pointer> either = new TreeMap<>(before);
        either.putAll(version.map);
        long end = Geometry.toBlocks(version.sizeBytes);
        for (long block : either.subMap(Geometry.toBlocks(fromBytes), end).keySet()) {
            Pointer now = version.map.get(block);
            if (placeOf(before.get(block)) != placeOf(now)) {
                ranges.add(new Changes.Range(block * Geometry.BLOCK_BYTES, Geometry.BLOCK_BYTES, stateOf(now)));
            }
        }
        return new Changes(ranges, version.sizeBytes);
    }

    /** What of all changes lies before {@code toBytes}, at most {@code maxRanges} ranges; of the versions that are meant. */
    static Changes part(Pool pool, Comparison comparison, long fromBytes, long toBytes, int maxRanges) {
        if (toBytes <= fromBytes || maxRanges < 1) {
            throw new IllegalArgumentException("not a range: from=" + fromBytes + ", to=" + toBytes);
        }
        if (!pool.info(comparison.name()).uuid().equals(comparison.uuid())
                || !pool.info(comparison.since()).uuid().equals(comparison.sinceUuid())) {
            throw new BlockSpaceException(Code.NOT_FOUND, "another version by now: " + comparison);
        }
        Changes changes = pool.changedSince(comparison.name(), comparison.since(), fromBytes);
        List<Changes.Range> before = changes.ranges().stream()
                .filter(range -> range.offsetBytes() < toBytes)
                .toList();
        long end = Math.min(toBytes, changes.nextOffsetBytes());
        return before.size() <= maxRanges
                ? new Changes(before, end)
                : new Changes(
                        before.subList(0, maxRanges), before.get(maxRanges - 1).endBytes());
    }

    /** -1 for what reads as zeros. */
    private static long placeOf(Pointer pointer) {
        return pointer == null || !pointer.written() ? -1 : pointer.physical();
    }

    private static MappingState stateOf(Pointer pointer) {
        if (pointer == null) {
            return MappingState.HOLE;
        }
        return pointer.written() ? MappingState.WRITTEN : MappingState.UNWRITTEN;
    }
}

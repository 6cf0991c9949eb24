package io.blkspc.api.model;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Changes;
import io.blkspc.api.Geometry;
import io.blkspc.api.MappingState;
import io.blkspc.api.model.ModelVersion.Pointer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What changed between two versions of a model pool: every block looked at, each a range of its own. */
final class ModelChanges {

    private ModelChanges() {}

    static Changes between(Map<Long, Pointer> before, ModelVersion version, long fromBytes) {
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

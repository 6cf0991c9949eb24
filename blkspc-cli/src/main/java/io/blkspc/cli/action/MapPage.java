package io.blkspc.cli.action;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.MappingState;
import io.blkspc.api.Pool;
import io.blkspc.cli.text.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A bounded part of the extents of one version, so that neither the lease nor the answer grows with the volume. Mappings
 * that continue each other are joined.
 */
final class MapPage {

    private static final int MAX_EXTENTS = 4096;
    private static final int MAX_LOOKUPS = 4 * MAX_EXTENTS;

    /** One extent, bytes; {@code physical} is {@link Mapping#NO_DEVICE_OFFSET} where there is none. */
    private record Extent(long offset, long length, MappingState state, boolean shared, long physical) {

        static Extent of(Mapping mapping) {
            return new Extent(
                    mapping.offsetBytes(),
                    mapping.lengthBytes(),
                    mapping.state(),
                    mapping.shared(),
                    mapping.deviceOffsetBytes());
        }

        boolean isContinuedBy(Extent next) {
            boolean isContiguous = physical < 0 ? next.physical < 0 : physical + length == next.physical;
            return isContiguous && state == next.state && shared == next.shared;
        }

        Extent joinedWith(Extent next) {
            return new Extent(offset, length + next.length, state, shared, physical);
        }

        Map<String, Object> facts() {
            return Json.of(
                    "offset", offset,
                    "length", length,
                    "state", nameOf(state),
                    "shared", shared,
                    "physical", physical < 0 ? null : physical);
        }
    }

    private MapPage() {}

    /**
     * Arguments: {@code name}; {@code start}; {@code end}, 0 for the end of the space. Answer: {@code size} of the space,
     * {@code extents}, and {@code next}: where the following page starts, {@code null} after the last.
     */
    static Map<String, Object> of(Pool pool, Arguments arguments) {
        try (BlockSpace space = pool.open(arguments.string("name"))) {
            long size = space.sizeBytes();
            long start = arguments.numberOr("start", 0);
            long wantedEnd = arguments.numberOr("end", 0);
            if (start < 0 || start > size || wantedEnd < 0) {
                throw new IllegalArgumentException("not inside the volume: start=" + start + ", size=" + size);
            }
            long end = wantedEnd == 0 ? size : Math.min(wantedEnd, size);
            List<Map<String, Object>> extents = new ArrayList<>();
            long next = collect(space, start, end, extents);
            return Json.of("size", size, "extents", extents, "next", next < end ? next : null);
        }
    }

    private static long collect(BlockSpace space, long start, long end, List<Map<String, Object>> extents) {
        Mapping mapping = new Mapping();
        Extent pending = null;
        long at = start;
        int lookups = 0;
        try (Lease _ = space.readLease()) {
            while (at < end && extents.size() < MAX_EXTENTS && lookups++ < MAX_LOOKUPS) {
                space.map(at, end - at, mapping);
                Extent found = Extent.of(mapping);
                if (pending != null && pending.isContinuedBy(found)) {
                    pending = pending.joinedWith(found);
                } else {
                    if (pending != null) {
                        extents.add(pending.facts());
                    }
                    pending = found;
                }
                at = mapping.endOffsetBytes();
            }
        }
        if (at < end && !extents.isEmpty()) {
            return pending.offset(); // it may go on: the next page begins with all of it
        }
        if (pending != null) {
            extents.add(pending.facts());
        }
        return at;
    }

    private static String nameOf(MappingState state) {
        return switch (state) {
            case HOLE, RESERVED -> "hole";
            case UNWRITTEN -> "unwritten";
            case WRITTEN -> "written";
        };
    }
}

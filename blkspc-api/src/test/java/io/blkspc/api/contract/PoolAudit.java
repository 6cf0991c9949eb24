package io.blkspc.api.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Geometry;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.MappingState;
import io.blkspc.api.Pool;
import io.blkspc.api.PoolStatus;
import io.blkspc.api.VolumeInfo;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The space of a pool counted from outside: walks the map of every version and holds what the pool says about itself
 * against that. Knows nothing of the host, so it is right when the map is.
 */
public final class PoolAudit {

    private static final int BLOCK = Geometry.BLOCK_BYTES;

    /** Physical block and state of one mapped block. */
    public record Mapped(long physical, MappingState state) {}

    private final Map<String, Map<Long, Mapped>> maps = new HashMap<>();
    private final Map<Long, Integer> holders = new HashMap<>();

    /** Walks every version; call when nobody else changes the pool. */
    public PoolAudit(Pool pool) {
        for (VolumeInfo info : pool.list()) {
            try (BlockSpace space = pool.open(info.name())) {
                maps.put(info.name(), walk(space));
            }
        }
        maps.values().forEach(map -> map.values().forEach(m -> holders.merge(m.physical(), 1, Integer::sum)));
    }

    private static Map<Long, Mapped> walk(BlockSpace space) {
        Map<Long, Mapped> map = new TreeMap<>();
        Mapping mapping = new Mapping();
        long size = space.sizeBytes();
        try (Lease _ = space.readLease()) {
            // A mapping may end inside a block; the next whole block is asked for then.
            for (long at = 0; at < size; at = Geometry.alignUp(mapping.endOffsetBytes())) {
                space.map(at, size - at, mapping);
                if (mapping.state() == MappingState.WRITTEN || mapping.state() == MappingState.UNWRITTEN) {
                    for (long b = 0; b * BLOCK < mapping.lengthBytes(); b++) {
                        long physical = mapping.deviceOffsetBytes() / BLOCK + b;
                        map.put(at / BLOCK + b, new Mapped(physical, mapping.state()));
                    }
                }
            }
        }
        return map;
    }

    /** Blocks of one version by logical block. */
    public Map<Long, Mapped> map(String name) {
        return maps.get(name);
    }

    /** Physical blocks that some version maps. */
    public Set<Long> physicalBlocks() {
        return new HashSet<>(holders.keySet());
    }

    /** Blocks of a version that no other one maps. */
    public long exclusiveBlocks(String name) {
        return maps.get(name).values().stream()
                .filter(m -> holders.get(m.physical()) == 1)
                .count();
    }

    /**
     * Asserts everything a pool says about its space.
     *
     * @param staged physical blocks held by stages
     */
    public void check(Pool pool, Set<Long> staged) {
        Set<Long> held = physicalBlocks();
        held.addAll(staged);
        PoolStatus status = pool.status();
        long allocated = (long) held.size() * BLOCK;
        assertThat(status.allocatedBytes()).as("allocated").isEqualTo(allocated);
        assertThat(status.freeBytes()).as("free").isEqualTo(status.sizeBytes() - status.allocatedBytes());
        assertThat(status.promisedBytes()).as("promised").isLessThanOrEqualTo(status.freeBytes());
        assertThat(status.reservedBytes()).as("reserved").isBetween(0L, status.promisedBytes());
        for (VolumeInfo info : pool.list()) {
            long mapped = (long) maps.get(info.name()).size() * BLOCK;
            assertThat(info.mappedBytes()).as("mapped by %s", info.name()).isEqualTo(mapped);
            boolean isVolume = info.type() == VolumeInfo.Type.VOLUME;
            assertThat(info.exclusiveBytes())
                    .as("exclusive to %s", info.name())
                    .isEqualTo(isVolume ? exclusiveBlocks(info.name()) * BLOCK : VolumeInfo.NOT_KNOWN);
        }
    }
}

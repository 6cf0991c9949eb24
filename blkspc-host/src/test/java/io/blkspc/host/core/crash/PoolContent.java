package io.blkspc.host.core.crash;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.IoRole;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.MappingState;
import io.blkspc.api.Pool;
import io.blkspc.api.VolumeInfo;
import io.blkspc.host.sim.Transfers;
import java.util.Arrays;
import java.util.BitSet;
import java.util.TreeMap;

/** Everything a client can see of a pool: every version's sectors. */
final class PoolContent {

    /** Values by sector, and whether it is a head. */
    @SuppressWarnings("ArrayRecordComponent") // never compared, never changed
    record Version(boolean head, long[] sectors) {}

    final TreeMap<String, Version> versions = new TreeMap<>();
    /** Data blocks some visible version maps. */
    final BitSet mapped = new BitSet();

    static PoolContent of(Pool pool) {
        PoolContent content = new PoolContent();
        for (VolumeInfo info : pool.list()) {
            try (BlockSpace space = pool.open(info.name())) {
                content.versions.put(info.name(), new Version(!info.readOnly(), read(space, content.mapped)));
            }
        }
        return content;
    }

    /** The sectors of one version. */
    static long[] read(BlockSpace space, BitSet mapped) {
        long size = space.sizeBytes();
        long[] sectors = new long[(int) (size / SectorValue.BYTES)];
        Mapping mapping = new Mapping();
        for (long at = 0; at < size; at = mapping.endOffsetBytes()) {
            try (Lease _ = space.readLease()) {
                space.map(at, size - at, mapping);
                if (mapping.deviceOffsetBytes() != Mapping.NO_DEVICE_OFFSET) {
                    mapped.set((int) (mapping.deviceOffsetBytes() >> 12), (int)
                            ((mapping.deviceOffsetBytes() + mapping.lengthBytes()) >> 12));
                }
                if (mapping.state() == MappingState.WRITTEN) {
                    byte[] bytes = Transfers.read(
                            space.device(), mapping.deviceOffsetBytes(), (int) mapping.lengthBytes(), IoRole.DATA);
                    for (int i = 0; i < bytes.length; i += SectorValue.BYTES) {
                        sectors[(int) ((at + i) / SectorValue.BYTES)] = SectorValue.decode(bytes, i);
                    }
                }
            }
        }
        return sectors;
    }

    /** The first difference, or {@code null}. */
    String difference(PoolContent other) {
        if (!versions.keySet().equals(other.versions.keySet())) {
            return versions.keySet() + " became " + other.versions.keySet();
        }
        for (String name : versions.keySet()) {
            int at = Arrays.mismatch(versions.get(name).sectors, other.versions.get(name).sectors);
            if (at >= 0) {
                return name + " sector=" + at + " was " + versions.get(name).sectors[at] + " became "
                        + other.versions.get(name).sectors[at];
            }
        }
        return null;
    }
}

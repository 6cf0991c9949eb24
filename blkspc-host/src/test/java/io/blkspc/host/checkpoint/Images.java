package io.blkspc.host.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDisk;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.random.RandomGenerator;

/** What the tests of the segment store share: one pool, keys in a stable order, and the model, a sorted map. */
final class Images {

    static final UUID POOL = new UUID(0x1122334455667788L, 0x99aabbccddeeff00L);
    static final int SEGMENT = 16 << 10;

    private Images() {}

    /** A key; ordered, so that random choices are the same in each run. */
    record ObjectKey(ObjectKind kind, long id) implements Comparable<ObjectKey> {
        @Override
        public int compareTo(ObjectKey other) {
            int byKind = kind.compareTo(other.kind);
            return byKind != 0 ? byKind : Long.compare(id, other.id);
        }
    }

    static SimDisk disk(long seed, long segmentAreaBytes) {
        SimDisk disk = new SimDisk(new InertScheduler(), seed);
        disk.create("segments", segmentAreaBytes);
        disk.create("superblock", 8192);
        return disk;
    }

    static SegmentStore store(SimDisk disk) {
        return new SegmentStore(disk.device("segments"), POOL, SEGMENT);
    }

    static void put(CheckpointWriter writer, Map<ObjectKey, byte[]> model, ObjectKey key, byte[] bytes) {
        writer.put(key.kind(), key.id(), MemorySegment.ofArray(bytes), bytes.length);
        model.put(key, bytes);
    }

    static void remove(CheckpointWriter writer, Map<ObjectKey, byte[]> model, ObjectKey key) {
        assertThat(writer.remove(key.kind(), key.id())).isEqualTo(model.remove(key) != null);
    }

    static byte[] bytes(RandomGenerator random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    static NavigableMap<ObjectKey, byte[]> load(SegmentStore store, CheckpointRoot root) {
        NavigableMap<ObjectKey, byte[]> found = new TreeMap<>();
        store.load(root, (kind, id, memory, offset, length) -> {
            byte[] bytes = memory.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
            assertThat(found.put(new ObjectKey(kind, id), bytes)).isNull();
        });
        return found;
    }

    /** Loads into a store of its own. */
    static NavigableMap<ObjectKey, byte[]> load(SimDisk disk, CheckpointRoot root) {
        try (SegmentStore store = store(disk)) {
            return load(store, root);
        }
    }

    static boolean same(Map<ObjectKey, byte[]> one, Map<ObjectKey, byte[]> other) {
        return one.keySet().equals(other.keySet())
                && one.entrySet().stream().allMatch(e -> Arrays.equals(e.getValue(), other.get(e.getKey())));
    }

    /** Live charge, counted from the model. */
    static long charge(Map<ObjectKey, byte[]> model) {
        return model.values().stream()
                .mapToLong(bytes -> SegmentLayout.charge(bytes.length))
                .sum();
    }

    /** The seed of this run: -Dblkspc.seed, or what the test chose. */
    static long seed(long chosen) {
        long seed = Long.getLong("blkspc.seed", chosen);
        System.out.println("seed=" + seed + " (rerun with -Dblkspc.seed=" + seed + ")");
        return seed;
    }
}

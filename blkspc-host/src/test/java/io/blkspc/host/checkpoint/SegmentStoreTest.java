package io.blkspc.host.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.IoRole;
import io.blkspc.host.format.TornDevice;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class SegmentStoreTest {

    static final UUID POOL = new UUID(0x1122334455667788L, 0x99aabbccddeeff00L);
    static final int SEGMENT = 16 << 10;

    /** A key; ordered, so that random choices are the same in each run. */
    record Key(ObjectKind kind, long id) implements Comparable<Key> {
        @Override
        public int compareTo(Key other) {
            int byKind = kind.compareTo(other.kind);
            return byKind != 0 ? byKind : Long.compare(id, other.id);
        }
    }

    static NavigableMap<Key, byte[]> load(SegmentStore store, CheckpointRoot root) {
        TreeMap<Key, byte[]> found = new TreeMap<>();
        store.load(root, (kind, id, memory, offset, length) -> {
            byte[] bytes = memory.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
            assertThat(found.put(new Key(kind, id), bytes)).isNull();
        });
        return found;
    }

    static void assertSame(Map<Key, byte[]> found, Map<Key, byte[]> expected) {
        assertThat(found.keySet()).isEqualTo(expected.keySet());
        found.forEach((key, bytes) -> {
            if (!Arrays.equals(bytes, expected.get(key))) {
                throw new AssertionError("wrong image: key=" + key);
            }
        });
    }

    @Test
    void loadsWhatWasCheckpointedWhateverTheHistory() {
        for (int seed = 0; seed < 40; seed++) {
            Random random = new Random(seed);
            TornDevice device = new TornDevice(2 << 20);
            SegmentStore store = new SegmentStore(device, POOL, SEGMENT);
            TreeMap<Key, byte[]> durable = new TreeMap<>();
            CheckpointRoot root = CheckpointRoot.EMPTY;
            for (int round = 0; round < 30; round++) {
                if (random.nextInt(5) == 0) {
                    store.close();
                    device = device.cut(random, random.nextDouble());
                    store = new SegmentStore(device, POOL, SEGMENT);
                    assertSame(load(store, root), durable);
                }
                TreeMap<Key, byte[]> next = new TreeMap<>(durable);
                TornDevice medium = device;
                store.makeRoom(120L * SegmentLayout.charge(4096), r -> medium.force(IoRole.CHECKPOINT));
                root = store.root();
                CheckpointWriter writer = store.begin(store.nextGeneration());
                int puts = random.nextInt(120);
                for (int i = 0; i < puts; i++) {
                    Key key = new Key(random.nextBoolean() ? ObjectKind.NODE : ObjectKind.VERSION, random.nextInt(150));
                    if (random.nextInt(4) == 0) {
                        assertThat(writer.remove(key.kind(), key.id())).isEqualTo(next.remove(key) != null);
                    } else {
                        byte[] bytes = new byte[random.nextInt(4097)];
                        random.nextBytes(bytes);
                        writer.put(key.kind(), key.id(), MemorySegment.ofArray(bytes), bytes.length);
                        next.put(key, bytes);
                    }
                }
                CheckpointRoot sealed = writer.finish();
                if (random.nextInt(5) == 0) {
                    store.close();
                    device = device.cut(random, random.nextDouble());
                    store = new SegmentStore(device, POOL, SEGMENT);
                    assertSame(load(store, root), durable);
                    continue;
                }
                device.force(IoRole.CHECKPOINT);
                store.committed(sealed);
                root = store.root();
                durable = next;
            }
            store.close();
        }
    }
}

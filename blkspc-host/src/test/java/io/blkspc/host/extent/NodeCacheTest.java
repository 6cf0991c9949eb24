package io.blkspc.host.extent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.CorruptSpaceException;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NodeCacheTest {

    private static final long SEED = Long.getLong("blkspc.seed", 42);
    private static final long TAG = TreeFixture.TAG;

    private final HeapNodeStore store = new HeapNodeStore();
    private final MemorySegment image = MemorySegment.ofArray(new byte[NodeFormat.BYTES]);

    @Test
    void aCaptureHoldsTheImagesOfItsMomentAndSettlingItKeepsLaterChanges() {
        NodeCache cache = new NodeCache(store, TAG, 0);
        cache.put(node(1, 10));
        cache.put(node(2, 20));
        Captured captured = cache.capture();
        cache.put(node(2, 21));
        cache.remove(1);
        assertThat(captured.nodeCount()).isEqualTo(2);
        assertThat(content(captured.node(1))).isEqualTo(20);
        apply(captured);
        cache.settle(captured);
        assertThat(content(cache.get(2))).isEqualTo(21);
        assertThat(cache.get(1)).as("the store has it, but it is removed").isNull();
        Captured second = cache.capture();
        assertThat(second.nodeCount()).isEqualTo(1);
        assertThat(second.removedCount()).isEqualTo(1);
        assertThat(second.removedId(0)).isEqualTo(1);
        assertThat(cache.get(1)).isNull();
        apply(second);
        cache.settle(second);
        assertThat(cache.get(1)).isNull();
        assertThat(content(cache.get(2))).isEqualTo(21);
        assertThat(cache.pinnedBytes()).isZero();
    }

    @Test
    void countsFollowTheChangesSinceTheLastCapture() {
        NodeCache cache = new NodeCache(store, TAG, 1 << 20);
        cache.put(node(1, 10));
        cache.put(node(1, 11));
        cache.remove(5);
        assertThat(cache.dirtyCount()).isEqualTo(2);
        assertThat(cache.dirtyBytes()).isEqualTo(node(1, 11).heapBytes());
        cache.remove(1);
        assertThat(cache.dirtyCount()).isEqualTo(2);
        assertThat(cache.dirtyBytes()).isZero();
        cache.put(node(2, 1));
        Captured captured = cache.capture();
        assertThat(cache.dirtyCount()).isZero();
        assertThat(cache.dirtyBytes()).isZero();
        assertThat(captured.nodeCount() + captured.removedCount()).isEqualTo(3);
        assertThat(cache.pinnedBytes()).isEqualTo(node(2, 1).heapBytes());
        cache.settle(captured);
        assertThat(cache.pinnedBytes()).isZero();
        assertThat(cache.cleanBytes()).isEqualTo(node(2, 1).heapBytes());
    }

    @Test
    void aDamagedImageIsReportedToWhoeverAsksForIt() {
        NodeFormat.encode(node(3, 1), TAG + 1, image);
        store.put(3, image);
        NodeCache cache = new NodeCache(store, TAG, 0);
        assertThatThrownBy(() -> cache.get(3)).isInstanceOf(CorruptSpaceException.class);
        assertThat(cache.get(4)).isNull();
    }

    /** Any interleaving of changes, captures, stores and settlements, with memory for almost nothing: always the newest image. */
    @Test
    void readsAreRightUnderATinyBudget() {
        System.out.println("blkspc.seed=" + SEED);
        Random random = new Random(SEED);
        for (long budget : new long[] {0, 16 * 200, 16 * 5_000}) {
            HeapNodeStore images = new HeapNodeStore();
            NodeCache cache = new NodeCache(images, TAG, budget);
            Map<Long, Integer> newest = new HashMap<>();
            Captured open = null;
            boolean stored = false;
            long nextId = 1;
            for (int step = 0; step < 60_000; step++) {
                long id = 1L + random.nextInt(1 + (int) nextId);
                switch (random.nextInt(10)) {
                    case 0, 1, 2 -> {
                        id = random.nextInt(4) == 0 || !newest.containsKey(id) ? nextId++ : id;
                        cache.put(node(id, step));
                        newest.put(id, step);
                    }
                    case 3 -> {
                        if (newest.remove(id) != null) {
                            cache.remove(id);
                        }
                    }
                    case 4 -> {
                        if (random.nextInt(40) != 0) {
                            break;
                        }
                        if (open == null) {
                            open = cache.capture();
                            stored = false;
                        } else if (!stored) {
                            apply(images, open);
                            stored = true;
                        } else {
                            cache.settle(open);
                            open = null;
                            assertThat(cache.cleanBytes()).isLessThanOrEqualTo(budget);
                        }
                    }
                    default -> {
                        Node found = cache.get(id);
                        assertThat(found == null ? null : content(found)).isEqualTo(newest.get(id));
                    }
                }
            }
            if (open != null) {
                apply(images, open);
                cache.settle(open);
            }
            open = cache.capture();
            apply(images, open);
            cache.settle(open);
            assertThat(cache.pinnedBytes()).isZero();
            assertThat(images.size()).isEqualTo(newest.size());
        }
    }

    private void apply(Captured captured) {
        apply(store, captured);
    }

    private void apply(HeapNodeStore target, Captured captured) {
        for (int index = 0; index < captured.nodeCount(); index++) {
            NodeFormat.encode(captured.node(index), TAG, image);
            target.put(captured.node(index).id(), image);
        }
        for (int index = 0; index < captured.removedCount(); index++) {
            target.remove(captured.removedId(index));
        }
    }

    private static Node node(long id, int content) {
        return new Node(
                id, 0, 0, new long[] {1, 0, 0, 0}, new long[] {Entry.extent(0, 1, ExtentRun.WRITTEN, content), 1});
    }

    private static int content(Node node) {
        return (int) Entry.physical(node.word(0));
    }
}

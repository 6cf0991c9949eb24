package io.blkspc.host.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.CorruptSpaceException;
import io.blkspc.host.sim.SimDevice;
import io.blkspc.host.sim.SimDisk;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** A segment area that grows: where everything is then, and that nothing an older root needs is written. */
class SegmentGrowTest {

    private static final int SEGMENT = Images.SEGMENT;

    /** The place of everything after a growth, in numbers: part of the format. */
    @Test
    void layoutIsFrozen() {
        SimDisk disk = Images.disk(1, 1 << 20);
        SimDevice device = disk.device("segments");
        CheckpointRoot root;
        try (SegmentStore store = Images.store(disk)) {
            long live = store.maxLiveBytes() + 1;
            device.grow(store.areaBytesFor(live));
            store.grow(live);
            assertThat(store.isGrown()).isTrue();
            root = store.begin(9).finish();
        }
        assertThat(root)
                .isEqualTo(new CheckpointRoot(9, 0, 8192 + 64 * 16384, 8192, 64, 16384, 1, root.directoryCrc(), 0));
        assertThat(device.sizeBytes()).isEqualTo(8192 + 64 * 16384 + 8192);
        assertThat(new String(device.peek(root.directoryOffset(), 4), StandardCharsets.US_ASCII))
                .isEqualTo("BKDR");
    }

    @Test
    void everyGrowthLiesBehindWhatTheRootBeforeReaches() {
        for (int segment : new int[] {16 << 10, 128 << 10, 1 << 20}) {
            for (long live = 100_000; live < 1L << 36; live *= 7) {
                SegmentLayout old = new SegmentLayout(SegmentLayout.areaBytes(live, segment), segment);
                for (int round = 0; round < 3; round++) {
                    SegmentLayout larger = old.grownFor(old.maxLiveBytes() + 1);
                    assertThat(larger.segmentsOffset()).isEqualTo(old.segmentsOffset());
                    assertThat(larger.maxLiveBytes()).isGreaterThan(old.maxLiveBytes());
                    assertThat(larger.directoryOffset(0)).isGreaterThanOrEqualTo(old.areaBytes());
                    assertThat(larger.directoryOffset(0)).isEqualTo(larger.segmentOffset(larger.segmentCount()));
                    old = larger;
                }
                assertThat(old.grownFor(old.maxLiveBytes())).isSameAs(old);
            }
        }
    }

    @Test
    void newSegmentsAreUsedOnlyAfterTheNewRootIsCommitted() {
        SimDisk disk = Images.disk(1, 1 << 20);
        Map<Images.ObjectKey, byte[]> model = new TreeMap<>();
        try (SegmentStore store = Images.store(disk)) {
            put(store, model, 1, 40);
            long room = store.roomBytes();
            long live = 4 * store.maxLiveBytes();
            disk.device("segments").grow(store.areaBytesFor(live));
            store.grow(live);
            assertThat(store.roomBytes()).isEqualTo(room);
            CheckpointRoot root = put(store, model, 2, 40);
            assertThat(store.roomBytes()).isGreaterThan(3 * room);
            put(store, model, 3, 400);
            assertThat(root.directoryOffset()).isGreaterThan(root.segmentsOffset());
        }
    }

    @Test
    void rootOfAnAreaThatCannotBeIsDamage() {
        SimDisk disk = Images.disk(1, 1 << 20);
        SimDevice device = disk.device("segments");
        long area = 1 << 20;
        for (CheckpointRoot wrong : new CheckpointRoot[] {
            new CheckpointRoot(1, 1, 8192 + 63 * SEGMENT, 8192, 63, SEGMENT, 1, 0, 0), // its directory is cut off
            new CheckpointRoot(1, 1, 1 << 19, 8192, 7, SEGMENT, 1, 0, 0),
            new CheckpointRoot(1, 1, 1 << 19, 8192, -1, SEGMENT, 1, 0, 0),
            new CheckpointRoot(1, 1, 1 << 19, -8192, 20, SEGMENT, 1, 0, 0),
            new CheckpointRoot(1, 1, 1 << 19, 8192, 20, 2 * SEGMENT, 1, 0, 0),
            new CheckpointRoot(1, 1, Long.MAX_VALUE, 1L << 40, 20, SEGMENT, 1, 0, 0),
        }) {
            assertThatThrownBy(() -> {
                        try (SegmentStore store = SegmentStore.of(device, Images.POOL, SEGMENT, area, wrong)) {
                            store.load(wrong, (kind, id, memory, offset, length) -> {});
                        }
                    })
                    .as(wrong.toString())
                    .isInstanceOf(CorruptSpaceException.class);
        }
    }

    private static CheckpointRoot put(
            SegmentStore store, Map<Images.ObjectKey, byte[]> model, int generation, int objects) {
        CheckpointWriter writer = store.begin(generation);
        for (int id = 0; id < objects; id++) {
            Images.put(writer, model, new Images.ObjectKey(ObjectKind.NODE, id), new byte[3000]);
        }
        CheckpointRoot root = writer.finish();
        store.committed(root);
        return root;
    }
}

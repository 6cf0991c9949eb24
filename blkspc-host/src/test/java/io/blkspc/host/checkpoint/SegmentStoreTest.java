package io.blkspc.host.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CorruptSpaceException;
import io.blkspc.api.IoRole;
import io.blkspc.host.checkpoint.Images.ObjectKey;
import io.blkspc.host.sim.Fault;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDevice;
import io.blkspc.host.sim.SimDisk;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class SegmentStoreTest {

    private final Random random = new Random(Images.seed(7));
    private SimDisk disk = Images.disk(1, 4 << 20);
    private final SegmentStore store = Images.store(disk);
    private final Map<ObjectKey, byte[]> model = new TreeMap<>();

    private CheckpointRoot fill(int from, int to, int length) {
        CheckpointWriter writer = store.begin(store.nextGeneration());
        for (int id = from; id < to; id++) {
            Images.put(writer, model, new ObjectKey(ObjectKind.NODE, id), Images.bytes(random, length));
        }
        return finish(writer);
    }

    private CheckpointRoot finish(CheckpointWriter writer) {
        CheckpointRoot root = writer.finish();
        disk.device("segments").force(IoRole.CHECKPOINT);
        store.committed(root);
        return root;
    }

    @Test
    void anEmptyStoreLoadsNothing() {
        assertThat(Images.load(disk, CheckpointRoot.EMPTY)).isEmpty();
        CheckpointRoot root = finish(store.begin(1));
        assertThat(root.objectCount()).isZero();
        assertThat(Images.load(disk, root)).isEmpty();
    }

    @Test
    void imagesOfEveryLengthComeBack() {
        CheckpointWriter writer = store.begin(1);
        for (int length = 0; length <= store.maxValueBytes(); length += length < 40 ? 1 : 61) {
            Images.put(writer, model, new ObjectKey(ObjectKind.VERSION, length), Images.bytes(random, length));
        }
        byte[] most = Images.bytes(random, store.maxValueBytes());
        Images.put(writer, model, new ObjectKey(ObjectKind.POOL, (1L << 56) - 1), most);
        CheckpointRoot root = finish(writer);
        assertThat(Images.same(Images.load(disk, root), model)).isTrue();
        assertThat(store.liveBytes()).isEqualTo(Images.charge(model));
        assertThat(store.objectCount()).isEqualTo(model.size());
    }

    @Test
    void refusesWhatDoesNotFitTheFormat() {
        CheckpointWriter writer = store.begin(1);
        MemorySegment image = MemorySegment.ofArray(new byte[store.maxValueBytes() + 1]);
        assertThatThrownBy(() -> writer.put(ObjectKind.NODE, 1, image, store.maxValueBytes() + 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.put(ObjectKind.NODE, 1L << 56, image, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.put(ObjectKind.NODE, -1, image, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> store.begin(2)).isInstanceOf(IllegalStateException.class);
        writer.put(ObjectKind.NODE, 1, image, 1);
        CheckpointRoot root = writer.finish();
        assertThatThrownBy(() -> writer.put(ObjectKind.NODE, 1, image, 1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> store.begin(2)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> store.committed(CheckpointRoot.EMPTY)).isInstanceOf(IllegalStateException.class);
        store.committed(root);
        assertThatThrownBy(() -> store.begin(1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aCheckpointCostsWhatChangedAndNotWhatThereIs() {
        fill(0, 300, 3100);
        fill(0, 1, 3100);
        fill(0, 1, 3100);
        long before = disk.bytes(IoRole.CHECKPOINT, IoOp.WRITE);
        fill(0, 1, 3100);
        // One image with its table in a segment, and the one directory page.
        assertThat(disk.bytes(IoRole.CHECKPOINT, IoOp.WRITE) - before).isEqualTo(512 + 3584 - 512 + 512 + 4096);
    }

    @Test
    void aStartThatNeedsOnlySomeKindsReadsOnlyThoseImages() {
        fill(0, 400, 4000);
        CheckpointWriter writer = store.begin(store.nextGeneration());
        Images.put(writer, model, new ObjectKey(ObjectKind.POOL, 0), Images.bytes(random, 100));
        CheckpointRoot root = finish(writer);
        long before = disk.bytes(IoRole.CHECKPOINT, IoOp.READ);
        try (SegmentStore again = Images.store(disk)) {
            int[] found = {0};
            again.loadKeys(root, EnumSet.of(ObjectKind.POOL), (kind, id, memory, offset, length) -> {
                assertThat(kind).isEqualTo(ObjectKind.POOL);
                found[0]++;
            });
            assertThat(found[0]).isEqualTo(1);
            assertThat(disk.bytes(IoRole.CHECKPOINT, IoOp.READ) - before)
                    .isLessThan(4096 + (root.writeNumber() + 1) * 1024);
            // It knows every key: it goes on as if it had loaded everything.
            CheckpointWriter next = again.begin(again.nextGeneration());
            for (int id = 0; id < 400; id += 2) {
                Images.remove(next, model, new ObjectKey(ObjectKind.NODE, id));
            }
            Images.put(next, model, new ObjectKey(ObjectKind.NODE, 1), Images.bytes(random, 10));
            root = next.finish();
        }
        assertThat(Images.same(Images.load(disk, root), model)).isTrue();
    }

    @Test
    void loadKeysReadsWholeSegmentsWhenMostOfThemIsWanted() {
        CheckpointRoot root = fill(0, 400, 3100);
        long before = disk.count(IoRole.CHECKPOINT, IoOp.READ);
        try (SegmentStore again = Images.store(disk)) {
            int[] found = {0};
            again.loadKeys(root, EnumSet.of(ObjectKind.NODE), (kind, id, memory, offset, length) -> found[0]++);
            assertThat(found[0]).isEqualTo(400);
        }
        assertThat(disk.count(IoRole.CHECKPOINT, IoOp.READ) - before).isLessThanOrEqualTo(1 + 2 * root.writeNumber());
    }

    @Test
    void whatWasRemovedNeverComesBack() {
        fill(0, 100, 900);
        CheckpointWriter writer = store.begin(store.nextGeneration());
        for (int id = 0; id < 100; id++) {
            Images.remove(writer, model, new ObjectKey(ObjectKind.NODE, id));
            assertThat(writer.remove(ObjectKind.NODE, id)).isFalse();
        }
        CheckpointRoot root = finish(writer);
        assertThat(store.occupiedSegments()).isZero();
        // Many rounds: the segments with the old images are free, some are written again, some are not.
        for (int round = 0; round < 20; round++) {
            assertThat(Images.load(disk, root)).hasSize(model.size());
            root = fill(1000 + round, 1001 + round, 900);
        }
        assertThat(Images.same(Images.load(disk, root), model)).isTrue();
    }

    @Test
    void everyBitFlipIsDetectedOrHarmless() {
        CheckpointWriter writer = store.begin(1);
        for (int id = 0; id < 20; id++) {
            Images.put(writer, model, new ObjectKey(ObjectKind.NODE, id), Images.bytes(random, 20 * id));
        }
        Images.put(writer, model, new ObjectKey(ObjectKind.NODE, 3), Images.bytes(random, 50));
        CheckpointRoot root = finish(writer);
        SimDevice device = disk.device("segments");
        int used = 512 + 4200 + 1024;
        int detected = 0;
        for (long at = 0; at < 4096 + used; at++) {
            long offset = at < 4096 ? at : root.segmentsOffset() + at - 4096;
            int bit = (int) (at % 8);
            device.flipBit(offset, bit);
            try {
                assertThat(Images.same(Images.load(disk, root), model))
                        .as("bit %s of byte %s", bit, offset)
                        .isTrue();
            } catch (CorruptSpaceException e) {
                assertThat(e.code()).isEqualTo(Code.NEEDS_CHECK);
                assertThat(e.offsetBytes()).isLessThanOrEqualTo(offset);
                detected++;
            }
            device.flipBit(offset, bit);
        }
        // Harmless: the dead image (64 bytes with its padding), gaps of up to 7 bytes, what was never written.
        long live = model.values().stream().mapToLong(bytes -> bytes.length).sum();
        assertThat(detected).isEqualTo(4096 + SegmentTable.lengthFor(21) + (int) live);
    }

    @Test
    void everyStaleSectorIsDetectedOrHarmless() {
        fill(0, 12, 1200);
        byte[] old = disk.device("segments").peek(0, 1 << 20);
        CheckpointRoot root = null;
        for (int round = 0; round < 40; round++) {
            root = fill(0, 12, 1200);
        }
        SimDevice device = disk.device("segments");
        byte[] now = device.peek(0, 1 << 20);
        int detected = 0;
        for (int at = 0; at < 1 << 20; at += 512) {
            device.poke(at, java.util.Arrays.copyOfRange(old, at, at + 512));
            try {
                assertThat(Images.same(Images.load(disk, root), model)).isTrue();
            } catch (CorruptSpaceException e) {
                detected++;
            }
            device.poke(at, java.util.Arrays.copyOfRange(now, at, at + 512));
        }
        assertThat(detected).isPositive();
    }

    @Test
    void aDirectoryPageWhoseWriteWasLostIsDetected() {
        fill(0, 12, 1200);
        byte[] slot0 = disk.device("segments").peek(0, 4096);
        fill(0, 12, 1200);
        CheckpointRoot root = fill(0, 12, 1200);
        // The page is intact, of this pool, and of this slot: only the root knows that it is not the right one.
        assertThat(root.directoryOffset()).isZero();
        disk.device("segments").poke(0, slot0);
        assertThatThrownBy(() -> Images.load(disk, root))
                .isInstanceOf(CorruptSpaceException.class)
                .hasMessageContaining("directory page is damaged");
    }

    @Test
    void aSegmentWhoseWriteWasLostIsDetected() {
        fill(0, 12, 1200);
        CheckpointRoot first = store.root();
        byte[] before = disk.device("segments").peek(0, 4 << 20);
        // The very same segment is written twice: by a checkpoint that a crash undid, and by the one after it.
        CheckpointRoot lost = attempt(first, 1);
        byte[] undone = disk.device("segments").peek(0, 4 << 20);
        disk.device("segments").poke(0, before);
        CheckpointRoot kept = attempt(first, 2);
        assertThat(kept.writeNumber()).isEqualTo(lost.writeNumber());
        byte[] now = disk.device("segments").peek(0, 4 << 20);
        assertThat(Images.load(disk, kept)).hasSize(12);
        for (int segment = 0; segment < kept.segmentCount(); segment++) {
            int at = (int) kept.segmentsOffset() + segment * Images.SEGMENT;
            if (!java.util.Arrays.equals(undone, at, at + Images.SEGMENT, now, at, at + Images.SEGMENT)) {
                disk.device("segments").poke(at, java.util.Arrays.copyOfRange(undone, at, at + Images.SEGMENT));
                assertThatThrownBy(() -> Images.load(disk, kept)).isInstanceOf(CorruptSpaceException.class);
                disk.device("segments").poke(at, java.util.Arrays.copyOfRange(now, at, at + Images.SEGMENT));
            }
        }
        assertThat(Images.load(disk, kept)).hasSize(12);
    }

    private CheckpointRoot attempt(CheckpointRoot from, long seed) {
        Random images = new Random(seed);
        try (SegmentStore again = Images.store(disk)) {
            Images.load(again, from);
            CheckpointWriter writer = again.begin(again.nextGeneration());
            for (int id = 0; id < 12; id++) {
                byte[] image = Images.bytes(images, 1200);
                writer.put(ObjectKind.NODE, id, MemorySegment.ofArray(image), image.length);
            }
            return writer.finish();
        }
    }

    @Test
    void anotherPoolOrGeometryIsRefused() {
        CheckpointRoot root = fill(0, 20, 900);
        SimDevice device = disk.device("segments");
        try (SegmentStore other = new SegmentStore(device, new java.util.UUID(1, 2), Images.SEGMENT)) {
            assertThatThrownBy(() -> Images.load(other, root)).isInstanceOf(CorruptSpaceException.class);
        }
        try (SegmentStore other = new SegmentStore(device, Images.POOL, 2 * Images.SEGMENT)) {
            assertThatThrownBy(() -> Images.load(other, root)).isInstanceOf(CorruptSpaceException.class);
            assertThatThrownBy(() -> other.begin(10)).isInstanceOf(BlockSpaceException.class);
        }
    }

    @Test
    void aFailedWriteFailsTheStoreAndLosesNothing() {
        CheckpointRoot root = fill(0, 50, 900);
        for (Fault fault : Fault.values()) {
            for (int nth = 1; nth < 8; nth++) {
                int fails = nth;
                int[] writes = {0};
                disk.faults(event -> event.op() == IoOp.WRITE && ++writes[0] == fails ? fault : null);
                try (SegmentStore again = Images.store(disk)) {
                    Images.load(again, root);
                    CheckpointWriter writer = again.begin(again.nextGeneration());
                    assertThatThrownBy(() -> {
                                for (int id = 0; id < 200; id++) {
                                    writer.put(ObjectKind.NODE, id, MemorySegment.ofArray(new byte[900]), 900);
                                }
                                writer.finish();
                            })
                            .isInstanceOf(BlockSpaceException.class);
                    assertThatThrownBy(() -> again.begin(100))
                            .isInstanceOfSatisfying(
                                    BlockSpaceException.class,
                                    e -> assertThat(e.code()).isEqualTo(Code.FAILED));
                }
                disk.faults(FaultInjector.NONE).reopen();
                assertThat(Images.same(Images.load(disk, root), model)).isTrue();
            }
        }
    }
}

package io.blkspc.host.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CorruptSpaceException;
import io.blkspc.api.IoRole;
import io.blkspc.host.checkpoint.Images.ObjectKey;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** An area filled to the last byte it promises, changed in the worst ways: it never runs out, and copying stays bounded. */
class SegmentChurnTest {

    private final SplittableRandom random = new SplittableRandom(Images.seed(11));
    private SimDisk disk;
    private SegmentStore store;
    private long nextId;
    private final Map<ObjectKey, byte[]> model = new TreeMap<>();
    private long putBytes;

    private void open(int segments) {
        disk = Images.disk(segments, (long) segments * Images.SEGMENT + 16384);
        store = Images.store(disk);
        model.clear();
        nextId = 0;
        putBytes = 0;
    }

    /** Writes a checkpoint that puts the keys again, first making room for all of them. */
    private void rewrite(List<ObjectKey> keys) {
        long charge = 0;
        for (ObjectKey key : keys) {
            charge += SegmentLayout.charge(model.get(key).length);
        }
        store.makeRoom(charge, root -> disk.device("segments").force(IoRole.CHECKPOINT));
        CheckpointWriter writer = store.begin(store.nextGeneration());
        for (ObjectKey key : keys) {
            byte[] image = model.get(key).clone();
            if (image.length > 0) {
                image[random.nextInt(image.length)]++;
            }
            Images.put(writer, model, key, image);
        }
        putBytes += charge;
        CheckpointRoot root = writer.finish();
        disk.device("segments").force(IoRole.CHECKPOINT);
        store.committed(root);
        assertThat(store.roomBytes()).isNotNegative();
        assertThat(store.space().free()).isPositive();
    }

    /** Fills with objects of random sizes until not one more may be promised. */
    private void fillToTheLimit(int smallest, int largest) {
        List<ObjectKey> fresh = new ArrayList<>();
        long live = 0;
        while (true) {
            byte[] image = Images.bytes(random, smallest + random.nextInt(largest - smallest + 1));
            if (live + SegmentLayout.charge(image.length) > store.maxLiveBytes()) {
                break;
            }
            live += SegmentLayout.charge(image.length);
            ObjectKey key = new ObjectKey(ObjectKind.NODE, nextId++);
            model.put(key, image);
            fresh.add(key);
        }
        rewrite(fresh);
        assertThat(store.maxLiveBytes() - store.liveBytes()).isLessThan(SegmentLayout.charge(largest));
    }

    private void assertLoads() {
        assertThat(Images.same(Images.load(disk, store.root()), model)).isTrue();
        assertThat(store.liveBytes()).isEqualTo(Images.charge(model));
    }

    @Test
    void aFullAreaCanBeRewrittenAsAWholeAgainAndAgain() {
        for (int segments : new int[] {8, 9, 12, 33, 100}) {
            open(segments);
            fillToTheLimit(0, store.maxValueBytes());
            for (int round = 0; round < 20; round++) {
                rewrite(List.copyOf(model.keySet()));
            }
            assertLoads();
        }
    }

    @Test
    void aFullAreaStandsAnyMixtureOfSmallAndLargeCheckpoints() {
        for (int segments : new int[] {8, 11, 40, 120}) {
            open(segments);
            fillToTheLimit(0, store.maxValueBytes());
            List<ObjectKey> keys = List.copyOf(model.keySet());
            for (int round = 0; round < 150; round++) {
                double share = Math.pow(random.nextDouble(), 3);
                rewrite(keys.stream().filter(key -> random.nextDouble() < share).toList());
            }
            assertLoads();
        }
    }

    /** The worst there is: of every segment all but one object dies, so that nothing becomes free by itself. */
    @Test
    void aFullAreaStandsAnAdversary() {
        for (int segments : new int[] {12, 40, 120}) {
            open(segments);
            fillToTheLimit(2000, store.maxValueBytes());
            for (int round = 0; round < 60; round++) {
                TreeMap<Integer, List<ObjectKey>> bySegment = new TreeMap<>();
                for (ObjectKey key : model.keySet()) {
                    long location = store.index().get(ObjectIndex.key(key.kind(), key.id()));
                    bySegment
                            .computeIfAbsent(ObjectIndex.segment(location), s -> new ArrayList<>())
                            .add(key);
                }
                List<ObjectKey> dying = new ArrayList<>();
                bySegment.values().forEach(keys -> dying.addAll(keys.subList(1, keys.size())));
                rewrite(dying);
            }
            assertLoads();
        }
    }

    @Test
    void manyTinyCheckpointsDoNotFillTheArea() {
        open(40);
        fillToTheLimit(3000, 3200);
        long before = disk.bytes(IoRole.CHECKPOINT, IoOp.WRITE);
        putBytes = 0;
        int rounds = 2000;
        for (int round = 0; round < rounds; round++) {
            rewrite(List.of(new ObjectKey(ObjectKind.NODE, random.nextLong(nextId))));
        }
        assertLoads();
        // Copying per checkpoint: two segments' worth at the very most; in the long run far less than that.
        long written = disk.bytes(IoRole.CHECKPOINT, IoOp.WRITE) - before - rounds * 4096L;
        System.out.println("tiny checkpoints: bytes written per byte put=" + (double) written / putBytes);
        assertThat(written).isLessThan(6 * putBytes);
    }

    @Test
    void copyingStaysProportionalToChange() {
        open(120);
        fillToTheLimit(3000, 3200);
        List<ObjectKey> keys = List.copyOf(model.keySet());
        putBytes = 0;
        long before = disk.bytes(IoRole.CHECKPOINT, IoOp.WRITE);
        int rounds = 300;
        for (int round = 0; round < rounds; round++) {
            rewrite(keys.stream().filter(key -> random.nextInt(20) == 0).toList());
        }
        long written = disk.bytes(IoRole.CHECKPOINT, IoOp.WRITE) - before - rounds * 4096L;
        System.out.println("random change of 5 %: bytes written per byte put=" + (double) written / putBytes);
        assertThat(written).isLessThan(4 * putBytes);
        assertLoads();
    }

    @Test
    void aBigEmptyAreaStaysDense() {
        open(500);
        for (int id = 0; id < 100; id++) {
            model.put(new ObjectKey(ObjectKind.NODE, nextId++), Images.bytes(random, 3100));
        }
        List<ObjectKey> keys = List.copyOf(model.keySet());
        rewrite(keys);
        for (int round = 0; round < 300; round++) {
            rewrite(keys.stream().filter(key -> random.nextInt(10) == 0).toList());
        }
        long live = store.layout().segmentsFor(store.liveBytes());
        assertThat(store.occupiedSegments()).isLessThanOrEqualTo((int) (2 * live + 8 + 2));
        assertLoads();
    }

    @Test
    void checkpointsOfOneObjectEachAreGathered() {
        open(500);
        for (int id = 0; id < 300; id++) {
            ObjectKey key = new ObjectKey(ObjectKind.NODE, nextId++);
            model.put(key, Images.bytes(random, 3100));
            rewrite(List.of(key));
        }
        // Each had a segment of its own, and none of them ever died.
        long live = store.layout().segmentsFor(store.liveBytes());
        assertThat(store.occupiedSegments()).isLessThanOrEqualTo((int) (2 * live + 8));
        assertLoads();
    }

    @Test
    void putsThatUseAllTheRoomLeaveTheReserve() {
        open(8);
        CheckpointWriter writer = store.begin(store.nextGeneration());
        long room = store.roomBytes();
        int largest = SegmentLayout.charge(store.maxValueBytes());
        for (; room >= largest; room -= largest) {
            byte[] image = Images.bytes(random, store.maxValueBytes());
            Images.put(writer, model, new ObjectKey(ObjectKind.NODE, nextId++), image);
        }
        CheckpointRoot root = writer.finish();
        disk.device("segments").force(IoRole.CHECKPOINT);
        store.committed(root);
        assertThat(store.space().free()).isGreaterThanOrEqualTo(2);
        assertLoads();
    }

    @Test
    void anEvacuationCopiesNoMoreThanItMay() {
        open(40);
        fillToTheLimit(3000, 3200);
        List<ObjectKey> keys = List.copyOf(model.keySet());
        rewrite(keys.stream().filter(key -> random.nextInt(3) == 0).toList());
        for (long budget = 0; budget < store.liveBytes(); budget += 5000) {
            EvacuationPlan plan = store.plan(1000, budget);
            long copied = 0;
            for (int i = 0; i < plan.count(); i++) {
                copied += store.directory().charge(plan.victim(i));
            }
            assertThat(copied).isLessThanOrEqualTo(budget);
        }
        assertThat(store.plan(1000, store.liveBytes()).gain()).isPositive();
    }

    /** A copy gets a new CRC: an image that was damaged before must not become a good one by being moved. */
    @Test
    void aDamagedImageIsNotCopied() {
        open(40);
        fillToTheLimit(3000, 3200);
        List<ObjectKey> keys = List.copyOf(model.keySet());
        rewrite(keys.stream().filter(key -> random.nextInt(3) > 0).toList());
        CheckpointRoot root = store.root();
        int victim = store.plan(1, store.liveBytes()).victim(0);
        long location = keys.stream()
                .mapToLong(key -> store.index().get(ObjectIndex.key(key.kind(), key.id())))
                .filter(at -> ObjectIndex.segment(at) == victim)
                .findFirst()
                .orElseThrow();
        store.reader().readTable(victim);
        int offset = store.reader().table().entryOffset(ObjectIndex.entry(location));
        disk.device("segments").flipBit(store.layout().segmentOffset(victim) + offset + 10, 2);
        assertThatThrownBy(() -> store.makeRoom(store.maxLiveBytes(), flipped -> {}))
                .isInstanceOf(CorruptSpaceException.class)
                .hasMessageContaining("image crc");
        assertThat(store.root()).isEqualTo(root);
        assertThatThrownBy(() -> store.begin(1_000_000)).isInstanceOf(BlockSpaceException.class);
    }

    @Test
    void aFlipThatFailedFailsTheStore() {
        open(40);
        fillToTheLimit(3000, 3200);
        rewrite(List.copyOf(model.keySet()).stream()
                .filter(key -> random.nextInt(3) > 0)
                .toList());
        assertThatThrownBy(() -> store.makeRoom(store.maxLiveBytes(), root -> {
                    throw new BlockSpaceException(Code.IO, "superblock: force failed");
                }))
                .hasMessageContaining("force failed");
        assertThatThrownBy(() -> store.begin(1_000_000))
                .isInstanceOfSatisfying(
                        BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.FAILED));
    }

    @Test
    void moreThanThePromiseEndsWithNoSpaceAndNotWithDamage() {
        open(12);
        fillToTheLimit(3000, 3200);
        assertThatThrownBy(() -> store.makeRoom(100 * store.maxLiveBytes(), root -> {}))
                .isInstanceOfSatisfying(
                        BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.OUT_OF_SPACE));
        rewrite(List.copyOf(model.keySet()));
        assertLoads();
        CheckpointRoot root = store.root();
        CheckpointWriter writer = store.begin(store.nextGeneration());
        assertThatThrownBy(() -> {
                    for (long id = 0; ; id++) {
                        writer.put(
                                ObjectKind.VERSION, id, java.lang.foreign.MemorySegment.ofArray(new byte[3000]), 3000);
                    }
                })
                .isInstanceOfSatisfying(
                        BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.OUT_OF_SPACE));
        assertThat(Images.same(Images.load(disk, root), model)).isTrue();
    }

    @Test
    void theAreaForAPromiseIsLargeEnoughForIt() {
        for (long live = 1; live < 10_000_000; live = live * 3 + 7) {
            for (int size : new int[] {16 << 10, 128 << 10, 1 << 20}) {
                SegmentLayout layout = new SegmentLayout(SegmentLayout.areaBytes(live, size), size);
                assertThat(layout.maxLiveBytes()).isGreaterThanOrEqualTo(live);
            }
        }
    }
}

package io.blkspc.host.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.IoRole;
import io.blkspc.host.checkpoint.Images.ObjectKey;
import io.blkspc.host.journal.Superblock;
import io.blkspc.host.journal.SuperblockStore;
import io.blkspc.host.sim.CutKind;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Random checkpoints with superblock, power cuts at every write and force: what is found is exactly the checkpoint that the
 * superblock names, the last one or the one being written.
 */
class SegmentCrashTest {

    private static final int HISTORIES = Boolean.getBoolean("blkspc.release") ? 4_000 : 40;
    private static final int CHECKPOINTS = 12;
    private static final int KEYS = 60;
    private static final CutKind[] KINDS = CutKind.values();

    private SplittableRandom random;
    private SimDisk disk;
    private SegmentStore segments;
    private SuperblockStore superblocks;
    private Superblock superblock;
    private final Map<Long, Map<ObjectKey, byte[]>> legal = new TreeMap<>();
    private long states;

    @Test
    void everyPowerCutLeavesOneWholeCheckpoint() {
        long first = Images.seed(5000);
        for (long seed = first; seed < first + HISTORIES; seed++) {
            random = new SplittableRandom(seed);
            history();
        }
        System.out.println("crash states=" + states);
        assertThat(states).isGreaterThan((long) HISTORIES * CHECKPOINTS);
    }

    private void history() {
        long live = (long) KEYS * SegmentLayout.charge(4096) / (1 + random.nextInt(3));
        disk = Images.disk(random.nextLong(), SegmentLayout.areaBytes(live, Images.SEGMENT));
        segments = Images.store(disk);
        superblocks = new SuperblockStore(disk.device("superblock"));
        superblock = Superblock.create(Images.POOL);
        legal.clear();
        legal.put(0L, new TreeMap<>());
        superblocks.writeBoth(superblock);
        cutAtEveryIo();
        for (int i = 0; i < CHECKPOINTS; i++) {
            checkpoint();
            if (random.nextInt(4) == 0) {
                restart();
            }
        }
        segments.close();
        superblocks.close();
    }

    private void cutAtEveryIo() {
        disk.faults(event -> {
            if (event.op() != IoOp.READ) {
                check(disk.cut(random, KINDS[random.nextInt(KINDS.length - 1)]));
            }
            return null;
        });
    }

    private void checkpoint() {
        segments.makeRoom(segments.maxLiveBytes(), root -> {
            legal.put(root.generation(), current());
            flip(root);
        });
        Map<ObjectKey, byte[]> next = new TreeMap<>(current());
        CheckpointWriter writer = segments.begin(segments.nextGeneration());
        int changes = random.nextInt(2 * KEYS);
        for (int i = 0; i < changes; i++) {
            ObjectKey key = new ObjectKey(
                    random.nextBoolean() ? ObjectKind.NODE : ObjectKind.DEADLIST, random.nextInt(KEYS / 2));
            byte[] image = Images.bytes(random, random.nextInt(segments.maxValueBytes() + 1));
            long room = segments.maxLiveBytes() - SegmentLayout.charge(image.length);
            if (random.nextInt(4) == 0) {
                Images.remove(writer, next, key);
            } else if (segments.liveBytes() <= room && segments.space().free() > 2) {
                Images.put(writer, next, key, image);
            }
        }
        legal.put(writer.generation(), next);
        flip(writer.finish());
        segments.committed(superblock.checkpointRoot());
        legal.keySet()
                .removeIf(
                        generation -> generation != superblock.checkpointRoot().generation());
    }

    private void flip(CheckpointRoot root) {
        disk.device("segments").force(IoRole.CHECKPOINT);
        superblocks.writeBoth(superblock.checkpointRoot(root));
    }

    /** The newest committed content. */
    private Map<ObjectKey, byte[]> current() {
        return legal.get(segments.root().generation());
    }

    private CheckpointRoot check(SimDisk after) {
        states++;
        CheckpointRoot root;
        try (SuperblockStore store = new SuperblockStore(after.device("superblock"))) {
            root = store.read().superblock().checkpointRoot();
        }
        assertThat(legal).containsKey(root.generation());
        assertThat(root.generation()).isGreaterThanOrEqualTo(segments.root().generation());
        assertThat(Images.same(Images.load(after, root), legal.get(root.generation())))
                .isTrue();
        return root;
    }

    /** Goes on from a crash state. */
    private void restart() {
        disk = disk.cut(random, CutKind.RANDOM);
        segments.close();
        superblocks.close();
        superblocks = new SuperblockStore(disk.device("superblock"));
        superblock = superblocks.read().superblock();
        segments = Images.store(disk);
        Images.load(segments, superblock.checkpointRoot());
        cutAtEveryIo();
    }
}

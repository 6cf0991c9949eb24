package io.blkspc.host.core.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Geometry;
import io.blkspc.api.Quota;
import io.blkspc.api.VolumeInfo;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.check.SpaceCheck;
import io.blkspc.host.core.CrashModel;
import io.blkspc.host.core.CrashModel.Prediction;
import io.blkspc.host.core.EngineFacts;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.sim.CutKind;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** D5 for other sizes: at every IO, in every kind of crash state, a volume has its old size or its new one, and what is in it. */
class ResizeCrashTest {

    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int BLOCKS = 600;
    private static final CutKind[] CUTS = {
        CutKind.NONE, CutKind.ALL, CutKind.ONLY_LAST, CutKind.ALL_BUT_ONE, CutKind.NEWEST_HALF, CutKind.RANDOM
    };

    private final CrashModel model = new CrashModel();
    private final SplittableRandom random = new SplittableRandom(3);
    private final List<SimDisk> images = new ArrayList<>();
    private final List<Prediction> expected = new ArrayList<>();
    private SimDisk disk;
    private HostPool pool;

    private void openPool() {
        InertScheduler inert = new InertScheduler();
        SimDisk fresh = new SimDisk(inert, 1);
        SimPool.create(fresh, inert, SimPool.geometry(8 << 20, 600, 128 << 10), 1);
        disk = fresh.killImage();
        pool = SimPool.on(disk, new InertScheduler(), 1).open();
        model.adopt(pool);
        model.follow(disk);
    }

    private void writeAll(String name, long from, int blocks, int value) {
        byte[] bytes = new byte[BLOCK];
        Arrays.fill(bytes, (byte) value);
        try (BlockSpace space = pool.open(name)) {
            for (long block = from; block < from + blocks; block++) {
                new TestIo(space).write(block * BLOCK, bytes);
                if (block % 16 == 0) {
                    model.follow(disk); // before a checkpoint lets records be overwritten
                }
            }
        }
        model.follow(disk);
    }

    private static void requireAll(HostPool from, String name, int blocks, int value) {
        byte[] bytes = new byte[BLOCK];
        Arrays.fill(bytes, (byte) value);
        try (BlockSpace space = from.open(name)) {
            for (long block = 0; block < blocks; block++) {
                assertThat(new TestIo(space).read(block * BLOCK, BLOCK)).isEqualTo(bytes);
            }
        }
    }

    /** From now on crash states of each moment are kept. */
    private void watch() {
        disk.faults(event -> {
            if (event.op() != IoOp.READ) {
                model.follow(disk);
                keep(disk.killImage());
                keep(disk.cut(random, CUTS[images.size() % CUTS.length]));
                keep(disk.cut(random, CutKind.NONE));
            }
            return null;
        });
    }

    private void keep(SimDisk image) {
        images.add(image);
        expected.add(model.predict(image));
    }

    private interface Look {
        void at(HostPool recovered);
    }

    private void recoverAll(Look look) {
        disk.faults(FaultInjector.NONE);
        model.follow(disk);
        keep(disk.cut(random, CutKind.NONE));
        for (int i = 0; i < images.size(); i++) {
            HostPool recovered =
                    SimPool.on(images.get(i), new InertScheduler(), 7).open();
            model.requireSame(recovered, expected.get(i));
            EngineFacts.requireConsistent(recovered);
            EngineFacts.requireNothingLiveIsFree(recovered);
            assertThat(recovered.inspect(SpaceCheck::run).findings()).isEmpty();
            look.at(recovered);
            recovered.awaitReclaim();
            EngineFacts.requireExact(recovered);
            assertThat(recovered.inspect(SpaceCheck::run).findings()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shrinkingIsDoneOrNotAndItsTailNeverComesBack(boolean guaranteed) {
        openPool();
        pool.create("v", (long) BLOCKS * BLOCK, guaranteed ? Quota.guarantee(Quota.FULL) : Quota.NONE);
        writeAll("v", 0, BLOCKS, 1);
        pool.snapshot(List.of("v@s"));
        writeAll("v", 100, 400, 2); // some of the tail is its own, some is shared
        writeAll("v", 100, 400, 1);
        pool.flush();
        watch();
        pool.resize("v", 150L * BLOCK, true);
        TreeSet<Long> sizes = new TreeSet<>();
        recoverAll(recovered -> {
            VolumeInfo info = recovered.info("v");
            sizes.add(info.sizeBytes() / BLOCK);
            boolean isSmall = info.sizeBytes() == 150L * BLOCK;
            requireAll(recovered, "v", isSmall ? 150 : BLOCKS, 1);
            assertThat(info.quota().guaranteeBytes()).isEqualTo(guaranteed ? info.sizeBytes() : 0);
            recovered.resize("v", (long) BLOCKS * BLOCK, false);
            if (isSmall) {
                try (BlockSpace space = recovered.open("v")) {
                    assertThat(new TestIo(space).read(150L * BLOCK, 450 * BLOCK))
                            .containsOnly(0);
                }
            }
            requireAll(recovered, "v@s", BLOCKS, 1);
        });
        assertThat(sizes).containsExactly(150L, (long) BLOCKS);
        pool.resize("v", 100L * BLOCK, true);
        assertThat(pool.info("v").sizeBytes()).isEqualTo(100L * BLOCK);
    }

    @Test
    void whatWasShrunkIsFrozenAndRolledBackWithoutItsTail() {
        openPool();
        pool.create("v", (long) BLOCKS * BLOCK);
        writeAll("v", 0, BLOCKS, 1);
        watch();
        pool.resize("v", 150L * BLOCK, true);
        recoverAll(recovered -> {
            if (recovered.info("v").sizeBytes() == 150L * BLOCK) { // a tail may be left
                recovered.clone("v", List.of("c"));
                recovered.snapshot(List.of("v@t"));
                assertThat(recovered.info("c").mappedBytes()).isEqualTo(150L * BLOCK);
                assertThat(recovered.info("v@t").mappedBytes()).isEqualTo(150L * BLOCK);
                recovered.rollback("v@t", "k");
                recovered.destroy(List.of("v", "k", "c"), false);
                recovered.awaitReclaim();
                assertThat(recovered.status().allocatedBytes()).isEqualTo(150L * BLOCK);
            }
        });
    }

    @Test
    void growingIsDoneOrNotAndWhatWasAnsweredBeforeIsThere() {
        openPool();
        pool.create("v", 100L * BLOCK, Quota.guarantee(Quota.FULL));
        pool.flush();
        writeAll("v", 0, 100, 1);
        watch();
        pool.resize("v", 200L * BLOCK, false);
        SimDisk last = disk.cut(random, CutKind.NONE);
        TreeSet<Long> sizes = new TreeSet<>();
        recoverAll(recovered -> {
            VolumeInfo info = recovered.info("v");
            sizes.add(info.sizeBytes() / BLOCK);
            assertThat(info.quota().guaranteeBytes()).isEqualTo(info.sizeBytes());
            assertThat(info.reservedBytes()).isEqualTo(info.sizeBytes() - info.exclusiveBytes());
        });
        assertThat(sizes).containsExactly(100L, 200L);
        HostPool recovered = SimPool.on(last, new InertScheduler(), 9).open();
        assertThat(recovered.info("v").sizeBytes()).isEqualTo(200L * BLOCK);
        requireAll(recovered, "v", 100, 1); // without a flush: the command was one
    }

    @Test
    void destroyedWithATailGivesAllBack() {
        openPool();
        pool.create("v", (long) BLOCKS * BLOCK);
        writeAll("v", 0, BLOCKS, 1);
        watch();
        pool.resize("v", 150L * BLOCK, true);
        recoverAll(recovered -> {
            recovered.destroy(List.of("v"), false);
            recovered.awaitReclaim();
            EngineFacts.requireEmpty(recovered);
        });
    }
}

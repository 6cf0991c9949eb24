package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Geometry;
import io.blkspc.api.Quota;
import io.blkspc.api.VolumeInfo;
import io.blkspc.api.contract.Seeds;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDisk;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What a dump and a restore hold at once follows neither the number of versions nor what they map. */
class DumpMemoryTest {

    private static final int EXTENTS = 1_000;
    private static final int CLONES = 20;
    private static final int AT_ONCE = 50;

    private final InertScheduler inert = new InertScheduler();

    /** Clones of a volume that is gone, each with some extents of its own and some given up. */
    private HostPool clones(boolean isSourceVisible, SplittableRandom random) {
        HostPool pool = SimPool.create(
                        new SimDisk(inert, 1), inert, SimPool.geometry(16 << 20, 3_000, 256 << 10), random.nextLong())
                .open();
        pool.create("image", ScatteredExtents.volumeBytes(EXTENTS));
        new ScatteredExtents(pool).write("image", 0, EXTENTS, EXTENTS, true);
        List<String> names = new ArrayList<>();
        for (int i = 0; i < CLONES; i++) {
            names.add("clone" + i);
        }
        if (isSourceVisible) {
            pool.snapshot(List.of("image@golden"));
            pool.clone("image@golden", names, Quota.NONE);
        } else {
            pool.clone("image", names, Quota.NONE);
            pool.destroy(List.of("image"), false);
        }
        byte[] block = new byte
                [Geometry.BLOCK_BYTES]; // whole, as one that was written before and settled since is overwritten in
        // place
        for (String name : names) {
            try (BlockSpace space = pool.open(name)) {
                for (int k = 0; k < 20; k++) {
                    Arrays.fill(block, (byte) k);
                    new TestIo(space).write(random.nextInt(2 * EXTENTS) * 4096L, block);
                    space.discard(random.nextInt(2 * EXTENTS) * 4096L, 4096);
                }
            }
            pool.resize(name, ScatteredExtents.volumeBytes(EXTENTS - random.nextInt(100)), true);
        }
        pool.awaitReclaim();
        return pool;
    }

    @Test
    void clonesOfASnapshotAreDumpedInParts() {
        assertBounded(clones(true, new SplittableRandom(Seeds.next())), CLONES + 2);
    }

    @Test
    void clonesOfWhatHasNoNameAreDumpedInParts() {
        assertBounded(clones(false, new SplittableRandom(Seeds.next())), CLONES);
    }

    private void assertBounded(HostPool pool, int versions) {
        ExtentBudget dumped = new ExtentBudget(AT_ONCE);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        pool.dump(bytes, 77, dumped, _ -> {});
        ExtentBudget read = new ExtentBudget(AT_ONCE);
        HostPool restored = SimPool.restore(
                        new ByteArrayInputStream(bytes.toByteArray()), read, new SimDisk(inert, 3), inert, 4)
                .open();
        System.out.println("extents in memory: versions=" + versions + ", extents of each=" + EXTENTS + ", dump="
                + dumped.mostHeld() + ", restore=" + read.mostHeld());
        assertThat(dumped.mostHeld()).isLessThanOrEqualTo(2 * AT_ONCE); // those of one more version, and those before
        assertThat(read.mostHeld()).isPositive().isLessThanOrEqualTo(AT_ONCE);
        pool.awaitReclaim();
        assertThat(restored.list()).isEqualTo(pool.list()).hasSize(versions);
        for (VolumeInfo info : pool.list()) {
            assertThat(content(restored, info.name())).as(info.name()).isEqualTo(content(pool, info.name()));
        }
    }

    private static byte[] content(HostPool pool, String name) {
        try (BlockSpace space = pool.open(name)) {
            return new TestIo(space).read(0, Math.toIntExact(space.sizeBytes()));
        }
    }
}

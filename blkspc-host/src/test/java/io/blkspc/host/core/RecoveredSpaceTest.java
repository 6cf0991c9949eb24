package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Quota;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.check.SpaceCheck;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDisk;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A recovery counts as free only what no version holds, however the version tree came about. */
class RecoveredSpaceTest {

    private static final int BLOCK = 4096;
    private static final int BLOCKS = 16;
    private static final long FAR = 65_536L * BLOCK; // under another node of the level above

    private final InertScheduler inert = new InertScheduler();

    /**
     * Both children of a branch point have given up the tree, and the reaper has told half of it: blocks and leaves, not yet the
     * root, which a recovery therefore holds for the branch point. A younger version holds the same root, and all below.
     */
    @Test
    void versionKeepsWhatIsBelowANodeThatABranchPointIsStillToGiveUp() {
        SimDisk disk = new SimDisk(inert, 1);
        HostPool pool = SimPool.create(disk, inert, SimPool.geometry(8 << 20, 1_200, 128 << 10), 2)
                .open();
        byte[] bytes = keptBesideABranchPoint(pool);
        EngineFacts.reaperSteps(pool, 2);
        int steps = 0;
        for (; !pool.engine().reaper.isIdle(); steps++) {
            HostPool recovered = SimPool.on(disk.killImage(), inert, 3).open();
            String when = "after steps=" + steps;
            assertThat(recovered.inspect(SpaceCheck::run).findings()).as(when).isEmpty();
            fill(recovered);
            assertThat(read(recovered, "keeper", 0)).as(when).isEqualTo(bytes);
            assertThat(read(recovered, "keeper", FAR)).as(when).isEqualTo(bytes);
            recovered.awaitReclaim();
            EngineFacts.requireExact(recovered);
            pool.engine().reaper.step();
        }
        assertThat(steps).as("kills between steps of the reaper").isGreaterThan(4);
    }

    /** A volume {@code keeper}, made after two others that gave up the same tree; what it holds at 0 and at {@link #FAR}. */
    private static byte[] keptBesideABranchPoint(HostPool pool) {
        byte[] bytes = new byte[BLOCKS * BLOCK];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (1 + i / BLOCK);
        }
        pool.create("v", FAR + BLOCKS * BLOCK);
        write(pool, "v", 0, bytes);
        write(pool, "v", FAR, bytes);
        pool.snapshot(List.of("v@older"));
        pool.snapshot(List.of("v@newer"));
        pool.clone("v@newer", List.of("w"), Quota.NONE);
        pool.clone("v@older", List.of("keeper"), Quota.NONE);
        pool.destroy(List.of("v@older", "v@newer"), false);
        for (String name : List.of("v", "w")) {
            try (BlockSpace space = pool.open(name)) {
                space.discard(0, space.sizeBytes());
            }
        }
        pool.flush();
        return bytes;
    }

    /** Takes every block that is free. */
    private static void fill(HostPool pool) {
        pool.create("filler", 8 << 20);
        byte[] other = new byte[BLOCK];
        Arrays.fill(other, (byte) -1);
        try {
            for (long at = 0; at < 8 << 20; at += BLOCK) {
                write(pool, "filler", at, other);
            }
        } catch (BlockSpaceException full) {
            assertThat(full.code()).isEqualTo(Code.OUT_OF_SPACE);
            return;
        }
        throw new AssertionError("nothing is in use");
    }

    private static void write(HostPool pool, String name, long offset, byte[] bytes) {
        try (BlockSpace space = pool.open(name)) {
            new TestIo(space).write(offset, bytes);
        }
    }

    private static byte[] read(HostPool pool, String name, long offset) {
        try (BlockSpace space = pool.open(name)) {
            return new TestIo(space).read(offset, BLOCKS * BLOCK);
        }
    }
}

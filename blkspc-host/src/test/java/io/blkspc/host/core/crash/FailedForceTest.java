package io.blkspc.host.core.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.core.EngineFacts;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.journal.Superblock;
import io.blkspc.host.journal.SuperblockStore;
import io.blkspc.host.sim.CutKind;
import io.blkspc.host.sim.Fault;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDevice;
import io.blkspc.host.sim.SimDisk;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** R11, D12: the start after a failed force goes by the medium; the page cache still shows what never got there. */
class FailedForceTest {

    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int SEEDS = 20;

    private SimDisk disk;
    private HostPool pool;

    private void open(long seed) {
        InertScheduler inert = new InertScheduler();
        SimDisk fresh = new SimDisk(inert, seed);
        SimPool.create(fresh, inert, SimPool.geometry(1 << 20, 400, 64 << 10), seed);
        disk = fresh.killImage();
        pool = SimPool.on(disk, inert, seed).open();
        pool.create("v", 8L * BLOCK);
    }

    private void failForce(IoRole role, int number) {
        int[] forces = {0};
        disk.faults(
                event -> event.role() == role && event.op() == IoOp.FORCE && ++forces[0] == number ? Fault.EIO : null);
    }

    private static byte[] filled(int value) {
        byte[] bytes = new byte[8 * BLOCK];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    private static byte[] read(HostPool from) {
        try (BlockSpace space = from.open("v")) {
            return new TestIo(space).read(0, 8 * BLOCK);
        }
    }

    /** What is read after the start, and flushed then, is on the medium: a block written in place has no record to tell. */
    @Test
    void whatIsReadAfterwardsIsThereAfterAPowerCut() {
        int lost = 0;
        for (long seed = 1; seed <= SEEDS; seed++) {
            open(seed);
            try (BlockSpace space = pool.open("v")) {
                TestIo io = new TestIo(space);
                io.write(0, filled(1));
                long written = pool.status().sequence();
                while (EngineFacts.durableMark(pool) < written) {
                    pool.backgroundRound();
                }
                io.write(0, filled(2));
                failForce(IoRole.DATA, 1);
                assertThatThrownBy(space::flush).isInstanceOf(BlockSpaceException.class);
            }
            SimDisk killed = disk.killImage();
            HostPool again = SimPool.on(killed, new InertScheduler(), seed).open();
            byte[] found = read(again);
            again.flush();
            SimDisk cut = killed.cut(new SplittableRandom(seed), CutKind.NONE);
            assertThat(read(SimPool.on(cut, new InertScheduler(), seed).open())).isEqualTo(found);
            lost += Arrays.equals(found, filled(2)) ? 0 : 1;
        }
        assertThat(lost).as("forces that lost something").isPositive();
    }

    /** The copy of the superblock that is the newest on the medium is not the one that is written over first. */
    @Test
    void theNewestSuperblockOnTheMediumIsNotWrittenOver() {
        int lost = 0;
        for (int number = 1; number <= 2; number++) {
            for (long seed = 1; seed <= SEEDS; seed++) {
                open(seed);
                failForce(IoRole.SUPERBLOCK, number);
                assertThatThrownBy(pool::checkpoint).isInstanceOf(BlockSpaceException.class);
                SimDisk killed = disk.killImage();
                SimDevice superblock = killed.device("superblock");
                long newest;
                try (var medium = superblock.openMedium()) {
                    newest = generation(new SuperblockStore(medium));
                }
                lost += generation(new SuperblockStore(superblock)) > newest ? 1 : 0;
                long[] first = {-1};
                killed.faults(event -> {
                    if (event.role() == IoRole.SUPERBLOCK && event.op() == IoOp.WRITE && first[0] < 0) {
                        first[0] = event.offsetBytes();
                    }
                    return null;
                });
                SimPool.on(killed, new InertScheduler(), seed).open();
                killed.faults(FaultInjector.NONE);
                assertThat(first[0]).as("seed=%d", seed).isEqualTo(((newest + 1) & 1) * Superblock.LENGTH);
            }
        }
        assertThat(lost).as("forces that lost something").isPositive();
    }

    private static long generation(SuperblockStore store) {
        return store.read().superblock().generation();
    }
}

package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Geometry;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** A tail that waits for room in the journal before it is given up: what others made of its volume meanwhile counts. */
class TailRaceTest {

    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int BLOCKS = 600;
    private static final int LEFT = 150;
    private static final long FULL_BYTES = 52 << 10; // a discard does not fit any more, a rename does

    private SimDisk disk = new SimDisk(new InertScheduler(), 1);
    private HostPool pool;
    private Version version;

    private static byte[] blocks(int count) {
        byte[] bytes = new byte[count * BLOCK];
        Arrays.fill(bytes, (byte) 7);
        return bytes;
    }

    /** A volume that was made smaller by a process that died before it gave the tail up, and a full journal. */
    private void openWithTail() {
        InertScheduler inert = new InertScheduler();
        SimPool.create(disk, inert, SimPool.geometry(8 << 20, 600, 64 << 10), 1);
        pool = SimPool.on(disk, inert, 1).open();
        pool.create("v", (long) BLOCKS * BLOCK);
        pool.create("w0", BLOCK);
        try (BlockSpace space = pool.open("v")) {
            for (long at = 0; at < BLOCKS; at += 50) {
                new TestIo(space).write(at * BLOCK, blocks(50));
            }
        }
        pool.flush();
        SimDisk[] image = new SimDisk[1];
        disk.faults(event -> {
            boolean isShrunk = pool.engine().catalogue.require("v").sizeBytes == (long) LEFT * BLOCK;
            if (isShrunk && image[0] == null && event.op() == IoOp.FORCE) {
                image[0] = disk.killImage();
            }
            return null;
        });
        pool.resize("v", (long) LEFT * BLOCK, true);
        disk = image[0];
        pool = SimPool.on(disk, new InertScheduler(), 2).open();
        version = pool.engine().catalogue.require("v");
        assertThat(version.tailBlocks).isEqualTo(BLOCKS);
        while (pool.status().journalUsedBytes() < FULL_BYTES) {
            pool.rename("w0", "w1");
            pool.rename("w1", "w0");
        }
    }

    /** Runs once while the lock is released, in the checkpoint that makes room. */
    private void meanwhile(Runnable others) {
        disk.faults(event -> {
            if (event.op() == IoOp.FORCE && event.device().name().equals("segments")) {
                disk.faults(FaultInjector.NONE);
                others.run();
            }
            return null;
        });
    }

    @Test
    void whatAnEndedProcessLeftOfItIsGivenUpByTheNext() {
        openWithTail();
        pool.awaitReclaim();
        assertThat(version.tailBlocks).isZero();
        assertThat(pool.info("v").mappedBytes()).isEqualTo((long) LEFT * BLOCK);
        assertThat(pool.status().allocatedBytes()).isEqualTo((long) LEFT * BLOCK);
        EngineFacts.requireExact(pool);
    }

    @Test
    void whatCameAfterItWasGivenUpByAnotherStays() {
        openWithTail();
        // What is mapped there now stands for what was written once another client had given up the tail and grown it.
        meanwhile(() -> {
            version.tailBlocks = 0;
            version.sizeBytes = (long) BLOCKS * BLOCK;
        });
        pool.awaitReclaim();
        try (BlockSpace space = pool.open("v")) {
            for (long at = 0; at < BLOCKS; at += 50) {
                assertThat(new TestIo(space).read(at * BLOCK, 50 * BLOCK)).isEqualTo(blocks(50));
            }
        }
    }

    /** An exception in the background would end all writing. */
    @Test
    void destroyedMeanwhileItIsLeftAlone() {
        openWithTail();
        meanwhile(() -> {
            version.head.closed = true;
            version.name = null;
        });
        pool.awaitReclaim();
        assertThat(pool.info("w0").sizeBytes()).isEqualTo(BLOCK);
    }
}

package io.blkspc.xfsish.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.client.ForwardingSpace;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDisk;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Freed blocks that the space does not take back now, after the record that freed them is durable. */
class RefusedDiscardTest {

    private static final int BYTES = 64 << 10;

    private Space space;
    private FileSystem files;
    private long freeBefore;

    private static final class Space extends ForwardingSpace {
        private Code refusal;
        private int refusals;

        Space(BlockSpace below) {
            super(below);
        }

        @Override
        public void discard(long offsetBytes, long lengthBytes) {
            if (refusals > 0) {
                refusals--;
                throw new BlockSpaceException(refusal, "planted");
            }
            super.discard(offsetBytes, lengthBytes);
        }
    }

    @BeforeEach
    void removeAFile() {
        InertScheduler scheduler = new InertScheduler();
        SimDisk disk = new SimDisk(scheduler, 1);
        SimPool.create(disk, scheduler, SimPool.geometry(8 << 20, 6000, 256 << 10), 1);
        HostPool pool = SimPool.on(disk, scheduler, 2).open();
        pool.create("vol", 4 << 20);
        space = new Space(pool.open("vol"));
        Mkfs.run(space, new Mkfs.Spec(new UUID(1, 1), 5, 0, 300, false));
        files = FileSystemOracleTest.mount(space);
        files.create("/x", 0600);
        freeBefore = files.space().freeBlocks();
        files.write("/x", 0, TreeDriver.segment(new byte[BYTES]), 0, BYTES);
        files.sync();
        files.unlink("/x");
    }

    @AfterEach
    void close() {
        files.shutDown();
    }

    @ParameterizedTest
    @EnumSource(
            value = Code.class,
            names = {"IO", "BUSY", "OUT_OF_BACKING"})
    void theMountGoesOnAndGivesThemBackLater(Code refusal) {
        space.refusal = refusal;
        space.refusals = 1;
        files.sync();
        files.create("/y", 0600);
        assertThat(space.refusals).isZero();
        files.unlink("/y");
        files.checkpoint();
        assertThat(files.space().freeBlocks()).isEqualTo(freeBefore);
        files.close();
        FileSystemOracleTest.clean(space);
    }

    /** What ends the subvolume is said, and from then on that it has ended. */
    @Test
    void aDamagedMapEndsIt() {
        space.refusal = Code.CORRUPT;
        space.refusals = 1;
        assertThatThrownBy(files::sync)
                .isInstanceOfSatisfying(
                        BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.CORRUPT));
        for (Runnable change : new Runnable[] {() -> files.create("/y", 0600), files::sync, files::checkpoint}) {
            assertThatThrownBy(change::run)
                    .isInstanceOfSatisfying(
                            BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.CLOSED));
        }
    }
}

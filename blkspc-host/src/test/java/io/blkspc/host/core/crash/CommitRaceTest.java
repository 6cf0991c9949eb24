package io.blkspc.host.core.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Mapping;
import io.blkspc.api.MappingState;
import io.blkspc.api.PoolStatus;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.core.EngineFacts;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** S6: a commit that waits for room in the journal publishes what its cookie has staged then, and nobody else's. */
class CommitRaceTest {

    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final long AT = 40L * BLOCK;

    private final SimDisk disk = new SimDisk(new InertScheduler(), 1);

    @Test
    void whatWasReturnedWhileItWaitedIsNotPublished() {
        SimPool.create(disk, new InertScheduler(), SimPool.geometry(1 << 20, 400, 64 << 10), 1);
        HostPool pool = SimPool.on(disk, new InertScheduler(), 2).open();
        pool.create("v", 64L * BLOCK);
        byte[] bytes = new byte[BLOCK];
        Arrays.fill(bytes, (byte) 5);
        try (BlockSpace space = pool.open("v")) {
            TestIo io = new TestIo(space);
            for (int i = 0; i < 500 && !EngineFacts.isJournalFull(pool); i++) {
                io.write(i % 16 * (long) BLOCK, bytes);
            }
            Cookie waits = space.reserve(1, BLOCK);
            Cookie other = space.reserve(1, BLOCK);
            Mapping mapping = new Mapping();
            assertThat(space.allocate(waits, AT, BLOCK, mapping)).isEqualTo(Allocation.UNWRITTEN);
            CommitBatch ofWaiting = new CommitBatch().add(AT, BLOCK, 1);
            boolean[] isBeside = {false};
            disk.faults(event -> {
                if (event.role() == IoRole.CHECKPOINT && event.op() == IoOp.FORCE && !isBeside[0]) {
                    isBeside[0] = true;
                    waits.put();
                    assertThat(space.allocate(other, AT, BLOCK, mapping)).isEqualTo(Allocation.UNWRITTEN);
                }
                return null;
            });
            assertThat(TestIo.codeOf(() -> space.commit(waits, CommitType.UNWRITTEN, ofWaiting)))
                    .isEqualTo(Code.OUT_OF_RANGE);
            disk.faults(FaultInjector.NONE);
            assertThat(isBeside[0]).isTrue();
            assertThat(pool.status().state()).isEqualTo(PoolStatus.State.SERVING);
            Mapping seen = new Mapping();
            space.map(AT, BLOCK, seen);
            assertThat(seen.state()).isEqualTo(MappingState.HOLE);

            io.writeDevice(mapping.deviceOffsetBytes(), bytes);
            CommitBatch ofOther = new CommitBatch();
            TestIo.addRanges(ofOther, AT, bytes);
            space.commit(other, CommitType.UNWRITTEN, ofOther);
            other.put();
            assertThat(io.read(AT, BLOCK)).isEqualTo(bytes);
        }
        EngineFacts.requireExact(pool);
    }
}

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
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.core.EngineFacts;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.sim.Fault;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Contract D10: a commit longer than a record, whose second record finds no room. */
class CommitInPartsTest {

    private static final int BLOCKS = 900;
    private static final int BLOCK = Geometry.BLOCK_BYTES;

    private final InertScheduler scheduler = new InertScheduler();
    private final SimDisk disk = new SimDisk(scheduler, 1);
    private final byte[] bytes = new byte[BLOCKS * BLOCK];
    private int journalWrites;

    @Test
    void firstPartIsPublishedAndTheRestIsStillStaged() {
        SimPool.create(disk, scheduler, SimPool.geometry(8 << 20, 400, 64 << 10), 1);
        HostPool pool = SimPool.on(disk, scheduler, 2).open();
        pool.create("v", (long) BLOCKS * BLOCK);
        for (int block = 0; block < BLOCKS; block++) {
            Arrays.fill(bytes, block * BLOCK, (block + 1) * BLOCK, (byte) (1 + block % 100));
        }
        try (BlockSpace space = pool.open("v")) {
            Cookie cookie = space.reserve(4, Geometry.MAX_WINDOW_BYTES);
            CommitBatch all = stage(space, cookie);
            disk.faults(event -> event.role() == IoRole.JOURNAL && event.op() == IoOp.WRITE && ++journalWrites == 2
                    ? Fault.ENOSPC
                    : null);
            assertThat(TestIo.codeOf(() -> space.commit(cookie, CommitType.UNWRITTEN, all)))
                    .isEqualTo(Code.OUT_OF_BACKING);
            disk.faults(FaultInjector.NONE);
            int published = published(space);
            assertThat(published).isBetween(1, BLOCKS - 1);

            CommitBatch rest = new CommitBatch();
            for (int i = published; i < BLOCKS; i++) {
                rest.add(all.offsetBytes(i), all.lengthBytes(i), all.checksum(i));
            }
            space.commit(cookie, CommitType.UNWRITTEN, rest);
            cookie.put();
            assertThat(published(space)).isEqualTo(BLOCKS);
        }
        EngineFacts.requireExact(pool);
        HostPool recovered =
                SimPool.on(disk.killImage().use(scheduler), scheduler, 3).open();
        try (BlockSpace space = recovered.open("v")) {
            assertThat(new TestIo(space).read(0, bytes.length)).isEqualTo(bytes);
        }
        EngineFacts.requireExact(recovered);
    }

    /** One range for each block, so that no record holds them all. */
    private CommitBatch stage(BlockSpace space, Cookie cookie) {
        CommitBatch batch = new CommitBatch();
        new TestIo(space).stageAll(cookie, 0, bytes).forEach(staged -> {
            assertThat(staged.kind()).isEqualTo(Allocation.UNWRITTEN);
            for (long at = staged.offset(); at < staged.offset() + staged.length(); at += BLOCK) {
                TestIo.addRanges(batch, at, Arrays.copyOfRange(bytes, (int) at, (int) at + BLOCK));
            }
        });
        return batch;
    }

    /** Blocks from the first one on that readers see; none behind a block that they do not see. */
    private int published(BlockSpace space) {
        Mapping mapping = new Mapping();
        int seen = 0;
        boolean isBehind = false;
        for (int block = 0; block < BLOCKS; block++) {
            space.map((long) block * BLOCK, BLOCK, mapping);
            boolean isWritten = mapping.state() == MappingState.WRITTEN;
            assertThat(isWritten && isBehind).isFalse();
            isBehind |= !isWritten;
            seen += isWritten ? 1 : 0;
        }
        return seen;
    }
}

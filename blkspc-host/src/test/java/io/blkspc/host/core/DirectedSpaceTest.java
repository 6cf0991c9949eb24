package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.DataChecksum;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Mapping;
import io.blkspc.api.Quota;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.alloc.Ledger.Resource;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDisk;
import io.blkspc.host.sim.Transfers;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a reservation must cover, counted. */
class DirectedSpaceTest {

    private static final int BLOCK = Geometry.BLOCK_BYTES;

    private HostPool pool;

    @BeforeEach
    void open() {
        InertScheduler inert = new InertScheduler();
        SimDisk disk = new SimDisk(inert, 1);
        SimPool.create(disk, inert, SimPool.geometry(1 << 20, 400, 64 << 10), 1);
        pool = SimPool.on(disk, inert, 1).open();
        pool.create("v", 64L * BLOCK);
    }

    private static void commit(BlockSpace space, Cookie cookie, Mapping mapping, long offset) {
        byte[] bytes = new byte[BLOCK];
        long device = mapping.deviceOffsetBytes() + offset - mapping.offsetBytes();
        Transfers.write(space.device(), device, bytes, IoRole.DATA);
        int checksum = new DataChecksum().update(ByteBuffer.wrap(bytes)).value();
        CommitBatch batch = new CommitBatch();
        batch.add(offset, BLOCK, checksum);
        space.commit(cookie, CommitType.UNWRITTEN, batch);
    }

    /** A2: the first write into an empty volume makes a leaf and every node above it; one credit has promised them all. */
    @Test
    void oneCreditPromisesEveryNodeOfItsWindow() {
        try (BlockSpace space = pool.open("v")) {
            Cookie cookie = space.reserve(1, BLOCK);
            long promised = EngineFacts.promisedNodeSlots(pool);
            Mapping mapping = new Mapping();
            assertThat(space.allocate(cookie, 0, BLOCK, mapping)).isEqualTo(Allocation.UNWRITTEN);
            commit(space, cookie, mapping, 0);
            assertThat(EngineFacts.usedNodeSlots(pool)).isEqualTo(4).isLessThanOrEqualTo(promised);
            cookie.put();
            assertThat(EngineFacts.promisedNodeSlots(pool)).isZero();
        }
    }

    /** S11: the last put gives back all that was promised and not used. */
    @Test
    void putGivesBackWhatWasNotUsed() {
        try (BlockSpace space = pool.open("v")) {
            Cookie cookie = space.reserve(5, BLOCK);
            assertThat(EngineFacts.promisedNodeSlots(pool)).isEqualTo(20);
            Mapping mapping = new Mapping();
            assertThat(space.allocate(cookie, 0, BLOCK, mapping)).isEqualTo(Allocation.UNWRITTEN);
            commit(space, cookie, mapping, 0);
            cookie.put();
            assertThat(EngineFacts.promisedNodeSlots(pool)).isZero();
            assertThat(pool.status().reservedBytes()).isZero();
        }
    }

    /** S5: the same cookie is told the same stage again, from the very block it asks for. */
    @Test
    void stageAskedForAgainFromItsMiddleNamesItsMiddle() {
        try (BlockSpace space = pool.open("v")) {
            new TestIo(space).write(0, new byte[2 * BLOCK]);
            pool.snapshot(List.of("v@s"));
            Cookie cookie = space.reserve(1, 2 * BLOCK);
            Mapping first = new Mapping();
            assertThat(space.allocate(cookie, 0, 2 * BLOCK, first)).isEqualTo(Allocation.COW);
            assertThat(first.lengthBytes()).isEqualTo(2 * BLOCK);
            Mapping second = new Mapping();
            assertThat(space.allocate(cookie, BLOCK, BLOCK, second)).isEqualTo(Allocation.COW);
            assertThat(second.deviceOffsetBytes()).isEqualTo(first.deviceOffsetBytes() + BLOCK);
            assertThat(second.sourceDeviceOffsetBytes()).isEqualTo(first.sourceDeviceOffsetBytes() + BLOCK);
            cookie.put();
        }
    }

    /** S7: what is still staged when a volume is frozen will need its nodes once more, and they are promised again. */
    @Test
    void freezePromisesAgainWhatOpenCookiesWillNeed() {
        try (BlockSpace space = pool.open("v")) {
            Cookie cookie = space.reserve(1, 2 * BLOCK);
            Mapping mapping = new Mapping();
            assertThat(space.allocate(cookie, 0, 2 * BLOCK, mapping)).isEqualTo(Allocation.UNWRITTEN);
            assertThat(mapping.lengthBytes()).isEqualTo(2 * BLOCK);
            commit(space, cookie, mapping, 0);
            assertThat(EngineFacts.promisedNodeSlots(pool)).isZero();
            pool.snapshot(List.of("v@s"));
            assertThat(EngineFacts.promisedNodeSlots(pool)).isEqualTo(4);
            commit(space, cookie, mapping, BLOCK);
            assertThat(EngineFacts.usedNodeSlots(pool)).isEqualTo(8);
            cookie.put();
        }
        EngineFacts.requireExact(pool);
    }

    /** Slop that a discard has used up is no reason to refuse what takes nothing of it (D9). */
    @Test
    void guaranteeHoldsWhileSlopIsUsedUp() {
        InertScheduler scheduler = new InertScheduler();
        SimDisk disk = new SimDisk(scheduler, 1);
        SimPool.create(disk, scheduler, SimPool.geometry(16 << 20, 400, 64 << 10), 1);
        pool = SimPool.on(disk, scheduler, 2).open();
        pool.create("whole", 64L * BLOCK, Quota.guarantee(Quota.FULL));
        pool.create("part", 64L * BLOCK, Quota.guarantee(32L * BLOCK)); // each of its reservations asks the ledger
        pool.create("w", 8 << 20);
        try (BlockSpace whole = pool.open("whole");
                BlockSpace part = pool.open("part");
                BlockSpace w = pool.open("w")) {
            Cookie windows = w.reserve(4, Geometry.MAX_WINDOW_BYTES);
            new TestIo(w).write(windows, 0, new byte[4 << 20]);
            windows.put();
            List<Cookie> drain = new ArrayList<>();
            while (pool.engine().ledger.available(Resource.NODE_SLOTS) >= HostCookie.SLOTS_PER_CREDIT) {
                drain.add(w.reserve(1, BLOCK));
            }
            for (int mib = 0; mib < 4; mib++) {
                w.discard((mib << 20) + 7 * BLOCK, BLOCK);
            }
            assertThat(pool.engine().ledger.available(Resource.NODE_SLOTS))
                    .as("each discard needed a leaf")
                    .isNegative();
            new TestIo(whole).write(0, new byte[BLOCK]);
            assertThat(whole.reservable(BLOCK, 0)).isGreaterThanOrEqualTo(63);
            assertThat(part.reservable(BLOCK, 0)).isGreaterThanOrEqualTo(32);
            new TestIo(part).write(0, new byte[BLOCK]);
            assertThat(part.reservable(BLOCK, 0)).isGreaterThanOrEqualTo(31);
            drain.forEach(Cookie::put);
        }
        EngineFacts.requireExact(pool);
    }
}

package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.Mapping;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDisk;
import io.blkspc.host.sim.SimScheduler;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** S8: who waits for a stage that does not end gets BUSY in its time, however much goes on in the pool meanwhile. */
class ClearingPatienceTest {

    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final long SECOND = 1_000_000_000L;

    /** What waits for stages in its range. */
    enum Request {
        DISCARD,
        ZERO,
        UNWRITE,
        PREALLOCATE
    }

    private static void ask(Request request, BlockSpace space, Cookie cookie) {
        switch (request) {
            case DISCARD -> space.discard(0, BLOCK);
            case ZERO -> space.zero(0, BLOCK, false);
            case UNWRITE -> space.zero(0, BLOCK, true);
            case PREALLOCATE -> space.preallocate(cookie, 0, BLOCK);
        }
    }

    /** R13. */
    @ParameterizedTest
    @EnumSource(Request.class)
    void aFullerJournalSlowsThemDownAsItDoesCommits(Request request) {
        InertScheduler scheduler = new InertScheduler();
        SimDisk disk = new SimDisk(scheduler, 1);
        HostPool pool = SimPool.create(disk, scheduler, SimPool.geometry(4 << 20, 400, 1 << 20), 1)
                .open();
        pool.create("v", 16L * BLOCK);
        BlockSpace space = pool.open("v");
        TestIo io = new TestIo(space);
        boolean isSlow = false;
        while (!isSlow) {
            io.write(0, new byte[BLOCK]);
            if (request == Request.PREALLOCATE) {
                space.discard(0, BLOCK);
            }
            Cookie cookie = space.reserve(1, BLOCK);
            long before = scheduler.nanoTime();
            ask(request, space, cookie);
            isSlow = pool.status().journalUsedBytes() > pool.status().journalBytes() / 4 * 3;
            assertThat(scheduler.nanoTime() > before).isEqualTo(isSlow);
            cookie.put();
        }
        long before = scheduler.nanoTime();
        space.discard(BLOCK, BLOCK); // a hole: nothing is added
        assertThat(scheduler.nanoTime()).isEqualTo(before);
    }

    @ParameterizedTest
    @EnumSource(Request.class)
    void waitEndsThoughOthersGoOn(Request request) {
        SimScheduler scheduler = new SimScheduler(1);
        SimDisk fresh = new SimDisk(new InertScheduler(), 1);
        SimPool.create(fresh, new InertScheduler(), SimPool.geometry(4 << 20, 400, 256 << 10), 1);
        HostPool pool =
                SimPool.on(fresh.killImage().use(scheduler), scheduler, 2).open();
        pool.create("v", 16L * BLOCK);
        pool.create("busy", 16L * BLOCK);
        BlockSpace space = pool.open("v");
        Cookie holds = space.reserve(1, BLOCK);
        assertThat(space.allocate(holds, 0, BLOCK, new Mapping())).isEqualTo(Allocation.UNWRITTEN);
        Cookie asks = space.reserve(1, BLOCK);
        boolean[] isOver = {false};
        scheduler.spawn("waits", () -> {
            long begin = scheduler.nanoTime();
            assertThat(TestIo.codeOf(() -> ask(request, space, asks))).isEqualTo(Code.BUSY);
            assertThat(scheduler.nanoTime() - begin).isBetween(WriteGate.PATIENCE_NANOS, 3 * WriteGate.PATIENCE_NANOS);
            isOver[0] = true;
        });
        scheduler.spawn("others", () -> {
            TestIo io = new TestIo(pool.open("busy"));
            for (int i = 0; i < 60; i++) {
                io.write(i % 16 * (long) BLOCK, new byte[BLOCK]);
                scheduler.pause(SECOND);
            }
            assertThat(isOver[0]).isTrue();
        });
        scheduler.run();
        holds.put();
        ask(request, space, asks);
        asks.put();
    }
}

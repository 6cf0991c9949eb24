package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.sim.Fault;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import io.blkspc.host.sim.SimScheduler;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Flushes of several connections share their forces, and none returns with less than what it was called for. */
class GroupCommitTest {

    private static final int CLIENTS = 9;
    private static final long LONG_NANOS = 100_000_000_000L;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void whoComesDuringAForceSharesTheNextOne(long seed) {
        SimScheduler scheduler = new SimScheduler(seed);
        SimDisk fresh = new SimDisk(new InertScheduler(), seed);
        SimPool.create(fresh, new InertScheduler(), SimPool.geometry(4 << 20, 400, 256 << 10), seed);
        SimDisk disk = fresh.killImage().use(scheduler);
        HostPool pool = SimPool.on(disk, scheduler, seed + 1).open();
        List<BlockSpace> connections = new ArrayList<>();
        for (int client = 0; client < CLIENTS; client++) {
            pool.create("v" + client, Geometry.BLOCK_BYTES);
            connections.add(pool.open("v" + client));
        }
        disk.faults(firstForceTakesLong(scheduler));
        long data = disk.count(IoRole.DATA, IoOp.FORCE);
        long journal = disk.count(IoRole.JOURNAL, IoOp.FORCE);
        for (BlockSpace space : connections) {
            scheduler.spawn("client", () -> {
                new TestIo(space).write(0, new byte[Geometry.BLOCK_BYTES]);
                long mine = pool.status().sequence();
                space.flush();
                assertThat(pool.status().durableSequence()).isGreaterThanOrEqualTo(mine);
            });
        }
        scheduler.run();
        disk.faults(FaultInjector.NONE);
        assertThat(disk.count(IoRole.DATA, IoOp.FORCE) - data).isEqualTo(2);
        assertThat(disk.count(IoRole.JOURNAL, IoOp.FORCE) - journal).isBetween(1L, 2L);
    }

    /** So long that all others come meanwhile. */
    private static FaultInjector firstForceTakesLong(SimScheduler scheduler) {
        boolean[] begun = {false};
        return event -> {
            if (event.op() == IoOp.FORCE && event.role() == IoRole.DATA && !begun[0]) {
                begun[0] = true;
                scheduler.pause(LONG_NANOS);
            }
            return (Fault) null;
        };
    }
}

package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.Quota;
import io.blkspc.api.contract.Fixture;
import io.blkspc.api.contract.TestIo;
import io.blkspc.api.contract.TestIo.Staged;
import io.blkspc.host.alloc.Ledger;
import io.blkspc.host.alloc.Ledger.Resource;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A guarantee of a whole volume where what the volume owns is counted too high for a while, and its node slots. */
class WholeGuaranteeTest {

    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int BLOCKS = 64;

    private final InertScheduler inert = new InertScheduler();
    private final SimDisk disk = new SimDisk(inert, 1);
    private HostPool pool;

    private void create(long dataBytes, long nodes) {
        SimPool.create(disk, inert, SimPool.geometry(dataBytes, nodes, 256 << 10), 1);
        pool = SimPool.on(disk, inert, 2).open();
    }

    private void write(String name, long block, int count, int seed) {
        try (BlockSpace space = pool.open(name)) {
            new TestIo(space).write(block * BLOCK, Fixture.bytes(seed, count * BLOCK));
        }
    }

    private Ledger ledger() {
        return pool.engine().ledger;
    }

    /** A merge into the volume whose drops are half sorted: it seems to own what it had replaced. */
    private void sortHalfOfAMerge() {
        pool.create("g", (long) BLOCKS * BLOCK, Quota.guarantee(Quota.FULL));
        write("g", 0, 40, 1);
        pool.snapshot(List.of("g@s"));
        for (int block = 0; block < 40; block += 2) {
            write("g", block, 1, 2);
        }
        pool.flush();
        pool.destroy(List.of("g@s"), false);
        EngineFacts.reaperSteps(pool, 2);
        EngineFacts.stepIntoSort(pool);
    }

    @ParameterizedTest
    @CsvSource({"false,false", "false,true", "true,false", "true,true"})
    void holesHaveTheirBlocksWhileAMergeIsSorted(boolean kills, boolean preallocates) {
        create(1 << 20, 4000);
        sortHalfOfAMerge();
        if (kills) {
            pool.fail(new IllegalStateException("killed"));
            pool = SimPool.on(disk, inert, 3).open();
            assertThat(EngineFacts.isReaping(pool)).isTrue();
        }
        long entries = pool.engine().catalogue.reaping.sortedEntries;
        EngineFacts.reaperSteps(pool, 2);
        long taken = takeAll();
        try (BlockSpace space = pool.open("g")) {
            Cookie cookie = space.reserve(24, BLOCK);
            if (preallocates) {
                space.preallocate(cookie, 40L * BLOCK, 24L * BLOCK);
            } else {
                new TestIo(space).write(cookie, 40L * BLOCK, Fixture.bytes(3, 24 * BLOCK));
            }
            assertThat(pool.engine().catalogue.reaping.sortedEntries)
                    .as("it waited for the reaper")
                    .isEqualTo(entries);
            cookie.put();
            EngineFacts.requireConsistent(pool);
        }
        ledger().unpromise(Resource.DATA_BLOCKS, taken);
        pool.awaitReclaim();
        EngineFacts.requireExact(pool);
    }

    /** All that others could be promised at this moment, without what a reclaim would give back first; returns blocks. */
    private long takeAll() {
        long left = ledger().available(Resource.DATA_BLOCKS);
        assertThat(ledger().tryPromise(left, 0, 0)).isTrue();
        return left;
    }

    /** Between the record of a shrink and the end of its tail: what lies beyond the end is no block of a hole before it. */
    @Test
    void holesHaveTheirBlocksWhileATailIsGivenUp() {
        create(1 << 20, 4000);
        pool.create("g", (long) BLOCKS * BLOCK, Quota.guarantee(Quota.FULL));
        write("g", 0, 16, 1);
        write("g", 32, 32, 2);
        pool.flush();
        AtomicLong taken = new AtomicLong();
        disk.faults(event -> {
            if (event.op() == IoOp.FORCE && taken.get() == 0 && pool.info("g").sizeBytes() == 32L * BLOCK) {
                taken.set(takeAll());
                write("g", 16, 16, 3);
                assertThat(pool.info("g").mappedBytes()).as("its tail is there").isEqualTo(64L * BLOCK);
            }
            return null;
        });
        pool.resize("g", 32L * BLOCK, true);
        disk.faults(FaultInjector.NONE);
        assertThat(taken.get()).isPositive();
        pool.awaitReclaim();
        ledger().unpromise(Resource.DATA_BLOCKS, taken.get());
        EngineFacts.requireExact(pool);
    }

    /** One extent over a whole span has no leaf: a block of it that is redirected needs one, and slop is not for that. */
    @Test
    void aRedirectHasTheLeafThatItCutsAnExtentInto() {
        create(4 << 20, 4000);
        pool.create("g", Geometry.MAX_WINDOW_BYTES, Quota.guarantee(Quota.FULL));
        try (BlockSpace space = pool.open("g")) {
            TestIo io = new TestIo(space);
            Cookie window = space.reserve(1, Geometry.MAX_WINDOW_BYTES);
            io.write(window, 0, new byte[Geometry.MAX_WINDOW_BYTES]);
            window.put();
            Cookie cookie = space.reserve(1, BLOCK);
            Staged staged = io.stage(cookie, 7L * BLOCK, Fixture.bytes(1, BLOCK));
            assertThat(staged.kind()).isEqualTo(Allocation.COW);
            pool.flush(); // what is too much goes back here
            long left = ledger().available(Resource.NODE_SLOTS);
            long used = ledger().used(Resource.NODE_SLOTS);
            assertThat(ledger().tryPromise(0, left, 0)).isTrue();
            io.commit(cookie, staged);
            assertThat(ledger().used(Resource.NODE_SLOTS)).isEqualTo(used + 1);
            assertThat(ledger().available(Resource.NODE_SLOTS)).isNotNegative();
            ledger().unpromise(Resource.NODE_SLOTS, left);
            cookie.put();
        }
        pool.flush();
        EngineFacts.requireExact(pool);
    }
}

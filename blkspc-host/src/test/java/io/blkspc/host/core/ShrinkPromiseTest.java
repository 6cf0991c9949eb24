package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.Quota;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.alloc.Ledger.Resource;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A guarantee through a shrink: what the volume owns beyond its new end says nothing of what it will still have to own. */
class ShrinkPromiseTest {

    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final int LEAF = 256;
    private static final int LEAVES = 24;

    private final SimDisk disk = new SimDisk(new InertScheduler(), 1);
    private HostPool pool;
    private final List<Cookie> taken = new ArrayList<>();

    private void takeAllSlots() {
        BlockSpace other = pool.open("other");
        try {
            while (true) {
                taken.add(other.reserve(1, BLOCK));
            }
        } catch (BlockSpaceException full) {
            assertThat(full.code()).isEqualTo(Code.OUT_OF_SPACE);
        }
    }

    @Test
    void guaranteeIsCoveredWhileItsTailIsGivenUp() {
        InertScheduler inert = new InertScheduler();
        SimPool.create(disk, inert, SimPool.geometry(256 << 20, 400, 256 << 10), 1);
        pool = SimPool.on(disk, inert, 1).open();
        long half = (long) LEAVES * LEAF;
        pool.create("g", 2 * half * BLOCK, Quota.guarantee(Quota.FULL));
        pool.create("other", 64L << 20);
        write("g", 0, half, 1);
        pool.snapshot(List.of("g@s"));
        write("g", half, half, 2); // owned, with direct extents: few nodes
        boolean[] isShrunk = {false};
        disk.faults(event -> {
            if (event.op() == IoOp.FORCE && !isShrunk[0] && pool.info("g").sizeBytes() == half * BLOCK) {
                isShrunk[0] = true;
                pool.engine().persistence.persistPublished(); // what is too much goes back here
                takeAllSlots();
            }
            return null;
        });
        pool.resize("g", half * BLOCK, true);
        disk.faults(FaultInjector.NONE);
        assertThat(taken).isNotEmpty();
        pool.awaitReclaim();
        assertThat(pool.engine().ledger.available(Resource.NODE_SLOTS))
                .as("slop is not for what was guaranteed")
                .isNotNegative();
        EngineFacts.requireConsistent(pool);
        EngineFacts.requireExact(pool);
        try (BlockSpace space = pool.open("g")) {
            for (long at = 0; at < half; at += LEAF) {
                new TestIo(space).write((at + 7) * BLOCK, new byte[BLOCK]);
            }
        }
    }

    private void write(String name, long from, long count, int value) {
        byte[] bytes = new byte[LEAF * BLOCK];
        Arrays.fill(bytes, (byte) value);
        try (BlockSpace space = pool.open(name)) {
            for (long at = from; at < from + count; at += LEAF) {
                Cookie cookie = space.reserve(1, LEAF * BLOCK);
                new TestIo(space).write(cookie, at * BLOCK, bytes);
                cookie.put();
            }
            space.flush();
        }
    }
}

package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.Geometry;
import io.blkspc.api.IoRole;
import io.blkspc.api.Mapping;
import io.blkspc.api.Pool;
import io.blkspc.api.PoolStatus;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.sim.Fault;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.IoOp;
import io.blkspc.host.sim.SimDisk;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Contract D11: a block that the medium does not read fails its reads, every time, is counted, and hurts nobody else. */
class ReadErrorTest {

    private static final int BLOCK = Geometry.BLOCK_BYTES;

    private final InertScheduler scheduler = new InertScheduler();
    private final SimDisk disk = new SimDisk(scheduler, 3);

    private HostPool filled() {
        HostPool pool = SimPool.create(disk, scheduler, SimPool.geometry(1 << 20, 400, 64 << 10), 3)
                .open();
        for (String name : new String[] {"a", "b"}) {
            pool.create(name, 4L * BLOCK);
            try (BlockSpace space = pool.open(name)) {
                new TestIo(space).write(0, bytes(4 * BLOCK, name));
            }
        }
        pool.flush();
        return pool;
    }

    private static byte[] bytes(int length, String name) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) name.charAt(0));
        return bytes;
    }

    /** Checks a pool in which the block at {@code bad} of the device, block 1 of a, cannot be read. */
    private void checkCounts(Pool pool, long bad) {
        disk.faults(event -> event.op() == IoOp.READ
                        && event.role() == IoRole.DATA
                        && event.offsetBytes() <= bad
                        && bad < event.offsetBytes() + event.lengthBytes()
                ? Fault.EIO
                : null);
        assertThat(pool.status().readErrors()).isZero();
        try (BlockSpace a = pool.open("a");
                BlockSpace b = pool.open("b")) {
            TestIo damaged = new TestIo(a);
            for (int n = 1; n <= 3; n++) {
                assertThatThrownBy(() -> damaged.read(BLOCK, BLOCK))
                        .isInstanceOfSatisfying(
                                BlockSpaceException.class,
                                e -> assertThat(e.code()).isEqualTo(BlockSpaceException.Code.IO));
                assertThat(pool.status().readErrors()).isEqualTo(n);
                assertThat(damaged.read(0, BLOCK)).isEqualTo(bytes(BLOCK, "a"));
                assertThat(damaged.read(2 * BLOCK, 2 * BLOCK)).isEqualTo(bytes(2 * BLOCK, "a"));
                assertThat(new TestIo(b).read(0, 4 * BLOCK)).isEqualTo(bytes(4 * BLOCK, "b"));
            }
        }
        assertThat(pool.status().readErrors()).isEqualTo(3);
        assertThat(pool.status().state()).isEqualTo(PoolStatus.State.SERVING);
    }

    private static long placeOf(Pool pool) {
        Mapping mapping = new Mapping();
        try (BlockSpace a = pool.open("a")) {
            a.map(BLOCK, BLOCK, mapping);
        }
        return mapping.deviceOffsetBytes();
    }

    @Test
    void aFailedReadIsCountedAndNothingElseHappens() {
        HostPool pool = filled();
        checkCounts(pool, placeOf(pool));
    }

    @Test
    void aPoolThatIsOnlyReadCountsToo() {
        HostPool pool = filled();
        long bad = placeOf(pool);
        pool.close();
        disk.reopen();
        try (PoolView view = SimPool.on(disk, scheduler, 4).view()) {
            checkCounts(view, bad);
        }
    }
}

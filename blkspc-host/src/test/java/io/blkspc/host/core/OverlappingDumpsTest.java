package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDisk;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** What others do while a pool is dumped: dump it too, destroy what is dumped and fill the pool. */
class OverlappingDumpsTest {

    private final InertScheduler scheduler = new InertScheduler();
    private final CountDownLatch secondIsTaken = new CountDownLatch(1);
    private final CountDownLatch firstHasEnded = new CountDownLatch(1);
    private final ByteArrayOutputStream second = new ByteArrayOutputStream();

    /** Does something before its first byte. */
    private static final class Hooked extends OutputStream {
        private final OutputStream target;
        private Runnable before;

        Hooked(OutputStream target, Runnable before) {
            this.target = target;
            this.before = before;
        }

        @Override
        public void write(int value) {
            throw new UnsupportedOperationException("dumps write by the buffer");
        }

        @Override
        public void write(byte[] from, int offset, int length) throws java.io.IOException {
            Runnable hook = before;
            before = null;
            if (hook != null) {
                hook.run();
            }
            target.write(from, offset, length);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void neitherLeavesSnapshotsOrKeepsThoseOfTheOther() throws Exception {
        HostPool pool = SimPool.create(
                        new SimDisk(scheduler, 1), scheduler, SimPool.geometry(4 << 20, 1_200, 128 << 10), 2)
                .open();
        pool.create("a", 1 << 20);
        try (BlockSpace space = pool.open("a")) {
            new TestIo(space).write(0, new byte[] {1, 2, 3});
        }
        Thread other = new Thread(() -> pool.dump(
                new Hooked(second, () -> {
                    secondIsTaken.countDown();
                    await(firstHasEnded);
                }),
                2,
                words -> {}));
        pool.dump(
                new Hooked(OutputStream.nullOutputStream(), () -> {
                    other.start();
                    await(secondIsTaken);
                }),
                1,
                words -> {});
        firstHasEnded.countDown();
        other.join();
        HostPool restored = SimPool.restore(
                        new ByteArrayInputStream(second.toByteArray()), new SimDisk(scheduler, 3), scheduler, 4)
                .open();
        for (HostPool each : List.of(pool, restored)) {
            assertThat(each.list()).extracting(info -> info.name()).containsExactly("a");
        }
    }

    @Test
    void volumeThatIsDestroyedMeanwhileIsInTheDumpAndItsBlocksAreNobodyElses() throws Exception {
        HostPool pool = SimPool.create(
                        new SimDisk(scheduler, 1), scheduler, SimPool.geometry(4 << 20, 1_200, 128 << 10), 2)
                .open();
        byte[] mine = new byte[256 << 10];
        Arrays.fill(mine, (byte) 1);
        pool.create("a", mine.length);
        write(pool, "a", 0, mine);
        pool.dump(
                new Hooked(second, () -> {
                    pool.destroy(List.of("a"), true);
                    pool.awaitReclaim();
                    fill(pool);
                }),
                1,
                words -> {});
        pool.awaitReclaim();
        assertThat(pool.engine().catalogue.versions()).hasSize(1);
        EngineFacts.requireExact(pool);
        HostPool restored = SimPool.restore(
                        new ByteArrayInputStream(second.toByteArray()), new SimDisk(scheduler, 3), scheduler, 4)
                .open();
        assertThat(restored.list()).extracting(info -> info.name()).containsExactly("a");
        try (BlockSpace space = restored.open("a")) {
            assertThat(new TestIo(space).read(0, mine.length)).isEqualTo(mine);
        }
    }

    /** With another volume, until there is no space left. */
    private static void fill(HostPool pool) {
        pool.create("filler", 8 << 20);
        byte[] other = new byte[64 << 10];
        Arrays.fill(other, (byte) 2);
        for (long at = 0; at < 8 << 20; at += other.length) {
            try {
                write(pool, "filler", at, other);
            } catch (BlockSpaceException full) {
                assertThat(full.code()).isEqualTo(Code.OUT_OF_SPACE);
                return;
            }
        }
        throw new AssertionError("pool was never full");
    }

    private static void write(HostPool pool, String volume, long at, byte[] bytes) {
        try (BlockSpace space = pool.open(volume)) {
            new TestIo(space).write(at, bytes);
        }
    }
}

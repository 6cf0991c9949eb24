package io.blkspc.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.Mapping;
import io.blkspc.api.Pool;
import io.blkspc.api.Quota;
import io.blkspc.api.contract.TestIo;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Contract D18: every thread in a pool on real files is interrupted, all the time, the pool's own too. Nothing is closed by that,
 * nothing fails, and all that was replied is there afterwards.
 */
class InterruptedPoolTest {

    private static final boolean RELEASE = Boolean.getBoolean("blkspc.release");
    private static final int CLIENTS = 3;
    private static final int ROUNDS = RELEASE ? 20_000 : 400;
    private static final int BLOCKS = 64;
    private static final int BLOCK = Geometry.BLOCK_BYTES;

    /** Each so many rounds a client makes a long record, so that the journal fills and checkpoints come. */
    private static final int LONG_RECORD_EVERY = 3;

    private static final long PATIENCE_NANOS = 30_000_000_000L;

    private final AtomicLong mostJournal = new AtomicLong();
    private final AtomicBoolean hadCheckpoint = new AtomicBoolean();

    @TempDir
    private Path directory;

    @Test
    void interruptsOfAllThreadsLoseAndEndNothing() throws Exception {
        Path path = directory.resolve("pool");
        BlockSpaceHost.create(path, new PoolSpec(64 << 20, null, 4 << 20, false, true));
        byte[][] expected = new byte[CLIENTS][BLOCKS];
        AtomicReference<Throwable> failure = new AtomicReference<>();
        AtomicInteger seen = new AtomicInteger();
        try (Pool pool = BlockSpaceHost.open(path, HostConfig.offline())) {
            List<Thread> clients = new ArrayList<>();
            for (int c = 0; c < CLIENTS; c++) {
                int client = c;
                pool.create("v" + c, (long) BLOCKS * BLOCK);
                pool.create("long" + c, Geometry.MAX_WINDOW_BYTES);
                Thread thread = new Thread(() -> seen.addAndGet(work(pool, client, expected[client])), "client" + c);
                thread.setUncaughtExceptionHandler((_, thrown) -> failure.compareAndSet(null, thrown));
                clients.add(thread);
            }
            AtomicBoolean isDone = new AtomicBoolean();
            Thread storm = new Thread(() -> interruptAll(isDone), "storm");
            clients.forEach(Thread::start);
            storm.start();
            for (Thread client : clients) {
                client.join();
            }
            isDone.set(true);
            storm.join();
            assertThat(failure.get()).isNull();
            assertThat(pool.status().state()).hasToString("SERVING");
            pool.flush();
        }
        assertThat(hadCheckpoint).isTrue();
        assertThat(seen.get())
                .as("requests that returned to an interrupted thread")
                .isPositive();
        try (Pool pool = BlockSpaceHost.open(path, HostConfig.offline())) {
            assertThat(pool.status().cleanOpen()).isTrue();
            for (int client = 0; client < CLIENTS; client++) {
                requireContent(pool, "v" + client, expected[client]);
            }
        }
    }

    /** Everything but this test's own threads. */
    private static void interruptAll(AtomicBoolean isDone) {
        Thread self = Thread.currentThread();
        while (!isDone.get()) {
            for (Thread thread : Thread.getAllStackTraces().keySet()) {
                String name = thread.getName();
                if (!thread.equals(self) && (name.startsWith("client") || name.startsWith("blkspc"))) {
                    thread.interrupt();
                }
            }
        }
    }

    /** Returns how often a request left the thread interrupted, as it should. */
    private int work(Pool pool, int client, byte[] expected) {
        SplittableRandom random = new SplittableRandom(client);
        String name = "v" + client;
        int interrupted = 0;
        try (BlockSpace space = pool.open(name)) {
            TestIo io = new TestIo(space);
            for (int round = 0; round < ROUNDS; round++) {
                int block = random.nextInt(BLOCKS);
                byte[] bytes = new byte[BLOCK];
                Arrays.fill(bytes, (byte) (1 + round % 100));
                io.write((long) block * BLOCK, bytes);
                expected[block] = bytes[0];
                switch (random.nextInt(40)) {
                    case 0, 1 -> space.flush();
                    case 2 -> cloneAndDestroy(pool, name, expected, round);
                    case 3 -> {
                        space.discard((long) block * BLOCK, BLOCK);
                        expected[block] = 0;
                    }
                    default -> assertThat(io.read((long) block * BLOCK, 1)).containsExactly(expected[block]);
                }
                if (round % LONG_RECORD_EVERY == 0) {
                    longRecord(pool, "long" + client);
                }
                interrupted += Thread.currentThread().isInterrupted() ? 1 : 0;
            }
        }
        return interrupted;
    }

    /** One range for each block. What the blocks hold is of no matter. */
    private void longRecord(Pool pool, String name) {
        try (BlockSpace space = pool.open(name)) {
            space.discard(0, Geometry.MAX_WINDOW_BYTES);
            Cookie cookie = space.reserve(1, Geometry.MAX_WINDOW_BYTES);
            CommitBatch batch = new CommitBatch();
            Mapping mapping = new Mapping();
            long offset = 0;
            while (offset < Geometry.MAX_WINDOW_BYTES) {
                Allocation kind = space.allocate(cookie, offset, Geometry.MAX_WINDOW_BYTES - offset, mapping);
                if (kind == Allocation.BUSY) {
                    space.awaitUnstaged(offset, PATIENCE_NANOS);
                    continue;
                }
                assertThat(kind).isEqualTo(Allocation.UNWRITTEN);
                for (; offset < mapping.endOffsetBytes(); offset += BLOCK) {
                    batch.add(offset, BLOCK, 0);
                }
            }
            space.commit(cookie, CommitType.UNWRITTEN, batch);
            cookie.put();
        }
        long used = pool.status().journalUsedBytes();
        if (mostJournal.accumulateAndGet(used, Math::max) > used) {
            hadCheckpoint.set(true);
        }
    }

    private static void cloneAndDestroy(Pool pool, String name, byte[] expected, int round) {
        String clone = name + "c" + round;
        try {
            pool.clone(name, List.of(clone), Quota.NONE);
        } catch (BlockSpaceException e) {
            assertThat(e.code()).isEqualTo(Code.BUSY);
            return;
        }
        requireContent(pool, clone, expected);
        pool.destroy(List.of(clone), false);
    }

    private static void requireContent(Pool pool, String name, byte[] expected) {
        try (BlockSpace space = pool.open(name)) {
            byte[] bytes = new TestIo(space).read(0, BLOCKS * BLOCK);
            for (int block = 0; block < BLOCKS; block++) {
                assertThat(bytes[block * BLOCK]).as("%s block=%d", name, block).isEqualTo(expected[block]);
                assertThat(bytes[block * BLOCK + BLOCK - 1]).isEqualTo(expected[block]);
            }
        }
    }
}

package io.blkspc.host.core;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Pool;
import io.blkspc.api.client.SpaceIo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/**
 * Readers with cached extents beside writers that move blocks, in a pool so small that what one volume frees the other takes
 * up at once. Each block says whose it is, which it is, and how often it was written.
 */
class CachedReadersTest implements MemoryHost {

    static final int BLOCK = 4096;
    private static final int BLOCKS = 100; // of one volume: one MiB of the cache
    static final int HOT = 4; // blocks that are read, and written most
    private static final int ROUNDS = 6_000;

    final long seed = Long.getLong("blkspc.seed", System.nanoTime());
    /** By volume and block: the newest write, or discard, that was reported. */
    private final AtomicLongArray reported = new AtomicLongArray(2 * BLOCKS);

    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private volatile boolean done;

    @Test
    void readersSeeNothingOlderThanWhatWasReportedAndNothingOfOthers() throws Exception {
        System.out.println("seed=" + seed);
        try (Pool pool = newPool(1L << 20)) {
            pool.create("v0", BLOCKS * (long) BLOCK);
            pool.create("v1", BLOCKS * (long) BLOCK);
            List<Thread> writers = new ArrayList<>();
            List<Thread> others = new ArrayList<>();
            for (int volume = 0; volume < 2; volume++) {
                int mine = volume;
                writers.add(new Thread(() -> write(pool, mine)));
                others.add(new Thread(() -> read(pool, mine)));
            }
            others.add(new Thread(() -> {
                while (!done) {
                    ((HostPool) pool).backgroundRound();
                    LockSupport.parkNanos(100_000);
                }
            }));
            for (List<Thread> threads : List.of(writers, others)) {
                threads.forEach(thread -> thread.setUncaughtExceptionHandler((ignored, e) -> failure.set(e)));
                threads.forEach(Thread::start);
            }
            for (Thread thread : writers) {
                thread.join();
            }
            done = true;
            for (Thread thread : others) {
                thread.join();
            }
            assertThat(failure.get()).isNull();
            assertConsistent(pool);
        }
    }

    private void write(Pool pool, int volume) {
        SplittableRandom random = new SplittableRandom(seed + volume);
        try (BlockSpace space = pool.open("v" + volume);
                SpaceIo io = SpaceIo.on(space);
                Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(BLOCK, BLOCK);
            for (int round = 1; round <= ROUNDS; round++) {
                int block = random.nextInt(random.nextBoolean() ? HOT : BLOCKS);
                if (random.nextInt(3) == 0) {
                    io.trim(block * (long) BLOCK, BLOCK, false);
                } else {
                    memory.set(JAVA_LONG_UNALIGNED, 0, volume + 1);
                    memory.set(JAVA_LONG_UNALIGNED, 8, block);
                    memory.set(JAVA_LONG_UNALIGNED, 16, round);
                    io.write(block * (long) BLOCK, BLOCK, memory, 0, false);
                }
                reported.set(volume * BLOCKS + block, round);
            }
        }
    }

    /** Until {@link #isDone}: reads blocks and hands what came to {@link #check}. */
    void read(Pool pool, int volume) {
        SplittableRandom random = new SplittableRandom(seed - volume);
        try (BlockSpace space = pool.open("v" + volume);
                SpaceIo io = SpaceIo.batched(space);
                Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(BLOCK, BLOCK);
            int block = 0;
            while (!done) {
                // Several times the same, so that what is cached is used.
                block = random.nextInt(200) == 0 ? random.nextInt(HOT) : block;
                long atLeast = reported.get(volume * BLOCKS + block);
                io.read(block * (long) BLOCK, BLOCK, memory, 0);
                check(memory, volume, block, atLeast);
            }
        }
    }

    void check(MemorySegment memory, int volume, int block, long atLeast) {
        long owner = memory.get(JAVA_LONG_UNALIGNED, 0);
        if (owner != 0) { // else discarded, now or then
            assertThat(owner).as("seed=%d", seed).isEqualTo(volume + 1);
            assertThat(memory.get(JAVA_LONG_UNALIGNED, 8)).as("seed=%d", seed).isEqualTo(block);
            assertThat(memory.get(JAVA_LONG_UNALIGNED, 16)).as("seed=%d", seed).isGreaterThanOrEqualTo(atLeast);
        }
    }

    long reported(int volume, int block) {
        return reported.get(volume * BLOCKS + block);
    }

    boolean isDone() {
        return done;
    }
}

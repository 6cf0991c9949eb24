package io.blkspc.bench.inner;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.Mapping;
import java.util.concurrent.TimeUnit;
import java.util.function.IntToLongFunction;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The first writes of a whole volume, without the data: reserve for 32 blocks, allocate each, commit all in one record, give back
 * what is left. The journal goes to a real file, through the page cache, and is forced in the background as always. One
 * invocation is one volume, because a block is written for the first time once.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class AllocateCommitBench {

    static final int BATCH = 32;

    private static final int BLOCK = 4096;

    @Param("131072")
    private int blocks;

    /** Blocks of one batch follow each other, or lie a MiB and more apart. */
    @Param({"false", "true"})
    private boolean scattered;

    private BenchPool pool;
    private BlockSpace space;
    private Writer writer;
    private int volumes;

    /** Allocates and commits batches. Owned by one thread. */
    static final class Writer {
        private final BlockSpace space;
        private final Mapping mapping = new Mapping();
        private final CommitBatch batch = new CommitBatch();

        Writer(BlockSpace space) {
            this.space = space;
        }

        /** Writes the blocks that {@code block} names for 0 to 31; a block named twice counts once. */
        void writeBatch(IntToLongFunction block) {
            Cookie cookie = space.reserve(BATCH, BLOCK);
            try {
                batch.clear();
                long before = -1;
                for (int i = 0; i < BATCH; i++) {
                    long at = block.applyAsLong(i);
                    if (at != before) {
                        space.allocate(cookie, at * BLOCK, BLOCK, mapping);
                        batch.add(at * BLOCK, BLOCK, i);
                        before = at;
                    }
                }
                space.commit(cookie, CommitType.UNWRITTEN, batch);
            } finally {
                cookie.put();
            }
        }
    }

    @Setup(Level.Trial)
    public void makePool() {
        pool = BenchPool.make(3L * blocks);
    }

    @Setup(Level.Invocation)
    public void makeVolume() {
        String name = "vol-" + volumes++;
        pool.create(name, blocks);
        space = pool.open(name);
        writer = new Writer(space);
    }

    @TearDown(Level.Invocation)
    public void destroyVolume() {
        String name = space.name();
        space.close();
        pool.destroy(name);
    }

    @TearDown(Level.Trial)
    public void end() {
        pool.close();
    }

    @Benchmark
    public long wholeVolume() {
        int batches = blocks / BATCH;
        for (int i = 0; i < batches; i++) {
            int at = i;
            if (scattered) {
                writer.writeBatch(k -> (long) k * batches + at);
            } else {
                writer.writeBatch(k -> (long) at * BATCH + k);
            }
        }
        return space.generation();
    }
}

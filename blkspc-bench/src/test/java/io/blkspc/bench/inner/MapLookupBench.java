package io.blkspc.bench.inner;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import java.util.concurrent.TimeUnit;
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

/** Where one block lies, in a volume whose extents are one block each: every other block is written. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class MapLookupBench {

    private static final long BLOCK = 4096;

    @Param("1000000")
    private int extents;

    private BenchPool pool;
    private BlockSpace space;
    private final Mapping mapping = new Mapping();
    private long state = 1;

    @Setup(Level.Trial)
    public void fill() {
        pool = BenchPool.make(extents + extents / 4);
        pool.create("vol", 2L * extents);
        space = pool.open("vol");
        AllocateCommitBench.Writer writer = new AllocateCommitBench.Writer(space);
        for (long first = 0; first < extents; first += AllocateCommitBench.BATCH) {
            long base = first;
            writer.writeBatch(i -> 2 * Math.min(base + i, extents - 1L));
        }
        pool.settle();
    }

    @TearDown(Level.Trial)
    public void end() {
        space.close();
        pool.close();
    }

    @Benchmark
    public long map() {
        space.map(next(), BLOCK, mapping);
        return mapping.deviceOffsetBytes();
    }

    @Benchmark
    public long mapInsideALease() {
        try (Lease _ = space.readLease()) {
            space.map(next(), BLOCK, mapping);
            return mapping.deviceOffsetBytes();
        }
    }

    /** A block that is written, any one: a step of SplitMix64. */
    private long next() {
        state += 0x9E3779B97F4A7C15L;
        long z = (state ^ (state >>> 30)) * 0xBF58476D1CE4E5B9L;
        return 2 * BLOCK * Math.unsignedMultiplyHigh(z, extents);
    }
}

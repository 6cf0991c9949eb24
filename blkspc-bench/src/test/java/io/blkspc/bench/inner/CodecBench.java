package io.blkspc.bench.inner;

import io.blkspc.nbd.protocol.ChunkHeader;
import io.blkspc.nbd.protocol.NbdCommand;
import io.blkspc.nbd.protocol.OffsetData;
import io.blkspc.nbd.protocol.RequestHeader;
import io.blkspc.nbd.protocol.SimpleReply;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** What a read costs on the wire: its header taken apart, and the head of its answer put together. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class CodecBench {

    private static final int REQUESTS = 32;
    private static final int BLOCK = 4096;

    private final Arena arena = Arena.ofShared();
    private final RequestHeader request = new RequestHeader();
    private final SimpleReply simple = new SimpleReply();
    private final ChunkHeader chunk = new ChunkHeader();
    private final OffsetData data = new OffsetData();
    private MemorySegment in;
    private MemorySegment out;
    private int next;

    @Setup(Level.Trial)
    public void prepare() {
        in = arena.allocate((long) REQUESTS * RequestHeader.BYTES);
        out = arena.allocate((long) REQUESTS * (ChunkHeader.BYTES + OffsetData.BYTES + BLOCK));
        for (int i = 0; i < REQUESTS; i++) {
            request.wrap(in, (long) i * RequestHeader.BYTES)
                    .magic(RequestHeader.MAGIC)
                    .flags(0)
                    .type(NbdCommand.READ)
                    .requestCookie(i)
                    .fromOffset((long) i * BLOCK)
                    .length(BLOCK);
        }
    }

    @TearDown(Level.Trial)
    public void free() {
        arena.close();
    }

    @Benchmark
    public long simpleRead() {
        long length = take();
        simple.wrap(out, at()).magic(SimpleReply.MAGIC).error(0).requestCookie(request.requestCookie());
        return length;
    }

    @Benchmark
    public long structuredRead() {
        long length = take();
        chunk.wrap(out, at())
                .magic(ChunkHeader.MAGIC)
                .flags(ChunkHeader.DONE)
                .type(ChunkHeader.OFFSET_DATA)
                .requestCookie(request.requestCookie())
                .length(OffsetData.BYTES + length);
        data.wrap(out, at() + ChunkHeader.BYTES).atOffset(request.fromOffset());
        return length;
    }

    private long take() {
        next = (next + 1) % REQUESTS;
        request.wrap(in, (long) next * RequestHeader.BYTES);
        if (request.magic() != RequestHeader.MAGIC || request.type() != NbdCommand.READ) {
            throw new IllegalStateException("not what was prepared: magic=" + request.magic());
        }
        return request.length();
    }

    private long at() {
        return (long) next * (ChunkHeader.BYTES + OffsetData.BYTES + BLOCK);
    }
}

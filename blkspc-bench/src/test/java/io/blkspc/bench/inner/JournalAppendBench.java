package io.blkspc.bench.inner;

import io.blkspc.host.device.BackingDevice;
import io.blkspc.host.device.FileBlockDevice;
import io.blkspc.host.device.MemoryBlockDevice;
import io.blkspc.host.journal.Journal;
import io.blkspc.host.journal.RecordType;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
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

/** One record into the ring: checksum and one device write. In memory it is the code alone, in a file the kernel's part too. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class JournalAppendBench {

    private static final long RING_BYTES = 16L << 20;

    /** Of a batch of 32 blocks that lie apart, and the longest. */
    @Param({"1000", "1048576"})
    private int payloadBytes;

    @Param({"memory", "file"})
    private String device;

    private final Arena arena = Arena.ofShared();
    private MemorySegment payload;
    private BackingDevice ring;
    private Path file;
    private Journal journal;

    @Setup(Level.Trial)
    public void open() throws IOException {
        payload = arena.allocate(payloadBytes);
        if (device.equals("memory")) {
            ring = new MemoryBlockDevice(RING_BYTES);
        } else {
            file = Files.createTempFile("blkspc-journal-", ".bench");
            try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
                access.setLength(RING_BYTES);
            }
            ring = FileBlockDevice.open(file);
        }
        journal = Journal.open(ring, new UUID(1, 2), 3, 0, 1, 0, 0);
    }

    @TearDown(Level.Trial)
    public void close() throws IOException {
        journal.close();
        ring.close();
        if (file != null) {
            Files.delete(file);
        }
        arena.close();
    }

    @Benchmark
    public long append() {
        if (!journal.fits(payloadBytes)) {
            journal.releaseUpTo(journal.lastSequence());
        }
        return journal.append(RecordType.EXTENTS, payload, payloadBytes, 0, 0);
    }
}

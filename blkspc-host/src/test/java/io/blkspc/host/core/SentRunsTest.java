package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Pool;
import io.blkspc.api.client.RunSink;
import io.blkspc.api.client.SpaceIo;
import io.blkspc.host.device.BackingDevice;
import io.blkspc.host.device.FileBlockDevice;
import io.blkspc.host.device.SocketPair;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run that is sent from the page cache has the bytes it had when it was looked up, whoever wants its blocks meanwhile. */
class SentRunsTest implements MemoryHost {

    private static final int HEAD_BYTES = 20;
    private static final int MIB = 1 << 20;
    private static final int SIZE = 8 * MIB;

    @TempDir
    Path directory;

    private Pool pool;
    private BlockSpace space;
    private SpaceIo io;
    private Arena arena;
    private MemorySegment memory;
    private SocketPair sockets;
    private final byte[] content = new byte[SIZE];

    /** Sends to the pair; what happens while the client is waited for is up to the test. */
    private final class Sink implements RunSink {
        private final ByteArrayOutputStream received = new ByteArrayOutputStream();
        private Runnable whileWaiting = () -> {};
        private boolean isPatient = true;
        private long run;
        private long sent;

        @Override
        public int descriptor() {
            return sockets.sender();
        }

        @Override
        public MemorySegment memory() {
            return memory;
        }

        @Override
        public int headBytes() {
            return HEAD_BYTES;
        }

        @Override
        public void head(long length) {
            run = length;
            memory.asSlice(0, HEAD_BYTES).fill((byte) 7);
        }

        @Override
        public void sent(long bytes) {
            sent += bytes;
        }

        @Override
        public boolean awaitRoom() {
            whileWaiting.run();
            whileWaiting = () -> {};
            if (isPatient) {
                take();
            }
            return isPatient;
        }

        void take() {
            try {
                received.write(sockets.take());
            } catch (Throwable e) {
                throw new AssertionError(e);
            }
        }

        /** What a client gets in all. */
        byte[] data() {
            take();
            byte[] rest = memory.asSlice(sent, HEAD_BYTES + run - sent).toArray(ValueLayout.JAVA_BYTE);
            received.writeBytes(rest);
            byte[] all = received.toByteArray();
            assertThat(all).hasSize((int) (HEAD_BYTES + run));
            return Arrays.copyOfRange(all, HEAD_BYTES, all.length);
        }
    }

    /** Of a file, so that there is a page cache. */
    @Override
    public BackingDevice newData(long dataBytes) {
        Path path = directory.resolve("data");
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(dataBytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return FileBlockDevice.open(path);
    }

    @BeforeEach
    void start() throws Throwable {
        pool = newPool(16L << 20);
        pool.create("a", SIZE);
        space = pool.open("a");
        io = SpaceIo.batched(space);
        arena = Arena.ofConfined();
        memory = arena.allocate(SIZE + HEAD_BYTES, 4096);
        sockets = new SocketPair();
        new Random(1).nextBytes(content);
        write(io, content);
        for (int i = 0; i < 4; i++) {
            send(0, SIZE);
        }
        assumeTrue(send(0, SIZE) != null, "nothing is sent here: see CacheWindowsTest");
    }

    @AfterEach
    void stop() {
        sockets.close();
        io.close();
        space.close();
        pool.close();
        arena.close();
    }

    private static void write(SpaceIo io, byte[] bytes) {
        try (Arena own = Arena.ofConfined()) {
            io.write(0, bytes.length, own.allocateFrom(ValueLayout.JAVA_BYTE, bytes), 0, false);
        }
    }

    /** Sends what is stored. The kernel may drop a page at any moment; then it is not sent before it was read again. */
    private long sendRun(long offset, long length, boolean isWhole, Sink sink) {
        long run = io.sendRun(offset, length, isWhole, sink);
        try (Arena own = Arena.ofConfined()) {
            MemorySegment read = own.allocate(length);
            for (int i = 0; i < 20 && run == 0; i++) {
                io.read(offset, length, read, 0);
                run = io.sendRun(offset, length, isWhole, sink);
            }
        }
        return run;
    }

    private byte[] send(long offset, long length) {
        Sink sink = new Sink();
        return io.sendRun(offset, length, false, sink) == 0 ? null : sink.data();
    }

    @Test
    void blocksThatAreFreedWhileTheClientIsWaitedForAreNotReusedBeforeTheyWereRead() {
        Sink sink = new Sink();
        sink.isPatient = false;
        sink.whileWaiting = this::freeAndFill;
        long run = sendRun(0, SIZE, false, sink);
        assertThat(sink.sent).isBetween(1L, run);
        assertThat(Arrays.mismatch(sink.data(), Arrays.copyOf(content, (int) run)))
                .isEqualTo(-1);
        freeAndFill(); // no lease is left
        assertThat(send(0, SIZE)).isNull();
        assertThat(pool.info("b").mappedBytes()).isGreaterThan(10L << 20);
    }

    /** Gives all blocks of the volume back, and writes another one until the pool is full. */
    private void freeAndFill() {
        byte[] other = new byte[128 << 10];
        Arrays.fill(other, (byte) 0x55);
        try (BlockSpace again = pool.open("a")) {
            again.discard(0, SIZE);
            again.flush();
        }
        if (pool.list().stream().noneMatch(volume -> volume.name().equals("b"))) {
            pool.create("b", 16L << 20);
        }
        try (BlockSpace b = pool.open("b");
                SpaceIo writes = SpaceIo.on(b);
                Arena own = Arena.ofConfined()) {
            MemorySegment source = own.allocateFrom(ValueLayout.JAVA_BYTE, other);
            for (long at = 0; at < b.sizeBytes(); at += other.length) {
                writes.write(at, other.length, source, 0, false);
            }
        } catch (BlockSpaceException full) {
            assertThat(full.code()).isIn(Code.OUT_OF_SPACE, Code.BUSY); // busy: what is freed is waited for
        }
    }

    @Test
    void allBytesArriveWhateverTheRange() {
        Random random = new Random(2);
        for (int i = 0; i < 100; i++) {
            int length = SpaceIo.MIN_SENT_BYTES + random.nextInt(2 * MIB);
            int offset = random.nextInt(SIZE - length);
            Sink sink = new Sink();
            assertThat(sendRun(offset, length, false, sink)).isPositive();
            byte[] got = sink.data();
            assertThat(Arrays.mismatch(got, Arrays.copyOfRange(content, offset, offset + got.length)))
                    .as("offset=%s, length=%s", offset, length)
                    .isEqualTo(-1);
        }
    }

    @Test
    void aRunEndsAtAHoleAndWhatMustBeWholeIsNotSentThen() {
        space.discard(2L * MIB, MIB);
        assertThat(sendRun(MIB, 4L * MIB, false, new Sink())).isEqualTo(MIB);
        assertThat(io.sendRun(MIB, 4L * MIB, true, new Sink())).isZero();
        assertThat(io.sendRun(2L * MIB, MIB, false, new Sink())).isZero();
        assertThat(sendRun(MIB, MIB, true, new Sink())).isEqualTo(MIB);
    }

    @Test
    void shortRunsAreNotSent() {
        assertThat(io.sendRun(0, SpaceIo.MIN_SENT_BYTES - 1, false, new Sink())).isZero();
    }
}

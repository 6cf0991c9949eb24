package io.blkspc.host.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.blkspc.api.IoRole;
import io.blkspc.api.ReadQueue;
import io.blkspc.api.contract.SteadyHeap;
import io.blkspc.host.sim.Transfers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads through the kernel's own io_uring, around the page cache; skipped where it is refused. */
class UringTest {

    private static final int BLOCK = 4096;
    private static final int DEPTH = 32;
    private static final int SIZE = 8 << 20;

    private final long seed = Long.getLong("blkspc.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final byte[] content = new byte[SIZE];
    private final MemorySegment memory = Arena.ofAuto().allocate((long) DEPTH * 16 * BLOCK, BLOCK);

    @TempDir
    Path directory;

    private Path path;

    @BeforeEach
    void write() throws Exception {
        System.out.println("seed=" + seed);
        random.nextBytes(content);
        path = Files.write(directory.resolve("data"), content);
    }

    private ReadQueue open(FileBlockDevice device) {
        assumeTrue(device.cacheMode() == CacheMode.DIRECT, "skipped: no O_DIRECT at " + path);
        ReadQueue queue = device.openReadQueue(DEPTH);
        assumeTrue(queue != null, "skipped: no io_uring");
        return queue;
    }

    @Test
    void everyReadHasTheBytesOfItsPlace() {
        try (FileBlockDevice device = FileBlockDevice.open(path, CacheMode.DIRECT);
                ReadQueue queue = open(device)) {
            int[] offsets = new int[DEPTH];
            int[] lengths = new int[DEPTH];
            int begun = 0;
            for (int done = 0; done < 3000; ) {
                for (int tag = 0; tag < DEPTH; tag++) {
                    if (lengths[tag] == 0 && begun < 3000 && random.nextInt(4) > 0) {
                        lengths[tag] = BLOCK * (1 + random.nextInt(16));
                        offsets[tag] = random.nextInt((SIZE - lengths[tag]) / BLOCK) * BLOCK;
                        queue.read(tag, offsets[tag], memory, tag * 16L * BLOCK, lengths[tag], IoRole.DATA);
                        begun++;
                    }
                }
                queue.await(-1);
                for (int tag = queue.poll(); tag != ReadQueue.NONE; tag = queue.poll()) {
                    assertThat(queue.failure()).isNull();
                    assertThat(memory.asSlice(tag * 16L * BLOCK, lengths[tag])
                                    .mismatch(MemorySegment.ofArray(content).asSlice(offsets[tag], lengths[tag])))
                            .as("seed=%s", seed)
                            .isEqualTo(-1);
                    lengths[tag] = 0;
                    done++;
                }
            }
        }
    }

    @Test
    void whatWasJustWrittenIsRead() {
        try (FileBlockDevice device = FileBlockDevice.open(path, CacheMode.DIRECT);
                ReadQueue queue = open(device)) {
            byte[] bytes = new byte[BLOCK];
            random.nextBytes(bytes);
            Transfers.write(device, 8 * BLOCK, bytes, IoRole.DATA);
            queue.read(0, 8 * BLOCK, memory, 0, BLOCK, IoRole.DATA);
            queue.await(-1);
            assertThat(queue.poll()).isZero();
            assertThat(memory.asSlice(0, BLOCK).mismatch(MemorySegment.ofArray(bytes)))
                    .isEqualTo(-1);
        }
    }

    @Test
    void bytesToReceiveEndTheWait() throws Exception {
        // The other end of a pipe has bytes, while a read of a fifo that nobody writes to is under way for ever.
        Path fifo = directory.resolve("fifo");
        Path watchedFifo = directory.resolve("watched");
        for (Path made : new Path[] {fifo, watchedFifo}) {
            assumeTrue(new ProcessBuilder("mkfifo", made.toString()).start().waitFor() == 0, "skipped: no mkfifo");
        }
        PosixFile never = PosixFile.open(fifo, Posix.O_RDWR, 0);
        PosixFile watched = PosixFile.open(watchedFifo, Posix.O_RDWR, 0);
        try (Uring ring = openRing()) {
            ring.watch(never.fd(), 1);
            ring.watch(watched.fd(), 2);
            ring.enter(0);
            assertThat(ring.next()).isFalse();
            try (var out = Files.newByteChannel(watchedFifo, java.nio.file.StandardOpenOption.WRITE)) {
                out.write(ByteBuffer.wrap(new byte[1]));
                ring.enter(1);
            }
            assertThat(ring.next()).isTrue();
            assertThat(ring.userData()).isEqualTo(2);
            assertThat(ring.result() & ReadRing.POLL_IN).isEqualTo(ReadRing.POLL_IN);
        } finally {
            never.close();
            watched.close();
        }
    }

    private static Uring openRing() {
        try {
            return Uring.open(4);
        } catch (io.blkspc.api.BlockSpaceException e) {
            assumeTrue(false, "skipped: " + e.getMessage());
            throw e;
        }
    }

    @Test
    void readsAllocateNothing() {
        try (FileBlockDevice device = FileBlockDevice.open(path, CacheMode.DIRECT);
                ReadQueue queue = open(device)) {
            long allocated = SteadyHeap.ofThisThread(2000, () -> {
                for (int i = 0; i < 2000 / DEPTH; i++) {
                    batch(queue);
                }
            });
            assertThat(allocated).as("bytes for 2,000 reads").isLessThanOrEqualTo(2000);
        }
    }

    private void batch(ReadQueue queue) {
        for (int tag = 0; tag < DEPTH; tag++) {
            queue.read(tag, tag * 8L * BLOCK, memory, tag * 16L * BLOCK, BLOCK, IoRole.DATA);
        }
        for (int done = 0; done < DEPTH; ) {
            queue.await(-1);
            while (queue.poll() != ReadQueue.NONE) {
                done++;
            }
        }
    }

    @Test
    void whereTheKernelRefusesReadsWaitAsBefore() {
        PosixFile file = PosixFile.open(path, Posix.O_RDWR, 0);
        QueuedReading none = QueuedReading.tryFor(file, depth -> {
            throw Errno.failure("refused", 1, "call=io_uring_setup");
        });
        assertThat(none).isNull();
        try (FileBlockDevice device = new FileBlockDevice(file, null, path, SIZE, true, none)) {
            assertThat(device.openReadQueue(DEPTH)).isNull();
            assertThat(Transfers.read(device, 4096, 3, IoRole.DATA))
                    .containsExactly(content[4096], content[4097], content[4098]);
        }
    }

    @Test
    void whereThereIsNoRoomForOneMoreQueueTheOthersGoOn() {
        try (FileBlockDevice device = FileBlockDevice.open(path, CacheMode.DIRECT)) {
            open(device).close();
            PosixFile file = PosixFile.open(path, Posix.O_RDWR, 0);
            int[] opened = {0};
            QueuedReading reading = QueuedReading.tryFor(file, depth -> {
                if (opened[0]++ > 0) {
                    throw Errno.failure("refused", Errno.ENOMEM, "call=io_uring_setup");
                }
                return Uring.open(depth);
            });
            try (FileBlockDevice second = new FileBlockDevice(file, null, path, SIZE, true, reading)) {
                assertThat(reading).isNotNull();
                assertThat(second.openReadQueue(DEPTH)).isNull();
            }
        }
    }

    @Test
    void throughThePageCacheNothingIsQueued() {
        try (FileBlockDevice device = FileBlockDevice.open(path)) {
            assertThat(device.openReadQueue(DEPTH)).isNull();
        }
    }
}

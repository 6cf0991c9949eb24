package io.blkspc.host.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.blkspc.api.IoRole;
import io.blkspc.api.Transfer;
import io.blkspc.api.contract.SteadyHeap;
import io.blkspc.host.sim.Transfers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Everything a device does, around the page cache; and what only such a device can get wrong. */
class DirectDeviceTest extends FileBlockDeviceTest {

    private final long seed = Long.getLong("blkspc.seed", System.nanoTime());

    @Override
    FileBlockDevice open(Path file) {
        FileBlockDevice device = FileBlockDevice.open(file, CacheMode.DIRECT);
        boolean isDirect = device.cacheMode() == CacheMode.DIRECT;
        if (!isDirect) {
            device.close();
        }
        assumeTrue(isDirect, "skipped: no O_DIRECT at " + file);
        return device;
    }

    @Override
    int rounds() {
        return 150;
    }

    @Override
    @Test
    void readCachedFindsWhatWasJustWritten() {
        try (FileBlockDevice device = open(path)) {
            Transfers.write(device, 4096, new byte[] {1, 2, 3}, IoRole.DATA);
            assertThat(device.readCached(Transfers.of(4096, new byte[3]), IoRole.DATA))
                    .isFalse();
            assertThat(Transfers.read(device, 4096, 3, IoRole.DATA)).containsExactly(1, 2, 3);
        }
    }

    @Test
    void anyMixOfOffsetsLengthsAndMemoryIsWrittenAndReadExactly() throws Exception {
        System.out.println("seed=" + seed);
        Random random = new Random(seed);
        byte[] model = new byte[SIZE];
        try (FileBlockDevice device = open(path);
                Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(SIZE, 4096);
            for (int i = 0; i < 300; i++) {
                int unit = random.nextBoolean() ? 4096 : random.nextBoolean() ? 512 : 1;
                int length = Math.max(unit, random.nextInt(random.nextInt(8) == 0 ? SIZE / 2 : 20_000) / unit * unit);
                int offset = random.nextInt(SIZE - length + 1) / unit * unit;
                int start = random.nextBoolean() ? 0 : random.nextInt(1 + (SIZE - length) / 8);
                int cut = random.nextBoolean() ? 0 : random.nextInt(length + 1);
                Transfer transfer = new Transfer().reset(offset);
                transfer.add(memory, start, cut).add(memory, start + cut, length - cut);
                if (random.nextInt(3) > 0) {
                    byte[] bytes = new byte[length];
                    random.nextBytes(bytes);
                    MemorySegment.copy(MemorySegment.ofArray(bytes), 0, memory, start, length);
                    device.write(transfer, IoRole.DATA);
                    System.arraycopy(bytes, 0, model, offset, length);
                } else {
                    device.read(transfer, IoRole.DATA);
                    assertThat(memory.asSlice(start, length)
                                    .mismatch(MemorySegment.ofArray(model).asSlice(offset, length)))
                            .as("seed=%s step=%s", seed, i)
                            .isEqualTo(-1);
                }
            }
        }
        // The other way to look at the file agrees: direct writes drop what the cache holds of their range.
        assertThat(Arrays.mismatch(Files.readAllBytes(path), model)).isEqualTo(-1);
    }

    @Test
    void writersOfOneBlockLoseNoBytes() throws Exception {
        System.out.println("seed=" + seed);
        int writers = 4;
        AtomicReference<Throwable> failure = new AtomicReference<>();
        try (FileBlockDevice device = open(path)) {
            Thread[] threads = new Thread[writers + 1];
            for (int t = 0; t < writers; t++) {
                int own = t;
                threads[t] = new Thread(() -> writeSlices(device, own, writers));
            }
            threads[writers] = new Thread(() -> writeWholeBlocks(device));
            for (Thread thread : threads) {
                thread.setUncaughtExceptionHandler((ignored, e) -> failure.set(e));
                thread.start();
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(failure.get()).isNull();
        }
    }

    /** Each writer has its own bytes of the first three blocks: nobody else may change what it wrote. */
    private void writeSlices(FileBlockDevice device, int own, int writers) {
        Random random = new Random(seed + own);
        for (int i = 0; i < 400; i++) {
            int slot = random.nextInt(3 * 4096 / 64 / writers) * writers + own;
            byte[] bytes = new byte[64 - random.nextInt(2)];
            random.nextBytes(bytes);
            Transfers.write(device, slot * 64L, bytes, IoRole.DATA);
            assertThat(Transfers.read(device, slot * 64L, bytes.length, IoRole.DATA))
                    .as("seed=%s", seed)
                    .isEqualTo(bytes);
        }
    }

    /** The fourth block is written whole; another thread's writes of its first bytes must not bring the old rest back. */
    private void writeWholeBlocks(FileBlockDevice device) {
        Thread neighbour = new Thread(() -> {
            for (int i = 0; i < 300; i++) {
                Transfers.write(device, 3 * 4096, new byte[100], IoRole.DATA);
            }
        });
        neighbour.start();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment block = arena.allocate(4096, 4096);
            for (int i = 0; i < 300; i++) {
                block.fill((byte) i);
                device.write(new Transfer().reset(3 * 4096).add(block, 0, 4096), IoRole.DATA);
                byte[] rest = Transfers.read(device, 3 * 4096 + 100, 3_996, IoRole.DATA);
                assertThat(rest).containsOnly(i);
            }
        }
        while (neighbour.isAlive()) {
            Thread.onSpinWait();
        }
    }

    @Test
    void pageCacheStaysEmpty() throws Exception {
        PageCache.drop(path);
        try (FileBlockDevice device = open(path)) {
            Transfers.write(device, 0, new byte[500_000], IoRole.DATA);
            Transfers.write(device, 600_123, new byte[77], IoRole.DATA);
            Transfers.read(device, 3, 800_000, IoRole.DATA);
            device.force(IoRole.DATA);
        }
        assertThat(PageCache.pages(path)).isZero();
        try (FileBlockDevice device = FileBlockDevice.open(path, CacheMode.WRITEBACK)) {
            Transfers.write(device, 0, new byte[500_000], IoRole.DATA);
            assertThat(PageCache.pages(path)).isGreaterThanOrEqualTo(500_000 / 4096);
        }
    }

    @Test
    void partialWritesAllocateNothing() {
        try (FileBlockDevice device = open(path);
                Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(8192, 4096);
            Transfer transfer = new Transfer();
            int calls = 300;
            long allocated = SteadyHeap.ofThisThread(calls, () -> {
                for (int i = 0; i < calls; i++) {
                    device.write(transfer.reset(5_000).add(memory, 1, 4_000), IoRole.DATA);
                    device.write(transfer.reset(4096).add(memory, 0, 4096), IoRole.DATA);
                    device.read(transfer.reset(5_000).add(memory, 1, 4_000), IoRole.DATA);
                }
            });
            assertThat(allocated).isLessThanOrEqualTo(calls);
        }
    }

    @Test
    void rawDeviceIsWrittenInPartToo() throws Exception {
        Path backing = dir.resolve("backing");
        Files.write(backing, new byte[1 << 20]);
        try (LoopDevice loop = LoopDevice.attach(backing);
                FileBlockDevice device = FileBlockDevice.openExclusive(loop.path(), CacheMode.DIRECT)) {
            assertThat(device.cacheMode()).isEqualTo(CacheMode.DIRECT);
            Transfers.write(device, 4_000, new byte[] {1, 2, 3}, IoRole.DATA);
            Transfers.write(device, 4_095, new byte[] {4, 5}, IoRole.DATA);
            assertThat(Transfers.read(device, 3_999, 5, IoRole.DATA)).containsExactly(0, 1, 2, 3, 0);
            assertThat(Transfers.read(device, 4_094, 4, IoRole.DATA)).containsExactly(0, 4, 5, 0);
            device.force(IoRole.DATA);
        }
    }

    @Test
    void fileSystemWithoutDirectIoIsUsedThroughTheCache() throws Exception {
        Path shm = Path.of("/dev/shm");
        assumeTrue(Files.isWritable(shm), "skipped: no writable /dev/shm");
        Path file = Files.createTempFile(shm, "blkspc", ".data");
        try {
            Files.write(file, new byte[8192]);
            try (FileBlockDevice device = FileBlockDevice.openExclusive(file, CacheMode.DIRECT)) {
                assertThat(device.cacheMode()).isEqualTo(CacheMode.WRITEBACK);
                Transfers.write(device, 100, new byte[] {7}, IoRole.DATA);
                assertThat(Transfers.read(device, 99, 3, IoRole.DATA)).containsExactly(0, 7, 0);
            }
        } finally {
            Files.delete(file);
        }
    }

    @Test
    void lastPartOfABlockOfADeviceOfOddSizeIsNotUsed() throws Exception {
        Files.write(path, new byte[10_000]);
        try (FileBlockDevice device = open(path)) {
            assertThat(device.sizeBytes()).isEqualTo(8192);
            Transfers.write(device, 8191, new byte[] {3}, IoRole.DATA);
        }
        assertThat(Files.size(path)).isEqualTo(10_000);
    }
}

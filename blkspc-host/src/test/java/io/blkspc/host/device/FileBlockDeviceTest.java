package io.blkspc.host.device;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
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
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileBlockDeviceTest {

    static final int SIZE = 1 << 20;

    @TempDir
    Path dir;

    Path path;

    /** The tests of a way to open devices; a subclass opens them in another one. */
    FileBlockDevice open(Path file) {
        return FileBlockDevice.open(file);
    }

    /** How often a test that needs many IOs does them. */
    int rounds() {
        return 3_000;
    }

    @BeforeEach
    void makeFile() throws Exception {
        path = dir.resolve("data");
        Files.write(path, new byte[SIZE]);
    }

    static void assertFails(Code code, Runnable call) {
        assertThatThrownBy(call::run)
                .isInstanceOfSatisfying(
                        BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    @Test
    void manyUnevenPartsArriveInOrder() throws Exception {
        long seed = Long.getLong("blkspc.seed", 42);
        Random random = new Random(seed);
        try (FileBlockDevice device = open(path);
                Arena arena = Arena.ofConfined()) {
            assertThat(device.sizeBytes()).isEqualTo(SIZE);
            MemorySegment memory = arena.allocate(300_000);
            byte[] content = new byte[300_000];
            random.nextBytes(content);
            MemorySegment.copy(content, 0, memory, JAVA_BYTE, 0, content.length);
            // More parts than one system call takes, some of them empty.
            Transfer transfer = new Transfer().reset(12_345);
            int at = 0;
            for (int i = 0; i < 200; i++) {
                int length = random.nextInt(1_500);
                transfer.add(memory, at, length);
                at += length;
            }
            device.write(transfer, IoRole.DATA);
            assertThat(transfer.progressBytes()).as("seed=%s", seed).isEqualTo(at);
            byte[] written = Arrays.copyOf(content, at);
            assertThat(Arrays.copyOfRange(Files.readAllBytes(path), 12_345, 12_345 + at))
                    .isEqualTo(written);
            assertThat(Transfers.read(device, 12_345, at, IoRole.DATA)).isEqualTo(written);
        }
    }

    @Test
    void rangesBeyondTheEndAreRefusedUntouched() {
        try (FileBlockDevice device = open(path)) {
            for (long offset : new long[] {SIZE, SIZE - 1, -1, Long.MAX_VALUE, Long.MIN_VALUE}) {
                Transfer transfer = Transfers.of(offset, new byte[2]);
                assertFails(Code.OUT_OF_RANGE, () -> device.read(transfer, IoRole.DATA));
                assertFails(Code.OUT_OF_RANGE, () -> device.write(transfer, IoRole.DATA));
                assertFails(Code.OUT_OF_RANGE, () -> device.readCached(transfer, IoRole.DATA));
                assertThat(transfer.progressBytes()).isZero();
            }
            device.read(new Transfer().reset(SIZE), IoRole.DATA);
        }
    }

    @Test
    void readCachedFindsWhatWasJustWritten() {
        try (FileBlockDevice device = open(path)) {
            Transfers.write(device, 4096, new byte[] {1, 2, 3}, IoRole.DATA);
            Transfer transfer = Transfers.of(4096, new byte[3]);
            assumeTrue(
                    device.readCached(transfer, IoRole.DATA),
                    "skipped: the file system of " + dir + " cannot read without waiting");
            assertThat(Transfers.bytes(transfer)).containsExactly(1, 2, 3);
            assertThat(transfer.progressBytes()).isEqualTo(3);
        }
    }

    @Test
    void fileCutShortUnderneathIsAnIoErrorNotAHang() throws Exception {
        try (FileBlockDevice device = open(path)) {
            Files.write(path, new byte[1000]);
            Transfer transfer = Transfers.of(0, new byte[4096]);
            assertFails(Code.IO, () -> device.read(transfer, IoRole.DATA));
            assertThat(transfer.progressBytes()).isEqualTo(1000);
        }
    }

    @Test
    void readOnlyDeviceRefusesWritesAndForces() {
        try (BackingDevice device = FileBlockDevice.openReadOnly(path)) {
            assertThat(Transfers.read(device, 0, 512, IoRole.DATA)).containsOnly(0);
            assertFails(Code.READ_ONLY, () -> Transfers.write(device, 0, new byte[1], IoRole.DATA));
            assertFails(Code.READ_ONLY, () -> device.force(IoRole.DATA));
        }
    }

    @Test
    void interruptsNeitherCloseTheDeviceNorEndAnIo() throws Exception {
        int threads = 4;
        AtomicReference<Throwable> failure = new AtomicReference<>();
        AtomicBoolean isDone = new AtomicBoolean();
        try (FileBlockDevice device = open(path)) {
            Thread[] workers = new Thread[threads];
            for (int t = 0; t < threads; t++) {
                long base = (long) t * (SIZE / threads);
                byte value = (byte) (t + 1);
                workers[t] = new Thread(() -> {
                    byte[] content = new byte[8192];
                    Arrays.fill(content, value);
                    for (int i = 0; i < rounds(); i++) {
                        Transfers.write(device, base, content, IoRole.DATA);
                        assertThat(Transfers.read(device, base, content.length, IoRole.DATA))
                                .isEqualTo(content);
                        if (i % (rounds() / 6) == 0) {
                            device.force(IoRole.DATA);
                        }
                    }
                });
                workers[t].setUncaughtExceptionHandler((thread, e) -> failure.set(e));
                workers[t].start();
            }
            Thread storm = new Thread(() -> {
                while (!isDone.get()) {
                    for (Thread worker : workers) {
                        worker.interrupt();
                    }
                    Thread.onSpinWait();
                }
            });
            storm.start();
            for (Thread worker : workers) {
                worker.join();
            }
            isDone.set(true);
            storm.join();
            assertThat(failure.get()).isNull();
            assertThat(device.isFailed()).isFalse();
        }
    }

    @Test
    void lateIoNeverReachesTheFileThatGotTheDescriptorNext() throws Exception {
        Path other = dir.resolve("other");
        byte[] precious = new byte[4096];
        Arrays.fill(precious, (byte) 7);
        Files.write(other, precious);
        AtomicInteger refused = new AtomicInteger();
        for (int round = 0; round < 200; round++) {
            FileBlockDevice device = open(path);
            Thread late = new Thread(() -> {
                try {
                    while (true) {
                        Transfers.write(device, 0, new byte[64], IoRole.DATA);
                    }
                } catch (BlockSpaceException e) {
                    refused.addAndGet(e.code() == Code.CLOSED ? 1 : 1_000_000);
                }
            });
            late.start();
            while (late.getState() == Thread.State.NEW) {
                Thread.onSpinWait();
            }
            device.close();
            device.close();
            try (FileBlockDevice next = open(other)) {
                late.join();
                assertThat(Transfers.read(next, 0, 4096, IoRole.DATA)).isEqualTo(precious);
            }
        }
        assertThat(refused.get()).isEqualTo(200);
    }

    @Test
    void nothingIsAllocatedPerCall() {
        try (FileBlockDevice device = open(path);
                Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(8192);
            Transfer transfer = new Transfer();
            int calls = 2_000;
            long allocated = SteadyHeap.ofThisThread(calls, () -> {
                for (int i = 0; i < calls; i++) {
                    device.write(transfer.reset(4096).add(memory, 0, 4096).add(memory, 4096, 4096), IoRole.DATA);
                    device.read(transfer.reset(4096).add(memory, 0, 8192), IoRole.DATA);
                    device.readCached(transfer.reset(4096).add(memory, 0, 8192), IoRole.DATA);
                }
            });
            // Less than a byte per call: what is left is of the measuring itself.
            assertThat(allocated).isLessThanOrEqualTo(calls);
        }
    }
}

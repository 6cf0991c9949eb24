package io.blkspc.host.device;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.blkspc.api.IoRole;
import io.blkspc.api.SendingDevice;
import io.blkspc.api.contract.SteadyHeap;
import io.blkspc.host.sim.Transfers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is sent from the page cache is what the file has, and what cannot be sent is refused. */
class CacheWindowsTest {

    private static final int MIB = 1 << 20;
    private static final long WINDOW = CacheWindows.WINDOW_BYTES;
    private static final byte[] HEAD = "a head of some bytes".getBytes(US_ASCII);

    private final long seed = Long.getLong("blkspc.seed", System.nanoTime());
    private final Random random = new Random(seed);

    @TempDir
    Path directory;

    private Path path;
    private FileBlockDevice device;
    private SocketPair sockets;
    private Arena arena;
    private MemorySegment head;

    @BeforeEach
    void start() throws Throwable {
        path = directory.resolve("file");
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength((CacheWindows.SLOTS + 1) * WINDOW); // all of it a hole
        }
        device = FileBlockDevice.open(path);
        sockets = new SocketPair();
        arena = Arena.ofConfined();
        head = arena.allocateFrom(ValueLayout.JAVA_BYTE, HEAD);
        write(0, MIB);
        device.canSend(0, MIB); // it takes notice of the window
        assumeTrue(
                !device.canSend(0, MIB) && device.canSend(0, MIB),
                "the kernel does not tell what it has in memory, or kills who maps memory that breaks");
    }

    @AfterEach
    void stop() {
        device.close();
        sockets.close();
        arena.close();
    }

    private byte[] write(long offset, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        Transfers.write(device, offset, bytes, IoRole.DATA);
        return bytes;
    }

    private long send(int headBytes, long offset, long length) {
        return device.send(sockets.sender(), head.address(), headBytes, offset, length);
    }

    /** Looks at a range until it can be sent, which takes as many misses as its slot was of use to another. */
    private void becomeSendable(long offset, long length) {
        for (int i = 0; i < 200 && !device.canSend(offset, length); i++) {
            Transfers.read(
                    device, offset, (int) length, IoRole.DATA); // a kernel short of memory takes pages back any time
        }
    }

    private byte[] sendAll(int headBytes, long offset, int length) throws Throwable {
        ByteArrayOutputStream received = new ByteArrayOutputStream();
        long sent = 0;
        while (sent < headBytes + length) {
            long headLeft = Math.max(0, headBytes - sent);
            long skip = Math.max(0, sent - headBytes);
            long moved = device.send(
                    sockets.sender(), head.address() + headBytes - headLeft, headLeft, offset + skip, length - skip);
            assertThat(moved).as("seed=%s", seed).isNotNegative();
            sent += moved;
            received.write(sockets.take());
        }
        return received.toByteArray();
    }

    @Test
    void whatIsSentIsTheHeadAndWhatTheFileHas() throws Throwable {
        byte[] content = write(0, 8 * MIB);
        for (int i = 0; i < 300; i++) {
            int length = 1 + random.nextInt(random.nextBoolean() ? 5000 : 2 * MIB);
            int offset = random.nextInt(content.length - length);
            if (random.nextBoolean()) { // what was mapped before sees what is written after
                byte[] change = write(offset, 1 + random.nextInt(length));
                System.arraycopy(change, 0, content, offset, change.length);
            }
            int headBytes = random.nextInt(HEAD.length + 1);
            byte[] expected = Arrays.copyOf(HEAD, headBytes + length);
            System.arraycopy(content, offset, expected, headBytes, length);
            becomeSendable(offset, length);
            assertThat(Arrays.mismatch(sendAll(headBytes, offset, length), expected))
                    .as("seed=%s, offset=%s, length=%s", seed, offset, length)
                    .isEqualTo(-1);
        }
    }

    @Test
    void whatIsReadOnceIsNotSent() {
        write(0, 4 * MIB);
        for (int at = MIB; at < 4 * MIB; at += 128 << 10) {
            assertThat(device.canSend(at, 128 << 10)).as("at %s", at).isFalse();
        }
        becomeSendable(MIB, 3 * MIB);
        assertThat(device.canSend(MIB, 3 * MIB)).isTrue();
    }

    @Test
    void whatIsNotInMemoryIsNotSent() {
        PageCache.drop(path);
        assertThat(device.canSend(0, MIB)).isFalse();
        Transfers.read(device, 0, 4096, IoRole.DATA);
        assertThat(device.canSend(0, MIB)).isFalse();
    }

    @Test
    void aRangeOfTwoWindowsIsRefused() {
        write(WINDOW - MIB, 2 * MIB);
        for (int i = 0; i < 5; i++) {
            assertThat(device.canSend(WINDOW - MIB, 2 * MIB)).isFalse();
        }
        becomeSendable(WINDOW - MIB, MIB);
        assertThat(send(0, WINDOW - MIB, MIB + 1)).isEqualTo(SendingDevice.REFUSED);
    }

    @Test
    void rangesOutsideTheDeviceAreRefused() {
        assertThat(device.canSend(device.sizeBytes(), 1)).isFalse();
        assertThat(send(0, device.sizeBytes() - 1, 2)).isEqualTo(SendingDevice.REFUSED);
        assertThat(send(0, -1, 2)).isEqualTo(SendingDevice.REFUSED);
    }

    @Test
    void aSocketThatIsFullTakesNoneAndLaterTheRest() throws Throwable {
        byte[] content = write(0, 8 * MIB);
        becomeSendable(0, content.length);
        long first = send(HEAD.length, 0, content.length);
        assertThat(first).isBetween((long) HEAD.length, (long) content.length);
        long done = first - HEAD.length;
        assertThat(send(0, done, content.length - done)).isZero();
        byte[] received = sockets.take();
        assertThat(Arrays.mismatch(
                        Arrays.copyOfRange(received, HEAD.length, received.length), Arrays.copyOf(content, (int) done)))
                .isEqualTo(-1);
        byte[] rest = sendAll(0, done, (int) (content.length - done));
        assertThat(Arrays.mismatch(rest, Arrays.copyOfRange(content, (int) done, content.length)))
                .isEqualTo(-1);
    }

    @Test
    void aSocketThatWasLeftIsRefused() {
        becomeSendable(0, MIB);
        sockets.leave();
        assertThat(send(HEAD.length, 0, MIB)).isEqualTo(SendingDevice.REFUSED);
    }

    /** The kernel's own copy meets the end of the file: a process that looked there itself would be ended by SIGBUS. */
    @Test
    void aFileThatWasCutShortIsRefused() throws Exception {
        becomeSendable(0, MIB);
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(0);
        }
        assertThat(send(0, 0, MIB)).isEqualTo(SendingDevice.REFUSED);
        assertThat(device.canSend(0, MIB)).isFalse();
    }

    @Test
    void aSlotGoesToAnotherWindowAndTheOldOneIsRefused() throws Throwable {
        long other = CacheWindows.SLOTS * WINDOW;
        byte[] content = write(other + MIB, MIB);
        becomeSendable(0, MIB);
        becomeSendable(other + MIB, MIB);
        assertThat(send(0, 0, MIB)).isEqualTo(SendingDevice.REFUSED);
        assertThat(Arrays.mismatch(sendAll(0, other + MIB, MIB), content)).isEqualTo(-1);
    }

    @Test
    void aSlotThatIsUsedIsLeftAsItIs() throws Throwable {
        byte[] content = write(0, MIB);
        PosixFile file = PosixFile.open(path, Posix.O_RDWR, 0);
        CacheWindows windows = new CacheWindows(file);
        try {
            windows.canSend(0, MIB);
            assertThat(windows.enter(0)).isTrue();
            for (int i = 0; i < 20; i++) {
                windows.canSend(CacheWindows.SLOTS * WINDOW, MIB);
            }
            long moved = windows.send(sockets.sender(), 0, 0, 0, MIB);
            assertThat(moved).isPositive();
            assertThat(sockets.take()).isEqualTo(Arrays.copyOf(content, (int) moved));
            windows.leave(0);
            windows.canSend(CacheWindows.SLOTS * WINDOW, MIB);
            assertThat(windows.send(sockets.sender(), 0, 0, 0, MIB)).isEqualTo(SendingDevice.REFUSED);
        } finally {
            windows.close();
            file.close();
        }
    }

    /** Addresses that a mapping was refused at are anybody's: what lies there afterwards, maybe the heap, stays. */
    @Test
    void aFileThatCannotBeMappedCostsNobodyElseAMapping() throws Throwable {
        Path unmappable = Path.of("/sys/kernel/uevent_seqnum");
        assumeTrue(Files.isReadable(unmappable), "nothing here that no process can map");
        PosixFile file = PosixFile.open(unmappable, Posix.O_RDONLY, 0);
        CacheWindows windows = new CacheWindows(file);
        try (Arena others = Arena.ofConfined();
                FileChannel channel = FileChannel.open(path)) {
            assertThat(windows.canSend(0, 1)).isFalse();
            MemorySegment[] mapped = new MemorySegment[512];
            for (int i = 0; i < mapped.length; i++) {
                mapped[i] = channel.map(FileChannel.MapMode.READ_ONLY, 0, MIB, others);
            }
            windows.close();
            for (MemorySegment each : mapped) { // the kernel looks: it says so where nothing is mapped
                assertThat(SocketSend.ofThread().send(sockets.sender(), 0, 0, each.address(), 1))
                        .isEqualTo(1);
                sockets.take();
            }
        } finally {
            windows.close();
            file.close();
        }
    }

    @Test
    void aClosedDeviceMapsNothing() throws Throwable {
        write(WINDOW, MIB);
        device.canSend(WINDOW, MIB);
        device.canSend(0, MIB);
        for (int i = 0; i < 50; i++) {
            device.canSend(CacheWindows.SLOTS * WINDOW, MIB); // it takes the slot of window 0
        }
        assertThat(mappings()).isEqualTo(2);
        device.close();
        device.close();
        assertThat(mappings()).isZero();
    }

    private long mappings() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.filter(line -> line.endsWith(path.toString())).count();
        }
    }

    /** Each of two threads makes the other one's window go: what is sent is right, or is refused. */
    @Test
    void threadsThatWantTheSameSlotSendTheirOwnBytes() throws Throwable {
        long other = CacheWindows.SLOTS * WINDOW;
        byte[] ours = write(0, MIB);
        byte[] theirs = write(other, MIB);
        Thread thread = Thread.ofPlatform().start(() -> {
            while (!Thread.currentThread().isInterrupted()) {
                device.canSend(other, MIB);
            }
        });
        int sent = 0;
        try {
            long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (sent < 50) {
                assertThat(System.nanoTime()).as("sent %s", sent).isLessThan(giveUp);
                device.canSend(0, MIB);
                long moved = send(0, 0, MIB);
                if (moved > 0) {
                    sent++;
                    byte[] received = sockets.take();
                    assertThat(Arrays.equals(received, Arrays.copyOf(ours, received.length)))
                            .as("%s of ours, else of theirs: %s", moved, received[0] == theirs[0])
                            .isTrue();
                }
            }
        } finally {
            thread.interrupt();
            thread.join();
        }
    }

    @Test
    void nothingIsMappedAfterClosing() throws IOException {
        becomeSendable(0, MIB);
        assertThat(maps()).contains(path.toString());
        device.close();
        assertThat(maps()).doesNotContain(path.toString());
        assertThat(device.canSend(0, MIB)).isFalse();
        assertThat(send(0, 0, MIB)).isEqualTo(SendingDevice.REFUSED);
    }

    private static String maps() throws IOException {
        return Files.readString(Path.of("/proc/self/maps"));
    }

    @Test
    void aDeviceAroundTheCacheSendsNothing() {
        try (FileBlockDevice direct = FileBlockDevice.open(path, CacheMode.DIRECT)) {
            assertThat(direct.sends()).isEqualTo(direct.cacheMode() == CacheMode.WRITEBACK);
        }
    }

    @Test
    void nothingIsAllocated() throws Throwable {
        becomeSendable(0, MIB);
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long most = SteadyHeap.ofCounted(0, () -> {
            long allocated = 0;
            for (int i = 0; i < 1000; i++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                boolean can = device.canSend(0, 128 << 10);
                long moved = send(HEAD.length, 0, 128 << 10);
                allocated += threads.getCurrentThreadAllocatedBytes() - before;
                assertThat(can && moved > 0).isTrue();
                sockets.take();
            }
            return allocated;
        });
        assertThat(most).isZero();
    }
}

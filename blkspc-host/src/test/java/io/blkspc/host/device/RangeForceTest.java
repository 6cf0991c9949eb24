package io.blkspc.host.device;

import static io.blkspc.host.device.FileBlockDeviceTest.assertFails;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.host.sim.Transfers;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A force of ranges: what of the kernel's page cache is written out, and what a failure of it means. */
class RangeForceTest {

    private static final int PART = 1 << 20;
    private static final int LOOKS = 20;

    @TempDir
    private Path dir;

    /** A device over a file that notes which ranges it was asked for. */
    private static final class NotingFile implements RawFile {
        final List<String> calls = Collections.synchronizedList(new ArrayList<>());
        int failAt = -1;
        Runnable atSyncOfAll = () -> {};

        @Override
        public long read(long vectors, int count, long offsetBytes, int flags) {
            return -Errno.EIO;
        }

        @Override
        public long write(long vectors, int count, long offsetBytes) {
            return -Errno.EIO;
        }

        @Override
        public boolean isCached(long offsetBytes) {
            return false;
        }

        @Override
        public RawFile openForRanges() {
            return this;
        }

        @Override
        public int sync() {
            atSyncOfAll.run();
            calls.add("all");
            return 0;
        }

        @Override
        public int sync(long startBytes, long endBytes) {
            calls.add(startBytes + "-" + endBytes);
            return calls.size() - 1 == failAt ? -Errno.EIO : 0;
        }

        @Override
        public void close() {}
    }

    private final NotingFile noting = new NotingFile();
    private final FileBlockDevice device = new FileBlockDevice(noting, Path.of("noting"), 1 << 30);

    private static UnforcedRanges ranges(long... starts) {
        UnforcedRanges ranges = new UnforcedRanges();
        for (long start : starts) {
            ranges.add(start, 4096);
        }
        return ranges;
    }

    @Test
    void eachRangeIsForced() {
        device.forceRanges(ranges(8192, 1 << 20, 0), IoRole.DATA);
        assertThat(noting.calls).containsExactly("0-4096", "8192-12288", "1048576-1052672");
    }

    @Test
    void noRangeIsNoForce() {
        device.forceRanges(ranges(), IoRole.DATA);
        assertThat(noting.calls).isEmpty();
        device.force(IoRole.DATA);
        assertThat(noting.calls).containsExactly("all");
    }

    @Test
    void failedRangeIsFinal() {
        noting.failAt = 1;
        assertFails(Code.IO, () -> device.forceRanges(ranges(0, 8192, 65_536), IoRole.DATA));
        assertThat(noting.calls).containsExactly("0-4096", "8192-12288");
        noting.failAt = -1;
        assertFails(Code.FAILED, () -> device.forceRanges(ranges(0), IoRole.DATA));
        assertFails(Code.FAILED, () -> device.force(IoRole.DATA));
        assertFails(Code.FAILED, () -> Transfers.write(device, 0, new byte[512], IoRole.DATA));
        assertThat(noting.calls).hasSize(2);
    }

    @Test
    void deviceThatIsReadOnlyRefuses() throws Exception {
        Path file = file(PART);
        try (BackingDevice open = FileBlockDevice.openReadOnly(file)) {
            assertFails(Code.READ_ONLY, () -> open.forceRanges(ranges(0), IoRole.DATA));
        }
    }

    /** Where the kernel kills for mappings there is none, and whoever only reads forces nothing. */
    @Test
    void whatMustNotBeMappedIsNotForcedByRanges() throws Exception {
        Path path = file(PART);
        PosixFile file = PosixFile.open(path, Posix.O_RDWR, 0);
        PosixFile reader = PosixFile.open(path, Posix.O_RDONLY, 0);
        try {
            assertThat(file.openForRanges(false)).isNull();
            assertThat(reader.openForRanges(true)).isNull();
            RawFile again = file.openForRanges(true);
            assertThat(again.sync(0, 4096)).isZero();
            again.close();
        } finally {
            reader.close();
            file.close();
        }
    }

    /** The kernel tells of lost pages once for each open file. */
    @Test
    void rangesAreForcedThroughAnOpenFileOfTheirOwn() throws Exception {
        Path path = file(PART);
        long before = OpenFiles.of(path);
        try (FileBlockDevice open = FileBlockDevice.openExclusive(path)) {
            assertThat(OpenFiles.of(path) - before).isEqualTo(2);
            Path moved = Files.move(path, dir.resolve("moved")); // it is the file, not the name
            Files.move(moved, path);
            open.forceRanges(ranges(0), IoRole.DATA);
            assertFails(Code.BUSY, () -> FileBlockDevice.openExclusive(path));
        }
        assertThat(OpenFiles.of(path)).isEqualTo(before);
    }

    /** Metadata is always forced whole, and a pool has four files. */
    @Test
    void whoseRangesNobodyForcesIsOpenOnce() throws Exception {
        Path path = file(PART);
        long before = OpenFiles.of(path);
        try (FileBlockDevice open = FileBlockDevice.open(path)) {
            assertThat(OpenFiles.of(path) - before).isEqualTo(1);
            open.forceRanges(ranges(0), IoRole.JOURNAL);
        }
        assertThat(OpenFiles.of(path)).isEqualTo(before);
    }

    /** Who forces everything may take long. */
    @Test
    void rangesDoNotWaitForAForceOfEverything() throws Exception {
        CountDownLatch isRunning = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        noting.atSyncOfAll = () -> {
            isRunning.countDown();
            try {
                assertThat(mayEnd.await(60, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        };
        Thread flush = new Thread(() -> device.force(IoRole.DATA));
        flush.start();
        isRunning.await();
        device.forceRanges(ranges(0), IoRole.DATA);
        mayEnd.countDown();
        flush.join();
        assertThat(noting.calls).containsExactly("0-4096", "all");
    }

    /** On a file system that can do it: the range is on the medium, and what lies elsewhere waits. */
    @Test
    void whatLiesElsewhereIsNotWrittenOut() throws Exception {
        Path path = file(256 * PART);
        assumeTrue(!isBtrfs(path), "skipped: btrfs writes out all of a file for any range of it");
        try (FileBlockDevice open = FileBlockDevice.openExclusive(path)) {
            Transfers.write(open, 0, new byte[PART], IoRole.DATA);
            assumeTrue(dirtyPages(path, 0) > 0, "skipped: nobody can tell what is dirty here");
            open.force(IoRole.DATA);
            assumeTrue(dirtyPages(path, 0) == 0, "skipped: a force leaves pages dirty here");
            boolean waited = false;
            // The kernel may at any moment write out what it likes.
            for (int look = 0; look < LOOKS && !waited; look++) {
                Transfers.write(open, 0, new byte[PART], IoRole.DATA);
                Transfers.write(open, 64L * PART + 4096, new byte[PART], IoRole.DATA);
                Transfers.write(open, 200L * PART, new byte[PART], IoRole.DATA);
                UnforcedRanges ranges = new UnforcedRanges();
                ranges.add(64L * PART + 4096, PART);
                open.forceRanges(ranges, IoRole.DATA);
                assertThat(dirtyPages(path, 64L * PART + 4096)).isZero();
                waited = dirtyPages(path, 0) > 0 && dirtyPages(path, 200L * PART) > 0;
                open.force(IoRole.DATA);
                assertThat(dirtyPages(path, 0) + dirtyPages(path, 200L * PART)).isZero();
            }
            assertThat(waited).isTrue();
        }
    }

    /** A range that cannot be mapped is forced all the same. */
    @Test
    void whatCannotBeMappedIsForcedWhole() throws Exception {
        Path path = file(PART);
        PosixFile file = PosixFile.open(path, Posix.O_RDWR, 0);
        try {
            assertThat(file.sync(0, Long.MAX_VALUE / 2)).isZero(); // more addresses than there are
            file.close();
            assertFails(Code.CLOSED, () -> file.sync(0, 4096));
        } finally {
            file.close();
        }
        PosixFile pipe = PosixFile.open(Path.of("/dev/full"), Posix.O_RDWR, 0);
        try {
            assertThat(pipe.sync(0, 4096)).isEqualTo(-Errno.EINVAL); // neither can be: what fdatasync says counts
        } finally {
            pipe.close();
        }
    }

    private static boolean isBtrfs(Path path) throws Exception {
        return Files.getFileStore(path).type().equals("btrfs");
    }

    private Path file(long sizeBytes) throws Exception {
        Path path = dir.resolve("data");
        try (RandomAccessFile made = new RandomAccessFile(path.toFile(), "rw")) {
            made.setLength(sizeBytes);
        }
        return path;
    }

    /** Pages of {@link #PART} bytes from an offset on that are dirty or on their way out. */
    private static long dirtyPages(Path path, long offsetBytes) {
        PosixFile file = PosixFile.open(path, Posix.O_RDONLY, 0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment range = arena.allocate(16, 8);
            MemorySegment answer = arena.allocate(40, 8);
            range.set(JAVA_LONG, 0, offsetBytes);
            range.set(JAVA_LONG, 8, PART);
            return Posix.cachestat(file.fd(), range.address(), answer.address()) < 0
                    ? -1
                    : answer.get(JAVA_LONG, 8) + answer.get(JAVA_LONG, 16);
        } finally {
            file.close();
        }
    }
}

package io.blkspc.host.device;

import static io.blkspc.host.device.FileBlockDeviceTest.assertFails;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.blkspc.api.BlockDevice;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.host.sim.Transfers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MediumReaderTest {

    @TempDir
    Path dir;

    @Test
    void anyRangeIsReadAsWritten() throws Exception {
        readsAnyRange(dir.resolve("data"));
    }

    @Test
    void anyRangeIsReadAsWrittenFromMemoryFileSystem() throws Exception {
        Path shm = Path.of("/dev/shm");
        assumeTrue(Files.isWritable(shm), "skipped: no writable /dev/shm");
        Path file = Files.createTempFile(shm, "blkspc", ".data");
        try {
            readsAnyRange(file);
        } finally {
            Files.delete(file);
        }
    }

    private static void readsAnyRange(Path path) throws Exception {
        Random random = new Random(7);
        // Longer than the bounce buffer, and not a multiple of anything.
        byte[] content = new byte[(2 << 20) + 4096 + 777];
        random.nextBytes(content);
        Files.write(path, content);
        try (FileBlockDevice device = FileBlockDevice.open(path);
                BlockDevice medium = device.openMedium()) {
            assertThat(medium.sizeBytes()).isEqualTo(content.length);
            for (int i = 0; i < 50; i++) {
                int from = random.nextInt(content.length);
                int length = random.nextInt(Math.min(content.length - from, 1 << 18) + 1);
                assertThat(Transfers.read(medium, from, length, IoRole.VERIFY))
                        .isEqualTo(Arrays.copyOfRange(content, from, from + length));
            }
            assertThat(Transfers.read(medium, 0, content.length, IoRole.VERIFY)).isEqualTo(content);
            assertFails(Code.OUT_OF_RANGE, () -> Transfers.read(medium, content.length, 1, IoRole.VERIFY));
            assertFails(Code.READ_ONLY, () -> Transfers.write(medium, 0, new byte[1], IoRole.DATA));
        }
    }

    @Test
    void closedViewRefusesReads() throws Exception {
        Path path = Files.write(dir.resolve("data"), new byte[4096]);
        try (FileBlockDevice device = FileBlockDevice.open(path)) {
            BlockDevice medium = device.openMedium();
            medium.close();
            medium.close();
            assertFails(Code.CLOSED, () -> Transfers.read(medium, 0, 1, IoRole.VERIFY));
        }
    }

    @Test
    void readsAreDirectWhereTheFileSystemCan() throws Exception {
        Path path = dir.resolve("data");
        Files.write(path, new byte[8192]);
        String fileSystem = Files.getFileStore(path).type();
        assumeTrue(Set.of("ext4", "xfs").contains(fileSystem), "skipped: needs ext4 or xfs, has " + fileSystem);
        try (FileBlockDevice device = FileBlockDevice.open(path);
                MediumReader medium = (MediumReader) device.openMedium()) {
            Transfers.read(medium, 100, 5_000, IoRole.VERIFY);
            assertThat(medium.isDirect()).isTrue();
        }
    }

    /** The cache of a loop device goes stale when its file is changed underneath: a medium that differs from the cache. */
    @Test
    void mediumIsReadWhereTheCacheIsStale() throws Exception {
        Path backing = dir.resolve("backing");
        Files.write(backing, new byte[1 << 20]);
        try (LoopDevice loop = LoopDevice.attach(backing);
                FileBlockDevice device = FileBlockDevice.open(loop.path());
                BlockDevice medium = device.openMedium()) {
            assertThat(device.sizeBytes()).isEqualTo(1 << 20);
            assertThat(Transfers.read(device, 0, 4096, IoRole.DATA)).containsOnly(0);
            byte[] changed = new byte[1 << 20];
            Arrays.fill(changed, (byte) 6);
            try (FileBlockDevice file = FileBlockDevice.open(backing)) {
                Transfers.write(file, 0, changed, IoRole.DATA);
                file.force(IoRole.DATA);
            }
            assertThat(Transfers.read(device, 0, 4096, IoRole.DATA)).containsOnly(0);
            assertThat(Transfers.read(medium, 0, 4096, IoRole.VERIFY)).containsOnly(6);
            device.dropCache();
            assertThat(Transfers.read(device, 0, 4096, IoRole.DATA)).containsOnly(6);
        }
    }
}

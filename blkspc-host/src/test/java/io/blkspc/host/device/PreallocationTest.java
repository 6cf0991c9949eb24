package io.blkspc.host.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.IoRole;
import io.blkspc.host.device.Preallocation.Backing;
import io.blkspc.host.device.Preallocation.Fill;
import io.blkspc.host.sim.Transfers;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PreallocationTest {

    private static final long SIZE = (3 << 20) + 4096;

    @TempDir
    Path dir;

    private void assumeKeepsAllocation() throws Exception {
        String type = Files.getFileStore(dir).type();
        assumeTrue(
                type.equals("ext4") || type.equals("xfs") || type.equals("tmpfs"),
                "skipped: needs ext4, xfs or tmpfs, has " + type);
    }

    @ParameterizedTest
    @EnumSource(Fill.class)
    void newFileIsZerosAndFullyAllocated(Fill fill) throws Exception {
        assumeKeepsAllocation();
        Path file = dir.resolve("data");
        Backing backing = Preallocation.create(file, SIZE, fill, false);
        assertThat(backing.isReserved()).isTrue();
        assertThat(backing.sizeBytes()).isEqualTo(SIZE);
        assertThat(Files.size(file)).isEqualTo(SIZE);
        assertThat(Files.readAllBytes(file)).containsOnly(0);
        assertThat(allocatedBytes(file)).isGreaterThanOrEqualTo(SIZE);
        assertThat(Preallocation.verify(file, false)).isEqualTo(backing);
    }

    /** Whoever makes pools goes on for long, and an open file keeps its room when its name is gone. */
    @ParameterizedTest
    @EnumSource(Fill.class)
    void leavesNothingOpen(Fill fill) throws Exception {
        Path file = dir.resolve("data");
        Preallocation.create(file, SIZE, fill, true);
        assertThat(OpenFiles.of(file)).isZero();
        Preallocation.extend(file, 2 * SIZE);
        assertThat(OpenFiles.of(file)).isZero();
    }

    // Asked of a program that is not ours.
    private static long allocatedBytes(Path file) {
        LoopDevice.Output output = LoopDevice.run("stat", "--format=%b", file.toString());
        assumeTrue(output.exitCode() == 0, "skipped: stat failed: " + output.text());
        return Long.parseLong(output.text().trim()) * 512;
    }

    /** What was never written makes the file system commit metadata of its own at each force of an overwrite. */
    @Test
    void zerosAreWrittenWhereForcesShallBeCheap() throws Exception {
        String type = Files.getFileStore(dir).type();
        assumeTrue(type.equals("ext4") || type.equals("xfs"), "skipped: needs ext4 or xfs, has " + type);
        for (Fill fill : Fill.values()) {
            Path file = dir.resolve(fill.name());
            Preallocation.create(file, SIZE, fill, false);
            LoopDevice.Output extents = LoopDevice.run("filefrag", "-v", file.toString());
            assumeTrue(extents.exitCode() == 0, "skipped: filefrag failed: " + extents.text());
            assertThat(extents.text().contains("unwritten")).isEqualTo(fill == Fill.ALLOCATED);
        }
    }

    @Test
    void existingFileIsNotTouched() throws Exception {
        Path file = dir.resolve("data");
        Files.writeString(file, "mine");
        assertThatThrownBy(() -> Preallocation.create(file, SIZE, Fill.ALLOCATED, true))
                .isInstanceOfSatisfying(
                        BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.EXISTS));
        assertThat(Files.readString(file)).isEqualTo("mine");
    }

    @Test
    void moreThanTheFileSystemHasIsRefusedAndLeavesNoFile() {
        Path file = dir.resolve("data");
        assertThatThrownBy(() -> Preallocation.create(file, 1L << 43, Fill.ALLOCATED, false))
                .isInstanceOfSatisfying(
                        BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.OUT_OF_BACKING))
                .hasMessageContaining("size=8796093022208")
                .hasMessageMatching(".*, free=[1-9][0-9]*"); // nothing of it was taken for that moment
        assertThat(file).doesNotExist();
    }

    @Test
    void sparseFileIsRefusedUnlessAllowed() throws Exception {
        Path file = dir.resolve("sparse");
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(SIZE);
        }
        assertThatThrownBy(() -> Preallocation.verify(file, false))
                .isInstanceOfSatisfying(
                        BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.OUT_OF_BACKING))
                .hasMessageContaining("did not allocate the whole file");
        assertThat(Preallocation.verify(file, true).isReserved()).isFalse();
    }

    @Test
    void rawDeviceIsTakenAsItIs() throws Exception {
        Path backing = dir.resolve("backing");
        Files.write(backing, new byte[1 << 20]);
        try (LoopDevice loop = LoopDevice.attach(backing)) {
            assertThat(Preallocation.verify(loop.path(), false)).isEqualTo(new Backing(1 << 20, "device", true));
        }
    }

    @Test
    void fullFileSystemIsOutOfBackingAndRecoversWithoutReopening() throws Exception {
        try (TinyFileSystem tiny = TinyFileSystem.mount(dir.resolve("tiny"), 1 << 20)) {
            Path reserved = tiny.path().resolve("reserved");
            Preallocation.create(reserved, 512 << 10, Fill.ALLOCATED, false);
            Path sparse = tiny.path().resolve("sparse");
            LoopDevice.Output made = LoopDevice.run("truncate", "--size=1M", sparse.toString());
            assertThat(made.exitCode()).as(made.text()).isZero();
            FileBlockDevice device = FileBlockDevice.open(sparse);
            var transfer = Transfers.of(0, new byte[1 << 20]);
            FileBlockDeviceTest.assertFails(Code.OUT_OF_BACKING, () -> device.write(transfer, IoRole.DATA));
            assertThat(transfer.progressBytes()).isGreaterThan(0).isLessThan(1 << 20);
            // Not one byte is free now, and what was preallocated can be written all the same.
            try (FileBlockDevice kept = FileBlockDevice.open(reserved)) {
                Transfers.write(kept, 0, new byte[512 << 10], IoRole.JOURNAL);
                kept.force(IoRole.JOURNAL);
            }
            Files.delete(reserved);
            Transfers.write(device, 0, new byte[768 << 10], IoRole.DATA);
            device.force(IoRole.DATA);
            device.close();
        }
    }

    @Test
    void directoriesAndForeignFilesAreForcedByName() throws Exception {
        Path file = dir.resolve("map");
        Files.writeString(file, "x");
        FileForce.force(file);
        DirectorySync.force(dir);
        FileBlockDeviceTest.assertFails(Code.NOT_FOUND, () -> FileForce.force(dir.resolve("none")));
    }
}

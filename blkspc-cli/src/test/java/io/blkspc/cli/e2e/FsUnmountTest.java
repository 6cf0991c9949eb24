package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Unmounts that cannot end as they should: what was written is not lost, and no directory is taken for mounted that is not. */
@Timeout(120)
class FsUnmountTest {

    private static final int MIB = 1 << 20;
    private static final int BYTES = 100_000; // waits in memory as a whole

    @TempDir
    private Path directory;

    private static byte[] bytes() {
        byte[] bytes = new byte[BYTES];
        new Random(8).nextBytes(bytes);
        return bytes;
    }

    @Test
    void whileThePoolIsOutOfBackingAnUnmountIsRefusedAndLosesNothing() throws IOException {
        Tools.requireFuse();
        Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "skipped: mount needs root");
        try (Mount small = Mount.of("tmpfs", directory.resolve("small"), "size=24M", "tmpfs")) {
            Path data = small.directory().resolve("data");
            try (RandomAccessFile sparse = new RandomAccessFile(data.toFile(), "rw")) {
                sparse.setLength(64L * MIB);
            }
            Path pool = directory.resolve("pool");
            Path at = Files.createDirectory(directory.resolve("mnt"));
            Blkspc blkspc = new Blkspc(pool);
            blkspc.ok("pool", "create", "--size", "64M", "--data", data.toString(), "--force", "--allow-unreserved");
            blkspc.ok("create", "v", "-s", "32M");
            blkspc.ok("fs", "mkfs", "v");
            try (ServerProcess server = new ServerProcess(pool)) {
                server.start();
                blkspc.ok("fs", "mount", "v", at.toString());
                Path filler = fill(small.directory());
                Files.write(at.resolve("a"), bytes());
                Exec.Result refused = blkspc.run("fs", "umount", at.toString()).exits(Blkspc.NO_SPACE);
                assertThat(refused.err()).hasLineCount(1);
                assertThat(at.resolve("a")).hasBinaryContent(bytes()); // it is still mounted

                Exec.run(Tools.path("fusermount3"), "-u", at.toString()).ok(); // the kernel asks nobody
                blkspc.run("fs", "umount", at.toString()).exits(Blkspc.NO_SPACE);
                blkspc.run("fs", "mount", "v", at.toString()).exits(Blkspc.NO_SPACE);

                Files.delete(filler);
                Await.until(
                        "the mount",
                        Duration.ofSeconds(30),
                        () -> blkspc.run("fs", "mount", "v", at.toString()).exit() == 0);
                assertThat(at.resolve("a")).hasBinaryContent(bytes());
                blkspc.ok("fs", "umount", at.toString());
                server.stopCleanly();
            }
            blkspc.ok("fs", "fsck", "v");
        }
    }

    private static Path fill(Path small) throws IOException {
        Path filler = small.resolve("filler");
        try (FileChannel channel = FileChannel.open(filler, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            while (channel.write(ByteBuffer.allocate(4096)) == 4096) {}
        } catch (IOException full) {
            assertThat(full).hasMessageContaining("No space left");
        }
        return filler;
    }

    @Test
    void aDirectoryThatWasDetachedWhileFilesAreOpenIsNotTakenForMounted() throws IOException {
        Tools.requireFuse();
        try (MountedFiles files = MountedFiles.make(directory, "256M", "96M")) {
            String at = files.at("v").toString();
            try (FileChannel open =
                    FileChannel.open(files.at("v").resolve("a"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                Exec.run(Tools.path("fusermount3"), "-u", "-z", at).ok();
                files.command().run("fs", "mount", "v", at).exits(Blkspc.BUSY);
                open.write(ByteBuffer.wrap(bytes()));
            }
            files.command().ok("fs", "mount", "v", at); // nobody has it any more
            assertThat(files.at("v").resolve("a")).hasBinaryContent(bytes());
            files.stopAndCheck("v");
        }
    }
}

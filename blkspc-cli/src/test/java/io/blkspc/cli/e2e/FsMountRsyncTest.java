package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** Whole trees through the mount with rsync: hard links, attributes and times with them. */
@Timeout(3600)
class FsMountRsyncTest {

    private static final Path LARGE = Path.of("/usr/share");
    private static final Duration LIMIT = Duration.ofMinutes(20);

    @TempDir
    private Path directory;

    @Test
    void aTreeIsTheSameAfterACopyAndSoIsACloneOfIt() throws IOException {
        Path source = directory.resolve("source");
        make(source);
        copyCloneAndCompare(source, "384M", "128M");
    }

    @Test
    @EnabledIfSystemProperty(named = "blkspc.release", matches = "true", disabledReason = "tens of thousands of files")
    void tensOfThousandsOfFilesAreTheSame() throws IOException {
        assumeTrue(Files.isDirectory(LARGE), "skipped: missing part " + LARGE);
        copyCloneAndCompare(LARGE, "6G", "3G");
    }

    private void copyCloneAndCompare(Path source, String poolSize, String volumeSize) throws IOException {
        Tools.requireFuse();
        Tools.require("rsync");
        try (MountedFiles files = MountedFiles.make(directory, poolSize, volumeSize)) {
            Path tree = files.at("v").resolve("tree");
            long start = System.nanoTime();
            rsync("-aHAX", source, tree);
            long copied = System.nanoTime();
            assertSame(source, tree);
            long compared = System.nanoTime();
            files.request("clone", Map.of("source", "v", "targets", List.of("c")));
            files.mount("c");
            Path copy = files.at("c").resolve("tree");
            assertSame(source, copy);
            Files.writeString(copy.resolve("new"), "only here");
            assertThat(rsync("-aHAXnci", source, copy).lines().filter(line -> line.startsWith("*deleting")))
                    .containsExactly("*deleting   new");
            assertSame(source, tree);
            System.out.printf(
                    "copied in %d ms, compared in %d ms%n",
                    (copied - start) / 1_000_000, (compared - copied) / 1_000_000);
            files.unmount("v");
            files.mount("v"); // nothing of the kernel's cache
            assertSame(source, tree);
            files.stopAndCheck("v", "c");
        }
    }

    private static String rsync(String options, Path source, Path target) {
        return Exec.run(LIMIT, List.of(Tools.path("rsync"), options, "--delete", source + "/", target + "/"))
                .ok()
                .out();
    }

    /** By checksum, in both directions, with owners, permissions, times, links and attributes. */
    private static void assertSame(Path source, Path tree) {
        assertThat(rsync("-aHAXnci", source, tree)).isEmpty();
    }

    private static void make(Path root) throws IOException {
        Random random = new Random(5);
        for (int d = 0; d < 30; d++) {
            Path below = Files.createDirectories(root.resolve("d" + d % 6).resolve("e" + d));
            for (int f = 0; f < 40; f++) {
                byte[] bytes = new byte[random.nextInt(f == 0 ? 300_000 : 6000)];
                random.nextBytes(bytes);
                Path file = Files.write(below.resolve("f" + f), bytes);
                if (f % 7 == 0) {
                    Files.createLink(below.resolve("hard" + f), file);
                }
                if (f % 9 == 0) {
                    Files.createSymbolicLink(below.resolve("soft" + f), Path.of("f" + f));
                    Files.setAttribute(file, "user:note", bytes.length > 99 ? new byte[] {1, 2} : new byte[0]);
                }
                if (f % 5 == 0) {
                    Files.setAttribute(file, "unix:uid", 1000 + f);
                    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r-xr-x--x"));
                }
            }
        }
    }
}

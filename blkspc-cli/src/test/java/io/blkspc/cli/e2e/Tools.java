package io.blkspc.cli.e2e;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;

/** Finds the foreign programs that the tests drive. */
final class Tools {

    private Tools() {}

    /** Skips the test, naming the part, unless all of these programs are installed. */
    static void require(String... names) {
        for (String name : names) {
            assumeTrue(find(name).isPresent(), () -> "skipped: missing part " + name);
        }
    }

    /** Skips the test unless this process may mount file systems through FUSE and loop devices. */
    static void requireLoopAndFuse() {
        require("nbdfuse", "losetup", "fusermount3", "mount", "umount", "fstrim", "blkdiscard");
        assumeTrue(Files.isWritable(Path.of("/dev/fuse")), "skipped: missing part /dev/fuse (writable)");
        assumeTrue(
                Files.isWritable(Path.of("/dev/loop-control")), "skipped: missing part /dev/loop-control (writable)");
        assumeTrue("root".equals(System.getProperty("user.name")), "skipped: missing part root (mount needs it)");
    }

    /** Skips the test unless this process may mount file systems through FUSE and libfuse3. */
    static void requireFuse() {
        require("fusermount3");
        assumeTrue(Files.isWritable(Path.of("/dev/fuse")), "skipped: missing part /dev/fuse (writable)");
        assumeTrue(
                Stream.of("/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib")
                        .anyMatch(directory -> Files.exists(Path.of(directory, "libfuse3.so.3"))),
                "skipped: missing part libfuse3.so.3");
        assumeTrue(
                "root".equals(System.getProperty("user.name")), "skipped: missing part root (owners of files need it)");
    }

    /** Full path of an installed program; the caller has required it before. */
    static String path(String name) {
        return find(name).orElseThrow(() -> new AssertionError("not installed: program=" + name));
    }

    /** Looks in PATH and in the two directories that the PATH of ordinary users leaves out. */
    static Optional<String> find(String name) {
        String path = System.getenv().getOrDefault("PATH", "/usr/bin:/bin");
        return Stream.concat(Arrays.stream(path.split(":", -1)), Stream.of("/usr/sbin", "/sbin"))
                .map(directory -> Path.of(directory, name))
                .filter(Files::isExecutable)
                .map(Path::toString)
                .findFirst();
    }
}

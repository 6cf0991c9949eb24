package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code fs resize}, {@code fs df}: what a file system may use, while the kernel has it mounted, and through a server. */
@Timeout(300)
class FsLimitTest {

    @TempDir
    private Path directory;

    @Test
    void theLimitOfAMountedFileSystemGrowsAndShrinks() throws IOException {
        Tools.requireFuse();
        try (MountedFiles files = MountedFiles.make(directory, "256M", "96M")) {
            Path root = files.at("v");
            FileStore store = Files.getFileStore(root);
            long all = store.getTotalSpace();
            byte[] bytes = new byte[8 << 20];
            new Random(5).nextBytes(bytes);
            Path file = Files.write(root.resolve("a"), bytes);

            Map<String, Object> limited = files.command().object("fs", "resize", "--usable=20M", "v");
            assertThat(limited).containsEntry("usable", 20 << 20);
            assertThat(store.getTotalSpace()).isEqualTo(20 << 20);
            assertThat(store.getUnallocatedSpace()).isEqualTo(((Number) limited.get("free")).longValue());
            assertThat(files.command().object("fs", "df", "v")).isEqualTo(limited);
            assertThat(files.command().ok("fs", "df", "v").out())
                    .startsWith("NAME")
                    .contains("20M");
            assertThatThrownBy(() -> Files.write(root.resolve("b"), new byte[16 << 20]))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("No space left");

            Exec.Result refused =
                    files.command().run("fs", "resize", "--usable=8M", "v").exits(Blkspc.NO_SPACE);
            assertThat(refused.err())
                    .contains("usable=" + (8 << 20) + ", used=")
                    .hasLineCount(1);
            files.command().run("fs", "resize", "--usable=1G", "v").exits(1);
            assertThat(store.getTotalSpace()).isEqualTo(20 << 20);

            files.killAndMount("v"); // it was durable when the command ended
            assertThat(Files.getFileStore(root).getTotalSpace()).isEqualTo(20 << 20);
            files.command().ok("fs", "resize", "--usable=all", "v");
            assertThat(Files.getFileStore(root).getTotalSpace()).isEqualTo(all);
            Files.write(root.resolve("b"), new byte[16 << 20]);
            assertThat(file).hasBinaryContent(bytes);
            files.stopAndCheck("v");
            assertThat(((Number) files.command().object("fs", "df", "v").get("usable")).longValue())
                    .isEqualTo(all);
        }
    }

    @Test
    void aServedFileSystemIsLimitedUnlessSomebodyHasItsVolumeOpen() throws IOException {
        try (TestPool pool = TestPool.serving(directory.resolve("pool"), "128M")) {
            Blkspc command = pool.command();
            pool.request("create", Map.of("name", "v", "size", 32L << 20));
            command.run("fs", "resize", "--usable=8M", "v").exits(Blkspc.NOT_FOUND_OR_EXISTS); // no file system yet
            command.run("fs", "df", "v").exits(Blkspc.NOT_FOUND_OR_EXISTS);
            command.ok("fs", "mkfs", "v");
            try (NbdConnection _ = pool.server().connect("v")) {
                command.run("fs", "resize", "--usable=8M", "v").exits(Blkspc.BUSY);
                command.run("fs", "df", "v").exits(Blkspc.BUSY);
            }
            Map<String, Object> limited = command.object("fs", "resize", "--usable=8M", "v");
            assertThat(limited).containsEntry("usable", 8 << 20).containsEntry("size", 32 << 20);
            assertThat(command.object("fs", "df", "v")).isEqualTo(limited);
            command.run("fs", "resize", "--usable=4096", "v").exits(Blkspc.NO_SPACE);
            assertThatThrownBy(() -> pool.request("fs-resize", Map.of("name", "v", "usable", 5000)))
                    .hasMessageContaining("usable=5000");
            command.run("fs", "resize", "--usable=8M", "none").exits(Blkspc.NOT_FOUND_OR_EXISTS);
            command.run("fs", "df", "none").exits(Blkspc.NOT_FOUND_OR_EXISTS);
            pool.request("snapshot", Map.of("names", List.of("v@s"))); // nobody has it any more
            pool.server().stopCleanly();
            command.ok("fs", "fsck", "v@s");
            command.ok("fs", "fsck", "v");
        }
    }
}

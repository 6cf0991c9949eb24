package io.blkspc.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.cli.pool.ModelAccess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The sample file system through the command, in a pool nobody holds. */
class FsCommandsTest {

    private final CommandRun command = new CommandRun(new ModelAccess(), Path.of("/model/pool"));

    @TempDir
    Path directory;

    @BeforeEach
    void makeFileSystem() {
        command.ok("pool", "create", "--size", "64M");
        command.ok("create", "v", "-s", "16M");
        command.ok("fs", "mkfs", "v");
    }

    private List<String> names(String path) {
        return command.ok("fs", "ls", path).out().lines().toList();
    }

    @Test
    void aFileComesOutAsItWentIn() throws IOException {
        byte[] bytes = ImportExportTest.image();
        Path in = Files.write(directory.resolve("in"), bytes);

        Map<String, Object> put =
                command.ok("fs", "put", in.toString(), "v:/a", "--json").object();
        command.ok("fs", "get", "v:/a", directory.resolve("out").toString());

        assertThat(put).containsEntry("files", 1).containsEntry("bytes", bytes.length);
        assertThat(Files.readAllBytes(directory.resolve("out"))).isEqualTo(bytes);
        assertThat(command.ok("fs", "cat", "v:/a").rawOut()).isEqualTo(bytes);
        Map<String, Object> stat = command.ok("fs", "stat", "v:/a", "--json").object();
        assertThat(stat).containsEntry("type", "file").containsEntry("size", bytes.length);
        assertThat((int) stat.get("used")).isLessThan(bytes.length - (1 << 20)); // the hole stays one
    }

    @Test
    void standardInputIsAFileAndTakesThePlaceOfALongerOne() {
        command.stdin(new byte[10_000]).ok("fs", "put", "-", "v:/a");
        command.stdin("short".getBytes(StandardCharsets.UTF_8)).ok("fs", "put", "-", "v:/a");
        assertThat(command.ok("fs", "cat", "v:/a").out()).isEqualTo("short");
        assertThat(command.ok("fs", "get", "v:/a", "-").out()).isEqualTo("short");
    }

    @Test
    void aTreeKeepsNamesLinksPermissionsAndTimes() throws IOException {
        Path tree = Files.createDirectories(directory.resolve("tree"));
        Files.createDirectories(tree.resolve("sub/empty"));
        Path script = Files.write(tree.resolve("sub/script"), new byte[5000]);
        Files.setPosixFilePermissions(script, java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-x---"));
        Files.createSymbolicLink(tree.resolve("link"), Path.of("sub/script"));

        command.run("fs", "put", tree.toString(), "v:/").exits(2);
        command.ok("fs", "put", "-r", tree.toString(), "v:/");
        Path out = directory.resolve("out");
        command.ok("fs", "get", "-r", "v:/tree", out.toString());

        assertThat(names("v:/tree")).containsExactly("link", "sub");
        assertThat(Files.readSymbolicLink(out.resolve("link"))).isEqualTo(Path.of("sub/script"));
        assertThat(Files.getPosixFilePermissions(out.resolve("sub/script")))
                .isEqualTo(Files.getPosixFilePermissions(script));
        assertThat(Files.getLastModifiedTime(out.resolve("sub/script"))).isEqualTo(Files.getLastModifiedTime(script));
        assertThat(Files.isDirectory(out.resolve("sub/empty"))).isTrue();
        command.run("fs", "get", "-r", "v:/tree", out.toString()).exits(0); // into it, under its own name
        command.run("fs", "get", "-r", "v:/tree", out.toString()).exits(1); // over what is there: never
    }

    @Test
    void namesAreMadeMovedLinkedAndRemoved() {
        command.ok("fs", "mkdir", "v:/d", "-m", "0700");
        command.stdin(new byte[] {1, 2, 3}).ok("fs", "put", "-", "v:/a");
        command.ok("fs", "ln", "v:/a", "v:/b");
        command.ok("fs", "ln", "-s", "d/a", "v:/s");
        command.ok("fs", "mv", "v:/a", "v:/d");

        assertThat(names("v:/")).containsExactly("b", "d", "s");
        assertThat(command.ok("fs", "cat", "v:/s").rawOut()).containsExactly(1, 2, 3);
        assertThat(command.ok("fs", "stat", "v:/b", "--json").object()).containsEntry("links", 2);
        assertThat(command.ok("fs", "stat", "v:/d", "--json").object()).containsEntry("mode", "0700");
        assertThat(command.ok("fs", "stat", "v:/s").out()).contains("d/a");
        assertThat(command.ok("fs", "ls", "-l", "v:/").out()).contains("symlink", "directory");

        command.run("fs", "rm", "v:/d").exits(2);
        assertThat(command.ok("fs", "rm", "-r", "v:/d", "v:/b", "v:/s", "--json")
                        .object())
                .containsEntry("removed", 4);
        assertThat(names("v:/")).isEmpty();
        assertThat(command.ok("fs", "fsck", "v", "--json").object())
                .containsEntry("clean", true)
                .containsEntry("files", 0);
    }

    @Test
    void whatIsNotThereOrTakenOrNotAFileSystemEndsWithThree() {
        command.run("fs", "cat", "v:/none").exits(3);
        command.run("fs", "ls", "none:/").exits(3);
        command.run("fs", "mkfs", "v").exits(3);
        command.ok("fs", "mkdir", "v:/d");
        command.run("fs", "mkdir", "v:/d").exits(3);
        command.ok("create", "empty", "-s", "16M");
        assertThat(command.run("fs", "ls", "empty:/").exits(3).err()).contains("no xfsish file system");
        command.stdin(CommandsTest.noise(1 << 20)).ok("import", "-", "foreign", "--size", "1M");
        assertThat(command.run("fs", "df", "foreign").exits(4).err())
                .contains("or the volume holds no xfsish file system")
                .hasLineCount(1);
        command.ok("fs", "mkfs", "v", "--force");
        assertThat(names("v:/")).isEmpty();
    }

    /** Other file systems and volume managers leave up to 64 KiB free in front, and some begin at the end. */
    @Test
    void aVolumeWithSomethingBehindItsFirstBlockIsNotTakenForEmpty() throws IOException {
        Path out = directory.resolve("out");
        for (int at : new int[] {4096, 64 << 10, (2 << 20) - 1}) {
            byte[] bytes = new byte[2 << 20];
            bytes[at] = 1;
            command.stdin(bytes).ok("import", "-", "w", "--size", "2M");
            assertThat(command.run("fs", "mkfs", "w").exits(3).err())
                    .contains("not empty: name=w, offset=" + (at & -4096))
                    .hasLineCount(1);
            command.ok("export", "w", out.toString());
            assertThat(out).hasBinaryContent(bytes);
            command.ok("fs", "mkfs", "w", "--force");
            command.ok("destroy", "w");
        }
    }

    @Test
    void aDirectoryThatIsNotThereEndsWithThree() {
        String below = directory.resolve("none/below").toString();
        String told = "blkspc: no such directory: directory=" + directory.resolve("none") + "\n";
        assertThat(command.run("fs", "umount", below).exits(3).err()).isEqualTo(told);
        assertThat(command.run("fs", "mount", "v", below).exits(3).err()).isEqualTo(told);
        command.run("fs", "umount", directory.resolve("none").toString()).exits(3);
    }

    @Test
    void wrongWordsEndWithTwo() {
        for (String path : List.of("v", "v:", "v:d", ":/d", "v@s:/d")) {
            command.run("fs", "ls", path).exits(2);
        }
        command.run("fs").exits(2);
        command.run("fs", "mv", "v:/a", "w:/b").exits(2);
        command.run("fs", "mkdir", "v:/d", "-m", "9").exits(2);
        command.run("fs", "cat", "v:/a", "--json").exits(2);
    }

    @Test
    void aVolumeWithoutRoomEndsWith28AndKeepsWhatWasThere() {
        command.stdin(new byte[] {7}).ok("fs", "put", "-", "v:/a");
        command.stdin(CommandsTest.noise(20 << 20));
        assertThat(command.run("fs", "put", "-", "v:/large").exits(28).err()).contains("No space left in ");
        assertThat(command.ok("fs", "cat", "v:/a").rawOut()).containsExactly(7);
        command.ok("fs", "rm", "v:/large");
        command.ok("fs", "fsck", "v");
        Map<String, Object> df = command.ok("fs", "df", "v", "--json").object();
        assertThat((int) df.get("free")).isGreaterThan(8 << 20);
        assertThat((int) df.get("granted")).isEqualTo((int) df.get("free"));
        assertThat(command.ok("fs", "df", "v").out()).contains("GRANTED");
    }

    @Test
    void theLimitIsAnAccountThatGrowsAndShrinks() {
        command.stdin(CommandsTest.noise(4 << 20)).ok("fs", "put", "-", "v:/a");
        Map<String, Object> whole = command.ok("fs", "df", "v", "--json").object();
        int used = (int) whole.get("usable") - (int) whole.get("free");

        Map<String, Object> limited =
                command.ok("fs", "resize", "--usable=8M", "v", "--json").object();
        assertThat(limited)
                .containsEntry("usable", 8 << 20)
                .containsEntry("size", whole.get("size"))
                .containsEntry("free", (8 << 20) - used);
        assertThat(command.ok("fs", "df", "v", "--json").object()).isEqualTo(limited);
        command.stdin(CommandsTest.noise(4 << 20)).run("fs", "put", "-", "v:/b").exits(28);
        command.ok("fs", "rm", "v:/b");

        assertThat(command.ok("fs", "resize", "--usable", "all", "v", "--bytes").out())
                .isEqualTo("v may use " + whole.get("size") + " of " + whole.get("size") + " now, free "
                        + whole.get("free") + "\n");
        command.stdin(CommandsTest.noise(4 << 20)).ok("fs", "put", "-", "v:/b");
        assertThat(command.ok("fs", "fsck", "v", "--json").object()).containsEntry("clean", true);
    }

    @Test
    void aLimitBelowWhatIsUsedOrAboveTheSizeChangesNothing() {
        command.stdin(CommandsTest.noise(4 << 20)).ok("fs", "put", "-", "v:/a");
        command.ok("fs", "resize", "--usable=12M", "v");
        Map<String, Object> before = command.ok("fs", "df", "v", "--json").object();
        int used = (12 << 20) - (int) before.get("free");

        assertThat(command.run("fs", "resize", "--usable=4M", "v").exits(28).err())
                .contains("usable=" + (4 << 20) + ", used=" + used)
                .hasLineCount(1);
        command.run("fs", "resize", "--usable=" + (used - 4096), "v").exits(28);
        assertThat(command.run("fs", "resize", "--usable=1G", "v").exits(1).err())
                .contains("usable=" + (1 << 30) + ", size=" + before.get("size"))
                .hasLineCount(1);
        for (String none : List.of("0", "5000", "-4K", "much")) {
            command.run("fs", "resize", "--usable=" + none, "v").exits(2);
        }
        command.run("fs", "resize", "v").exits(2);
        command.run("fs", "resize", "--usable=all", "none").exits(3);
        assertThat(command.ok("fs", "df", "v", "--json").object()).isEqualTo(before);

        command.ok("fs", "resize", "--usable=" + used, "v"); // not one block more, and files can be removed
        command.run("fs", "mkdir", "v:/d").exits(28);
        command.ok("fs", "rm", "v:/a");
        command.ok("fs", "mkdir", "v:/d");
        command.ok("fs", "fsck", "v");
    }

    @Test
    void anEmptyFileSystemFitsIntoItsLimitOrIsNotMade() {
        command.run("fs", "mkfs", "v", "--force", "--usable=5000").exits(2);
        Map<String, Object> df = command.ok("fs", "df", "v", "--json").object();
        int used = (int) df.get("usable") - (int) df.get("free");
        assertThat(command.run("fs", "mkfs", "v", "--force", "--usable=" + (used - 4096))
                        .exits(1)
                        .err())
                .contains("used=" + used);
        command.ok("fs", "mkfs", "v", "--force", "--usable=" + used);
        assertThat(command.ok("fs", "df", "v", "--json").object()).containsEntry("free", 0);
        command.ok("fs", "fsck", "v");
        command.run("fs", "mkdir", "v:/d").exits(28);
        command.ok("fs", "resize", "--usable=all", "v");
        command.ok("fs", "mkdir", "v:/d");
    }

    @Test
    void aFileSystemKeepsItsSizeInALargerVolumeAndIsRefusedInASmallerOne() {
        Map<String, Object> before = command.ok("fs", "df", "v", "--json").object();
        command.ok("resize", "v", "--size=32M");
        assertThat(command.ok("fs", "df", "v", "--json").object())
                .containsEntry("size", before.get("size"))
                .containsEntry("usable", before.get("usable"));
        command.run("fs", "resize", "--usable=32M", "v").exits(1);
        command.ok("resize", "v", "--size=16M", "--shrink"); // nothing of it was there
        command.ok("fs", "fsck", "v");
        command.ok("resize", "v", "--size=12M", "--shrink");
        String told = "smaller than its file system: volume=" + (12 << 20) + ", size=" + (16 << 20);
        assertThat(command.run("fs", "df", "v").exits(4).err()).contains(told).hasLineCount(1);
        assertThat(command.run("fs", "fsck", "v").exits(4).out()).contains(told);
    }

    @Test
    void aDamagedFileSystemIsFoundAlsoInASnapshot() throws IOException {
        command.stdin(CommandsTest.noise(1 << 20)).ok("fs", "put", "-", "v:/a");
        command.ok("snapshot", "v@s");
        command.ok("fs", "fsck", "v@s");
        Path image = directory.resolve("image");
        command.ok("export", "v", image.toString());
        byte[] bytes = Files.readAllBytes(image);
        Arrays.fill(bytes, 4096 + 100, 4096 + 200, (byte) 5); // the header of the first group
        Files.write(image, bytes);
        command.ok("import", image.toString(), "w");

        Map<String, Object> found =
                command.run("fs", "fsck", "w", "--json").exits(4).object();
        assertThat(found).containsEntry("clean", false);
        assertThat((List<?>) found.get("findings")).isNotEmpty();
        assertThat(command.run("fs", "ls", "w:/").exits(4).err()).contains("damaged");
    }
}

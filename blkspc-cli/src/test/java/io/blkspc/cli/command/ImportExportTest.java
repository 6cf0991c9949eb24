package io.blkspc.cli.command;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.pool.ModelAccess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Images in and out of a pool nobody holds. */
class ImportExportTest {

    private final CommandRun command = new CommandRun(new ModelAccess(), Path.of("/model/pool"));

    @TempDir
    Path directory;

    @BeforeEach
    void makePool() {
        command.ok("pool", "create", "--size", "64M");
    }

    /** Noise, a hole of more than a chunk, noise that ends inside a block. */
    static byte[] image() {
        byte[] image = new byte[3 * (1 << 20) + 700];
        byte[] noise = CommandsTest.noise(image.length);
        System.arraycopy(noise, 0, image, 0, 100_000);
        System.arraycopy(noise, 0, image, 2_500_000, image.length - 2_500_000);
        return image;
    }

    @Test
    void imageComesOutAsItWentIn() throws IOException {
        byte[] image = image();
        Path in = Files.write(directory.resolve("in.img"), image);
        Path out = directory.resolve("out.img");

        command.ok("import", in.toString(), "a");
        command.ok("export", "a", out.toString());

        byte[] exported = Files.readAllBytes(out);
        assertThat(exported).hasSize(image.length / 4096 * 4096 + 4096);
        assertThat(Arrays.copyOf(exported, image.length)).isEqualTo(image);
        assertThat(Arrays.copyOfRange(exported, image.length, exported.length)).containsOnly(0);
    }

    /** A volume that holds the file of an image, and not the disk in it, is found out when something boots from it. */
    @Test
    void imageOfAnotherFormatIsRefusedUnlessTheFileItselfIsWanted() throws IOException {
        Map<String, byte[]> beginnings = Map.of(
                "qcow2", new byte[] {'Q', 'F', 'I', (byte) 0xfb},
                "vmdk", "KDMV".getBytes(ISO_8859_1),
                "vhdx", "vhdxfile".getBytes(ISO_8859_1),
                "vpc", "conectix".getBytes(ISO_8859_1),
                "vdi", ("<<< VDI >>>" + "\0".repeat(53) + "\u007f\u0010\u00da\u00be").getBytes(ISO_8859_1));
        for (Map.Entry<String, byte[]> each : beginnings.entrySet()) {
            byte[] image = Arrays.copyOf(each.getValue(), 8192);
            Path in = Files.write(directory.resolve("in.img"), image);
            CommandRun.Result refused = command.run("import", in.toString(), "a");
            assertThat(refused.exitCode()).isEqualTo(ExitCode.USAGE);
            assertThat(refused.err())
                    .startsWith("blkspc: the image is " + each.getKey() + ", not raw: ")
                    .contains("qemu-img convert -O raw", "-f raw")
                    .hasLineCount(1);
            assertThat(command.run("info", "a").exitCode()).isEqualTo(ExitCode.NOT_FOUND_OR_EXISTS);

            Path out = directory.resolve("out.img");
            command.ok("import", "-f", "raw", in.toString(), "a");
            command.ok("export", "a", out.toString());
            assertThat(out).hasBinaryContent(image);
            command.ok("destroy", "a");
        }
    }

    /** A pipe is read once: what was looked at belongs to the image. */
    @Test
    void pipeIsLookedAtAsWellAndLosesNothing() throws IOException {
        byte[] other = Arrays.copyOf(new byte[] {'Q', 'F', 'I', (byte) 0xfb}, 8192);
        CommandRun.Result refused = command.stdin(other).run("import", "-", "a", "--size", "1M");
        assertThat(refused.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(refused.err()).contains("the image is qcow2");
        for (int bytes : new int[] {1, 7, 8, 9, 700_000}) {
            byte[] image = CommandsTest.noise(bytes);
            command.stdin(image).ok("import", "-", "a", "--size", "1M");
            Path out = directory.resolve("out.img");
            command.ok("export", "a", out.toString());
            assertThat(Arrays.copyOf(Files.readAllBytes(out), bytes)).isEqualTo(image);
            command.ok("destroy", "a");
        }
    }

    /** As {@code import <(zcat image.gz) a} gives it: opened twice, its first bytes would be gone. */
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void pipeWithANameLosesNothing() throws Exception {
        Path pipe = directory.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        byte[] image = CommandsTest.noise(700_000);
        Thread writer = Thread.ofPlatform().daemon().start(() -> {
            try {
                Files.write(pipe, image, StandardOpenOption.WRITE);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        command.ok("import", pipe.toString(), "a", "--size", "1M");
        writer.join();
        Path out = directory.resolve("out.img");
        command.ok("export", "a", out.toString());
        assertThat(out).hasBinaryContent(Arrays.copyOf(image, 1 << 20));
    }

    @Test
    void zerosStayHoles() throws IOException {
        Path in = Files.write(directory.resolve("in.img"), image());

        Map<String, Object> made =
                command.ok("import", in.toString(), "a", "--json").object();
        Map<String, Object> exported = command.ok(
                        "export", "a", directory.resolve("out.img").toString(), "--json")
                .object();

        long data = 25 * 4096 + (3 * (1 << 20) + 4096 - 2_500_000 / 4096 * 4096);
        assertThat(((Number) made.get("mapped")).longValue()).isEqualTo(data);
        assertThat(((Number) exported.get("data")).longValue()).isEqualTo(data);
        assertThat(command.ok("map", "a", "--json").array())
                .extracting(extent -> extent.get("state"))
                .containsExactly("written", "hole", "written");
    }

    @Test
    void streamsWork() {
        byte[] image = Arrays.copyOf(image(), 1 << 20);

        command.stdin(image).ok("import", "-", "a", "--size", "2M");
        CommandRun.Result result = command.ok("export", "a", "-");

        assertThat(result.rawOut()).isEqualTo(Arrays.copyOf(image, 2 << 20));
    }

    @Test
    void streamLongerThanTheVolumeLeavesNothing() {
        CommandRun.Result result =
                command.stdin(image()).run("import", "-", "a", "--size", "1M").exits(1);

        assertThat(result.err()).contains("larger than the volume");
        command.run("info", "a").exits(3);
    }

    @Test
    void importDoesNotTouchATakenName() throws IOException {
        Path in = Files.write(directory.resolve("in.img"), image());
        command.stdin(image()).ok("import", "-", "a", "--size", "4M");

        command.run("import", in.toString(), "a").exits(3);

        assertThat(Arrays.copyOf(command.ok("export", "a", "-").rawOut(), image().length))
                .isEqualTo(image());
    }

    @Test
    void exportReplacesAFileOnlyWhenItIsComplete() throws IOException {
        Path out = Files.writeString(directory.resolve("out.img"), "precious");

        command.run("export", "missing", out.toString()).exits(3);
        assertThat(out).hasContent("precious");

        command.ok("create", "a", "-s", "8K");
        assertThat(command.run("export", "a", directory.resolve("none/out.img").toString())
                        .exits(1)
                        .err())
                .isEqualTo("blkspc: no such directory: directory=" + directory.resolve("none") + "\n");
        command.ok("export", "a", out.toString());
        assertThat(Files.readAllBytes(out)).isEqualTo(new byte[8192]);
        assertThat(directory.toFile().list()).containsExactly("out.img");
    }

    @Test
    void missingFileIsOneLine() {
        CommandRun.Result result =
                command.run("import", directory.resolve("none").toString(), "a").exits(1);

        assertThat(result.err()).isEqualTo("blkspc: no such file: path=" + directory.resolve("none") + "\n");
        assertThat(command.run("import", directory.toString(), "a")
                        .exits(1)
                        .err()
                        .lines())
                .hasSize(1);
    }

    @Test
    void snapshotIsExported() {
        command.stdin(image()).ok("import", "-", "a", "--size", "4M");
        command.ok("snap", "a@s");
        command.ok("destroy", "a");

        assertThat(Arrays.copyOf(command.ok("export", "a@s", "-").rawOut(), image().length))
                .isEqualTo(image());
    }
}

package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whatever is wrong gets one clear line and the documented exit code, and nothing is lost. */
@Timeout(150)
class BadInputTest {

    private static final ByteBuffer CONTENTS = ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5, 6, 7, 8});

    @TempDir
    private Path directory;

    @Test
    void wrongNamesAndSizesAreRefusedByServer() throws IOException {
        try (TestPool pool = TestPool.create(directory.resolve("pool"), "64M")) {
            Blkspc blkspc = pool.command();
            blkspc.ok("create", "one", "-s", "16M");
            pool.server().start();
            refused(blkspc.run("info", "nobody"), Blkspc.NOT_FOUND_OR_EXISTS, "nobody");
            refused(blkspc.run("destroy", "nobody"), Blkspc.NOT_FOUND_OR_EXISTS, "nobody");
            refused(blkspc.run("clone", "nobody", "copy"), Blkspc.NOT_FOUND_OR_EXISTS, "nobody");
            refused(blkspc.run("snapshot", "nobody@now"), Blkspc.NOT_FOUND_OR_EXISTS, "nobody");
            refused(blkspc.run("create", "one", "-s", "8M"), Blkspc.NOT_FOUND_OR_EXISTS, "one");
            for (String size : List.of("0", "5000", "12Q", "17T")) {
                refused(blkspc.run("create", "two", "-s", size), Blkspc.USAGE, "");
            }
            for (String name : List.of("../two", "two@now", "x".repeat(129))) {
                refused(blkspc.run("create", name, "-s", "8M"), Blkspc.USAGE, "");
            }
            refused(blkspc.run("frobnicate"), Blkspc.USAGE, "frobnicate");
            refused(blkspc.run("create", "two"), Blkspc.USAGE, "");
            for (String export : List.of("nobody", "..", "one/", "ONE", "x".repeat(4096))) {
                assertThatThrownBy(() -> pool.server().connect(export)).isInstanceOf(IOException.class);
            }
            assertThat(blkspc.array("list"))
                    .extracting(each -> each.get("name"))
                    .containsExactly("one");
        }
    }

    @Test
    void poolHeldByAnotherProcessIsRefusedAndUntouched() throws IOException {
        try (TestPool pool = TestPool.create(directory.resolve("pool"), "64M")) {
            pool.command().ok("create", "one", "-s", "16M");
            pool.server().start();
            try (NbdConnection connection = pool.server().connect("one")) {
                connection.write(0, CONTENTS.duplicate(), 0);
                refused(pool.command().run("serve"), Blkspc.BUSY, "");
                refused(pool.command().run("pool", "create", "--size", "64M"), Blkspc.BUSY, "in use");
                Path data = pool.directory().resolve("data");
                refused(pool.command().run("export", "one", data.toString()), Blkspc.BUSY, "data");
                assertThat(connection.read(0, 8)).isEqualTo(CONTENTS);
            }
            assertThat(pool.server().isAlive()).isTrue();
        }
    }

    @Test
    void lookAtACopyLeavesServerOfTheOriginalAlone() throws IOException {
        try (TestPool pool = TestPool.create(directory.resolve("pool"), "64M")) {
            pool.command().ok("create", "one", "-s", "16M");
            pool.server().start();
            Path copy = directory.resolve("copy");
            Exec.run("cp", "-a", pool.directory().toString(), copy.toString()).exits(0);
            Files.delete(copy.resolve("control.sock"));
            Files.delete(copy.resolve("nbd.sock"));
            assertThat(new Blkspc(copy).ok("create", "two", "-s", "4M").out()).contains("two");
            assertThat(pool.command().array("list"))
                    .extracting(each -> each.get("name"))
                    .containsExactly("one");
        }
    }

    @Test
    void outputThatCannotBeWrittenIsAFailure() throws IOException {
        Path pool = directory.resolve("pool");
        new Blkspc(pool).ok("pool", "create", "--size", "64M");
        ProcessBuilder builder = new ProcessBuilder(Blkspc.command(List.of("-p", pool.toString(), "list", "--json")));
        builder.redirectOutput(Path.of("/dev/full").toFile());
        refused(Exec.run(Duration.ofSeconds(30), builder), Blkspc.FAILED, "standard output");
    }

    @Test
    void attachedVolumeIsNotDestroyed() throws IOException {
        try (TestPool pool = TestPool.create(directory.resolve("pool"), "64M")) {
            pool.command().ok("create", "one", "-s", "16M");
            pool.server().start();
            try (NbdConnection connection = pool.server().connect("one")) {
                connection.write(0, CONTENTS.duplicate(), 0);
                refused(pool.command().run("destroy", "one"), Blkspc.BUSY, "one");
                assertThat(connection.read(0, 8)).isEqualTo(CONTENTS);
            }
        }
    }

    @Test
    void whatIsNoPoolIsRefused() throws IOException {
        Path nothing = directory.resolve("nothing");
        refused(new Blkspc(nothing).run("list"), Blkspc.NOT_FOUND_OR_EXISTS, "nothing");
        assertThat(nothing).doesNotExist();

        Path other = Files.createDirectories(directory.resolve("other"));
        Files.writeString(other.resolve("letter"), "dear");
        refused(new Blkspc(other).run("serve"), Blkspc.NOT_FOUND_OR_EXISTS, "other");
        assertThat(Files.readString(other.resolve("letter"))).isEqualTo("dear");

        refused(
                new Blkspc(Path.of("/dev/null/pool")).run("pool", "create", "--size", "64M"),
                Blkspc.NOT_FOUND_OR_EXISTS,
                "/dev/null");
        refused(new Blkspc(directory.resolve("p")).run("pool", "create", "--size", "none"), Blkspc.USAGE, "none");
        assertThat(directory.resolve("p")).doesNotExist();
    }

    @Test
    void truncatedPoolIsRefusedAndOpensWhenItsFileIsBack() throws IOException {
        try (TestPool pool = TestPool.create(directory.resolve("pool"), "64M")) {
            pool.command().ok("create", "one", "-s", "16M");
            pool.server().start();
            write(pool);
            pool.server().stopCleanly();
            for (String file : List.of("superblock", "journal", "segments", "data")) {
                Path whole = pool.directory().resolve(file);
                Path kept = directory.resolve("kept-" + file);
                Files.copy(whole, kept);
                long length = file.startsWith("s") ? 0 : Files.size(kept) / 2;
                truncate(whole, length);
                refused(pool.command().run(Duration.ofSeconds(30), "serve"), Blkspc.NEEDS_CHECK, file);
                assertThat(whole).as("a refused pool is left alone").hasSize(length);
                Files.move(kept, whole, StandardCopyOption.REPLACE_EXISTING);
            }
            pool.server().start();
            try (NbdConnection connection = pool.server().connect("one")) {
                assertThat(connection.read(4096, 8)).isEqualTo(CONTENTS);
            }
            pool.server().stopCleanly();
            pool.command().ok("pool", "check");
        }
    }

    private static void write(TestPool pool) throws IOException {
        try (NbdConnection connection = pool.server().connect("one")) {
            connection.write(4096, CONTENTS.duplicate(), 0);
        }
    }

    private static void truncate(Path file, long length) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(length);
        }
    }

    /** One line on standard error that names the culprit, nothing on standard output, and this exit code. */
    private static void refused(Exec.Result result, int exit, String culprit) {
        result.exits(exit);
        assertThat(result.out()).as("stdout of %s", result.command()).isEmpty();
        assertThat(result.err())
                .as("stderr of %s", result.command())
                .contains(culprit)
                .doesNotContain("Exception", "\tat ");
        try (Stream<String> lines = result.err().lines()) {
            assertThat(lines.filter(line -> !line.isBlank())).as("stderr").hasSize(1);
        }
    }
}

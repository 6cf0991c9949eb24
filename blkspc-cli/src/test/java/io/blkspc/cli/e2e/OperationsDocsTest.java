package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.cli.HostAccess;
import io.blkspc.cli.command.CommandRun;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * docs/operations.md, tried line by line: every command line of it is run in the order of the page, on the real host. What the page
 * says and no test tries, or the other way round, fails. The states it names are in {@link OperationsStatesTest}, its messages in
 * {@link OperationsMessagesTest}.
 */
@Timeout(150)
class OperationsDocsTest {

    @TempDir
    private Path directory;

    private final OperationsPage page = new OperationsPage();

    private CommandRun pool(String name) {
        return new CommandRun(new HostAccess(), directory.resolve(name));
    }

    /** What the process leaves that is killed now: nothing of it is forced any more, and nothing needs to be. */
    private CommandRun killed(CommandRun served, String name) throws IOException {
        Path copy = Files.createDirectories(directory.resolve(name));
        try (Stream<Path> files = Files.list(served.pool())) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, copy.resolve(file.getFileName()));
            }
        }
        return pool(name);
    }

    private CommandRun.Result next(CommandRun on, int exit, String command, Map<String, String> names, String... more) {
        String[] words = page.next(command, names);
        String[] all = Arrays.copyOf(words, words.length + more.length);
        System.arraycopy(more, 0, all, words.length, more.length);
        return on.run(all).exits(exit);
    }

    private CommandRun.Result next(CommandRun on, int exit, String command) {
        return next(on, exit, command, Map.of());
    }

    @Test
    void everyCommandLineDoesWhatThePageSays() throws IOException {
        CommandRun pool = pool("pool");
        pool.ok("pool", "create", "--size", "16M");
        assertThat(next(pool, 0, "pool status").out()).contains("clean");
        assertThat(InProcessServer.state(pool)).isEqualTo("clean");
        CommandRun damaged;
        try (InProcessServer _ = new InProcessServer(pool)) {
            assertThat(InProcessServer.state(pool)).isEqualTo("serving");
            pool.ok("create", "vm", "-s", "4M");
            InProcessServer.write(pool, "vm", 1);
            pool.ok("create", "later", "-s", "1M");
            assertThat(next(pool, 0, "pool events").out())
                    .contains("created vm")
                    .contains("created later");
            pool.ok("create", "last", "-s", "1M"); // says that the one before was forced
            CommandRun dead = killed(pool, "dead");
            assertThat(dead.ok("pool", "status").out()).contains("last stop").contains("not clean");
            assertThat(dead.ok("list", "--json").array()).hasSize(3);
            damaged = killed(pool, "damaged");
        }
        needsCheck(damaged);
        copies(pool);
        full(pool);
        resized(pool);
        pool.ok("hold", "backup", "vm@before");
        assertThat(pool.run("destroy", "vm@before", "--force")
                        .exits(page.exitCodeOf("snapshot is held"))
                        .err())
                .contains("snapshot is held")
                .contains("backup");
        next(pool, 0, "release TAG NAME@SNAP", Map.of("TAG", "backup", "NAME", "vm", "SNAP", "before"));
        pool.ok("destroy", "vm@before");
        assertThat(page.left()).as("command lines nobody tried").isEmpty();
        assertThat(pool.ok("pool", "check").out()).startsWith("clean");
    }

    private void needsCheck(CommandRun damaged) throws IOException {
        damageRecordOf("later", damaged.pool().resolve("journal"));
        assertThat(InProcessServer.state(damaged)).isEqualTo("needs-check");
        damaged.run("create", "new", "-s", "1M").exits(4);
        assertThat(next(damaged, 4, "pool check").out()).contains("journal offset=");
        damaged.run("pool", "check", "--deep").exits(4);
        assertThat(next(damaged, 0, "list").out()).contains("vm").doesNotContain("later");
        next(damaged, 0, "info NAME", Map.of("NAME", "vm"));
        Path saved = directory.resolve("saved");
        assertThat(next(damaged, 4, "pool repair --to DIR", Map.of("DIR", saved.toString()))
                        .out())
                .contains("lost (pool): ")
                .contains("volumes=1");
        assertThat(pool("saved").ok("pool", "check").out()).startsWith("clean");
        Path image = directory.resolve("vm.img");
        next(damaged, 0, "export NAME FILE", Map.of("NAME", "vm", "FILE", image.toString()));
        assertThat(Files.readAllBytes(image)).startsWith(new byte[] {1, 1, 1, 1});
        String[] serve = page.next("serve --read-only", Map.of());
        try (ServerProcess server = new ServerProcess(damaged.pool(), Arrays.copyOfRange(serve, 1, serve.length))) {
            server.start();
            try (NbdConnection connection = server.connect("vm")) {
                assertThat(connection.read(0, 1).get(0)).isEqualTo((byte) 1);
            }
            damaged.run("create", "new", "-s", "1M").exits(1);
            assertThat(damaged.run(
                                    "pool",
                                    "repair",
                                    "--to",
                                    directory.resolve("other").toString())
                            .exits(page.exitCodeOf("pool is in use by another process"))
                            .err())
                    .contains("pool is in use by another process")
                    .contains("pid=" + server.pid());
            server.stopCleanly();
        }
    }

    private void copies(CommandRun pool) throws IOException {
        pool.ok("snapshot", "vm@kept");
        Path dump = directory.resolve("dump");
        next(pool, 0, "pool dump FILE", Map.of("FILE", dump.toString()));
        CommandRun restored = pool("restored");
        next(restored, 0, "pool restore FILE", Map.of("FILE", dump.toString()));
        assertThat(restored.ok("list", "--json").out())
                .isEqualTo(pool.ok("list", "--json").out());
        restored.run("pool", "restore", dump.toString()).exits(3);
        try (InProcessServer _ = new InProcessServer(pool)) {
            Path pipe = directory.resolve("pipe");
            Exec.run("mkfifo", pipe.toString()).ok();
            CompletableFuture<CommandRun.Result> dumping = CompletableFuture.supplyAsync(
                    () -> pool.run("pool", "dump", pipe.toString()),
                    task -> Thread.ofPlatform().daemon().start(task));
            try (InputStream slow = Files.newInputStream(pipe)) {
                assertThat(slow.read()).isEqualTo('B'); // from here on it holds its moment, until somebody reads on
                assertThat(pool.run("destroy", "vm@kept")
                                .exits(page.exitCodeOf("snapshot is being dumped"))
                                .err())
                        .contains("snapshot is being dumped");
                slow.readAllBytes();
            }
            dumping.join().exits(0);
            pool.ok("destroy", "vm@kept");
        }
    }

    private void full(CommandRun pool) throws IOException {
        pool.ok("create", "promised", "-s", "8M", "--reserve", "full");
        assertThat(next(pool, 0, "pool status").out()).contains("free").contains("promised");
        pool.run("create", "more", "-s", "16M", "--reserve", "full").exits(28);
        next(pool, 0, "du");
        assertThat(next(pool, 0, "destroy -n NAME...", Map.of("NAME", "later")).out())
                .contains("would free");
        next(pool, 0, "destroy", Map.of(), "later", "last");
        next(pool, 0, "jobs");
        next(pool, 0, "jobs wait");
        try (InProcessServer _ = new InProcessServer(pool)) {
            next(pool, 0, "pool grow --size SIZE", Map.of("SIZE", "32M"));
            InProcessServer.write(pool, "vm", 2);
        }
        pool.ok("pool", "grow", "--size", "40M");
        pool.run("pool", "grow", "--size", "32M").exits(2);
        pool.ok("create", "more", "-s", "16M", "--reserve", "full");
        pool.ok("destroy", "more", "promised");
    }

    private void resized(CommandRun pool) {
        next(pool, 0, "resize NAME -s +SIZE", Map.of("NAME", "vm", "SIZE", "4M"));
        pool.ok("create", "files", "-s", "32M");
        pool.ok("fs", "mkfs", "files", "--usable", "8M");
        next(pool, 0, "fs resize --usable SIZE NAME", Map.of("SIZE", "16M", "NAME", "files"));
        assertThat(pool.ok("fs", "df", "files", "--json").object()).containsEntry("usable", 16 << 20);
        pool.ok("destroy", "files");
        assertThat(next(pool, 0, "info NAME", Map.of("NAME", "vm")).out()).contains("8M");
        assertThat(pool.ok("info", "vm", "--json").object()).containsEntry("size", 8 << 20);
        pool.run("resize", "vm", "-s", "1M").exits(2); // not without the word
        next(pool, 0, "snapshot NAME@before", Map.of("NAME", "vm"));
        next(pool, 0, "rollback", Map.of(), "vm@before");
        next(pool, 0, "resize NAME -s SIZE --shrink", Map.of("NAME", "vm", "SIZE", "2M"));
        assertThat(pool.ok("info", "vm", "--json").object()).containsEntry("size", 2 << 20);
        pool.ok("rollback", "vm@before");
        assertThat(pool.ok("info", "vm", "--json").object()).containsEntry("size", 8 << 20);
    }

    /** Flips a bit of the journal record that names a volume. */
    private static void damageRecordOf(String volume, Path journal) throws IOException {
        byte[] bytes = Files.readAllBytes(journal);
        int at = HexFormat.of()
                        .formatHex(bytes)
                        .indexOf(HexFormat.of().formatHex(volume.getBytes(StandardCharsets.UTF_8)))
                / 2;
        assertThat(at).isPositive();
        bytes[at] ^= 1;
        Files.write(journal, bytes);
    }
}

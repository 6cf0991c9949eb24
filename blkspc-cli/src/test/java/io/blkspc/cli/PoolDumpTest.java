package io.blkspc.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.cli.command.CommandRun;
import io.blkspc.cli.pool.PoolLocation;
import io.blkspc.cli.serve.PoolServer;
import io.blkspc.cli.serve.ServeOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code pool dump} and {@code pool restore} on the real host. */
class PoolDumpTest {

    @TempDir
    private Path directory;

    private CommandRun command;
    private Path dump;

    @BeforeEach
    void makePool() {
        command = new CommandRun(new HostAccess(), directory.resolve("pool"));
        dump = directory.resolve("pool.dump");
        command.ok("pool", "create", "--size", "16M");
        command.stdin(image(1)).ok("import", "-", "vm", "-s", "2M");
        command.ok("snapshot", "vm@one");
        command.ok("hold", "keep", "vm@one");
        command.ok("clone", "vm@one", "copy", "--reserve", "1M");
        command.ok("snapshot", "vm@two", "copy@two");
        command.ok("resize", "vm", "-s", "+1M");
    }

    private static byte[] image(long seed) {
        byte[] bytes = new byte[1 << 20];
        new SplittableRandom(seed).nextBytes(bytes);
        return bytes;
    }

    private CommandRun other(String name) {
        return new CommandRun(new HostAccess(), directory.resolve(name));
    }

    private static void requireEqual(CommandRun restored, CommandRun original) {
        assertThat(restored.ok("list", "--json").out())
                .isEqualTo(original.ok("list", "--json").out());
        assertThat(restored.ok("reservations", "--json").out())
                .isEqualTo(original.ok("reservations", "--json").out());
        for (String name : List.of("vm", "vm@one", "copy")) {
            assertThat(restored.ok("export", name, "-").rawOut())
                    .as(name)
                    .isEqualTo(original.ok("export", name, "-").rawOut());
        }
        assertThat(restored.ok("diff", "vm", "--from", "one", "--json").out())
                .isEqualTo(original.ok("diff", "vm", "--from", "one", "--json").out());
        assertThat(restored.ok("pool", "check", "--deep").out()).startsWith("clean");
        restored.run("destroy", "vm@one", "--force").exits(5);
    }

    @Test
    void restoredPoolIsEqual() throws IOException {
        assertThat(command.ok("pool", "dump", dump.toString()).out())
                .isEqualTo("dumped to " + dump + ": volumes=2, snapshots=3, data=1M\n");
        CommandRun restored = other("restored");
        assertThat(restored.ok("pool", "restore", dump.toString()).out())
                .isEqualTo("restored pool " + restored.pool() + ": volumes=2, snapshots=3, data=1M\n");
        requireEqual(restored, command);
        assertThat(Files.size(dump)).isLessThan((1 << 20) + 64 * 1024);

        restored.run("pool", "restore", dump.toString()).exits(3);
        requireEqual(restored, command);

        byte[] stream = command.ok("pool", "dump", "-").rawOut();
        CommandRun piped = other("piped").stdin(stream);
        piped.ok("pool", "restore", "-", "--data", directory.resolve("data").toString());
        requireEqual(piped, command);
        command.run("pool", "dump", "-", "--json").exits(2);
    }

    @Test
    void damagedDumpLeavesNothing() throws IOException {
        command.ok("pool", "dump", dump.toString());
        byte[] bytes = Files.readAllBytes(dump);
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < 4; i++) {
            int at = random.nextInt(bytes.length);
            byte[] damaged = i % 2 == 0 ? Arrays.copyOf(bytes, at) : bytes.clone();
            if (i % 2 == 1) {
                damaged[at] ^= (byte) 0x10;
            }
            CommandRun restored = other("restored").stdin(damaged);
            CommandRun.Result refused = restored.run("pool", "restore", "-").exits(4);
            assertThat(refused.err().lines()).hasSize(1);
            assertThat(refused.err()).contains("dump record").contains("offset=");
            assertThat(restored.pool()).doesNotExist();
        }
        other("restored")
                .run("pool", "restore", directory.resolve("none").toString())
                .exits(1);
    }

    @Test
    void noFileOfAPoolIsReplacedAndNoHalfDumpHasTheName() throws IOException {
        for (String name : List.of("data", "journal", "superblock")) {
            command.run("pool", "dump", command.pool().resolve(name).toString()).exits(5);
        }
        Files.write(dump, new byte[] {1});
        Path segments = command.pool().resolve("segments");
        byte[] intact = Files.readAllBytes(segments);
        Files.write(segments, new byte[intact.length]);
        assertThat(command.run("pool", "dump", dump.toString()).exits(4).err().lines())
                .hasSize(1);
        assertThat(Files.readAllBytes(dump)).containsExactly(1);
        try (var left = Files.list(directory)) {
            assertThat(left.map(path -> path.getFileName().toString())).containsExactlyInAnyOrder("pool", "pool.dump");
        }
        Files.write(segments, intact);
        command.ok("pool", "dump", dump.toString()); // takes the place of the older one
        other("restored").ok("pool", "restore", dump.toString());
    }

    @Test
    void whatAKilledDumpLeftGoesWithTheNextOne() throws Exception {
        Process dead = new ProcessBuilder("true").start();
        dead.waitFor();
        Process alive = new ProcessBuilder("sleep", "60").start();
        Path left = Files.write(directory.resolve(".pool.dump.blkspc-partial-" + dead.pid()), new byte[] {1});
        Path used = Files.write(directory.resolve(".pool.dump.blkspc-partial-" + alive.pid()), new byte[] {1});
        Path other = Files.write(directory.resolve(".other.blkspc-partial-" + dead.pid()), new byte[] {1});
        try {
            command.ok("pool", "dump", dump.toString());
        } finally {
            alive.destroyForcibly();
        }
        assertThat(left).doesNotExist();
        assertThat(used).exists();
        assertThat(other).exists();
    }

    @Test
    void servedPoolIsDumpedWhileItIsUsed() throws Exception {
        PoolLocation location = PoolLocation.of(command.pool().toString(), Map.of());
        CountDownLatch stop = new CountDownLatch(1);
        PoolServer server = PoolServer.start(
                new HostAccess(),
                location,
                new ServeOptions(ServeOptions.Doors.USUAL, ServeOptions.NO_TLS, false, null, false),
                stop,
                words -> {});
        CompletableFuture<Void> served = CompletableFuture.runAsync(
                () -> server.serveUntilStopped(() -> {}),
                task -> Thread.ofPlatform().daemon().start(task));
        assertThat(command.ok("pool", "dump", dump.toString(), "--json").object())
                .containsEntry("snapshots", 3)
                .containsEntry("volumes", 2)
                .containsEntry("file", dump.toString());
        command.run("pool", "dump", "-").exits(2);
        command.run("pool", "dump", directory.resolve("no/where").toString()).exits(1);
        CommandRun restored = other("restored");
        restored.ok("pool", "restore", dump.toString());
        command.ok("jobs", "wait");
        requireEqual(restored, command);
        command.run("pool", "restore", dump.toString()).exits(3);
        stop.countDown();
        served.get(30, TimeUnit.SECONDS);
    }
}

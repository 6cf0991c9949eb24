package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.PoolStatus;
import io.blkspc.cli.HostAccess;
import io.blkspc.cli.command.CommandRun;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The states that docs/operations.md names: all that there are, and those that need a fault brought about. */
@Timeout(150)
class OperationsStatesTest {

    /** Which test brings a state about. */
    private static final Map<String, String> STATES = Map.of(
            "clean", "everyCommandLineDoesWhatThePageSays",
            "serving", "everyCommandLineDoesWhatThePageSays",
            "needs-check", "everyCommandLineDoesWhatThePageSays",
            "out-of-backing", "smallFileSystemRunsOut",
            "failed", "failedPoolTakesNoMoreWrites");

    @TempDir
    private Path directory;

    private final OperationsPage page = new OperationsPage();

    private CommandRun pool(String name) {
        return new CommandRun(new HostAccess(), directory.resolve(name));
    }

    @Test
    void pageNamesTheStatesThatThereAre() {
        Set<String> product = new TreeSet<>(Set.of("clean")); // nobody serves it: said by the command, not by the pool
        for (PoolStatus.State state : PoolStatus.State.values()) {
            product.add(state.name().toLowerCase(Locale.ROOT).replace('_', '-'));
        }
        product.remove("closed"); // nobody can see a pool that is closed
        assertThat(new TreeSet<>(page.states())).isEqualTo(product).isEqualTo(new TreeSet<>(STATES.keySet()));
        assertThat(Stream.of(OperationsDocsTest.class, OperationsStatesTest.class)
                        .flatMap(tests -> Arrays.stream(tests.getDeclaredMethods()))
                        .map(method -> method.getName()))
                .containsAll(STATES.values());
    }

    @Test
    void failedPoolTakesNoMoreWrites() throws IOException {
        Strace.require();
        CommandRun pool = pool("pool");
        pool.ok("pool", "create", "--size", "16M");
        pool.ok("create", "vm", "-s", "1M");
        try (ServerProcess server = new ServerProcess(pool.pool())) {
            server.start();
            try (NbdConnection connection = server.connect("vm")) {
                connection.write(0, ByteBuffer.allocate(4096).put(0, (byte) 7), 0);
                connection.flush();
                failForces(server, pool, connection);
                assertThat(InProcessServer.state(pool)).isEqualTo("failed");
                assertThat(connection.read(0, 1).get(0)).as("reads go on").isEqualTo((byte) 7);
            }
            pool.run("create", "new", "-s", "1M").exits(6);
            assertThat(pool.ok("pool", "events").out()).contains("failed").contains("cause=");
            pool.run("stop").exits(1);
            assertThat(server.awaitExit(Duration.ofSeconds(30))).isEqualTo(1);
            server.start();
            try (NbdConnection connection = server.connect("vm")) {
                assertThat(connection.read(0, 1).get(0)).as("what was flushed").isEqualTo((byte) 7);
            }
            assertThat(InProcessServer.state(pool)).isEqualTo("serving");
            server.stopCleanly();
        }
    }

    private static void failForces(ServerProcess server, CommandRun pool, NbdConnection connection) {
        try (Strace _ =
                Strace.attach(server.pid(), "fdatasync:error=EIO", pool.pool().resolve("data"))) {
            Await.until(
                    "the failure",
                    Duration.ofSeconds(20),
                    () -> InProcessServer.state(pool).equals("failed") || fails(connection));
        }
    }

    private static boolean fails(NbdConnection connection) {
        try {
            connection.write(8192, ByteBuffer.allocate(4096), 0);
            connection.flush();
            return false;
        } catch (IOException refused) {
            return true;
        }
    }

    @Test
    void smallFileSystemRunsOut() throws IOException {
        Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "skipped: mount needs root");
        try (Mount small = Mount.of("tmpfs", directory.resolve("small"), "size=64M", "tmpfs")) {
            CommandRun grown =
                    new CommandRun(new HostAccess(), small.directory().resolve("pool"));
            grown.ok("pool", "create", "--size", "8M");
            CommandRun.Result refused = grown.run("pool", "grow", "--size", "64M");
            assertThat(refused.exits(page.exitCodeOf("pool cannot grow")).err()).contains("pool cannot grow");
            assertThat(grown.ok("pool", "status", "--json").object()).containsEntry("size", 8 << 20);

            Path data = small.directory().resolve("data");
            Files.write(data, new byte[0]);
            try (var sparse = new java.io.RandomAccessFile(data.toFile(), "rw")) {
                sparse.setLength(64 << 20);
            }
            CommandRun loose = pool("loose");
            String[] create = {"pool", "create", "--size", "64M", "--data", data.toString(), "--force"};
            loose.run(create).exits(28);
            String[] asAsked = Arrays.copyOf(create, create.length + 1);
            asAsked[create.length] = "--allow-unreserved";
            loose.ok(asAsked);
            loose.ok("create", "vm", "-s", "32M");
            try (InProcessServer _ = new InProcessServer(loose)) {
                Path filler = small.directory().resolve("filler");
                fill(filler);
                Await.until("no more room", Duration.ofSeconds(20), () -> isRefused(loose));
                assertThat(InProcessServer.state(loose)).isEqualTo("out-of-backing");
                assertThat(loose.ok("pool", "events").out()).contains("out-of-backing");
                Files.delete(filler);
                InProcessServer.write(loose, "vm", 3);
                assertThat(InProcessServer.state(loose)).isEqualTo("serving");
            }
        }
    }

    private static boolean isRefused(CommandRun pool) {
        try {
            InProcessServer.write(pool, "vm", 2);
            return false;
        } catch (IOException full) {
            return true;
        }
    }

    private static void fill(Path filler) throws IOException {
        try (var out = Files.newOutputStream(filler)) {
            for (int i = 0; i < 64; i++) {
                out.write(new byte[1 << 20]);
            }
        } catch (IOException full) {
            assertThat(full).hasMessageContaining("space");
        }
    }
}

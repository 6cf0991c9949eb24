package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.blkspc.api.PoolStatus;
import io.blkspc.cli.HostAccess;
import io.blkspc.cli.command.CommandRun;
import io.blkspc.cli.pool.PoolLocation;
import io.blkspc.cli.serve.PoolServer;
import io.blkspc.cli.serve.ServeOptions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/**
 * docs/operations.md, tried line by line: every command line of it is run in the order of the page, every state and every message
 * it names is brought about, on the real host. What the page says and no test tries, or the other way round, fails.
 */
@Timeout(150)
class OperationsDocsTest {

    /** Which test brings a state about. */
    private static final Map<String, String> STATES = Map.of(
            "clean", "everyCommandLineDoesWhatThePageSays",
            "serving", "everyCommandLineDoesWhatThePageSays",
            "needs-check", "everyCommandLineDoesWhatThePageSays",
            "out-of-backing", "smallFileSystemRunsOut",
            "failed", "failedPoolTakesNoMoreWrites");

    /** Messages which the other tests bring about, the last one {@link DumpStopTest}. */
    private static final Set<String> ELSEWHERE = Set.of(
            "snapshot is held",
            "pool cannot grow",
            "pool is in use by another process",
            "snapshot is being dumped",
            "dump was ended");

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

    /** A server in this process. */
    private static final class Server implements AutoCloseable {
        private final CountDownLatch stop = new CountDownLatch(1);
        private final CompletableFuture<Void> served;

        Server(CommandRun of) throws IOException {
            PoolServer server = PoolServer.start(
                    new HostAccess(),
                    PoolLocation.of(of.pool().toString(), Map.of()),
                    new ServeOptions(ServeOptions.Doors.USUAL, ServeOptions.NO_TLS, false, null, false),
                    stop,
                    words -> {});
            served = CompletableFuture.runAsync(
                    () -> server.serveUntilStopped(() -> {}),
                    task -> Thread.ofPlatform().daemon().start(task));
        }

        @Override
        public void close() {
            stop.countDown();
            try {
                served.get(30, TimeUnit.SECONDS);
            } catch (Exception failure) {
                throw new AssertionError(failure);
            }
        }
    }

    private static void write(CommandRun to, String volume, int token) throws IOException {
        byte[] bytes = new byte[1 << 20];
        Arrays.fill(bytes, (byte) token);
        try (NbdConnection connection = NbdConnection.open(to.pool().resolve("nbd.sock"), volume)) {
            connection.write(0, ByteBuffer.wrap(bytes), 0);
            connection.flush();
        }
    }

    private static Object state(CommandRun of) {
        return of.run("pool", "status", "--json").object().get("state");
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
    void pageNamesTheStatesThatThereAre() {
        Set<String> product = new TreeSet<>(Set.of("clean")); // nobody serves it: said by the command, not by the pool
        for (PoolStatus.State state : PoolStatus.State.values()) {
            product.add(state.name().toLowerCase(Locale.ROOT).replace('_', '-'));
        }
        product.remove("closed"); // nobody can see a pool that is closed
        assertThat(new TreeSet<>(page.states())).isEqualTo(product).isEqualTo(new TreeSet<>(STATES.keySet()));
        assertThat(Arrays.stream(OperationsDocsTest.class.getDeclaredMethods()).map(method -> method.getName()))
                .containsAll(STATES.values());
    }

    @Test
    void everyCommandLineDoesWhatThePageSays() throws IOException {
        CommandRun pool = pool("pool");
        pool.ok("pool", "create", "--size", "16M");
        assertThat(next(pool, 0, "pool status").out()).contains("clean");
        assertThat(state(pool)).isEqualTo("clean");
        CommandRun damaged;
        try (Server _ = new Server(pool)) {
            assertThat(state(pool)).isEqualTo("serving");
            pool.ok("create", "vm", "-s", "4M");
            write(pool, "vm", 1);
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
        assertThat(state(damaged)).isEqualTo("needs-check");
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
        try (Server _ = new Server(pool)) {
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
        try (Server _ = new Server(pool)) {
            next(pool, 0, "pool grow --size SIZE", Map.of("SIZE", "32M"));
            write(pool, "vm", 2);
        }
        pool.ok("pool", "grow", "--size", "40M");
        pool.run("pool", "grow", "--size", "32M").exits(2);
        pool.ok("create", "more", "-s", "16M", "--reserve", "full");
        pool.ok("destroy", "more", "promised");
    }

    private void resized(CommandRun pool) {
        next(pool, 0, "resize NAME -s +SIZE", Map.of("NAME", "vm", "SIZE", "4M"));
        assertThat(pool.ok("info", "vm", "--json").object()).containsEntry("size", 8 << 20);
        pool.run("resize", "vm", "-s", "1M").exits(2); // not without the word
        next(pool, 0, "snapshot NAME@before", Map.of("NAME", "vm"));
        next(pool, 0, "rollback", Map.of(), "vm@before");
        next(pool, 0, "resize NAME -s SIZE --shrink", Map.of("NAME", "vm", "SIZE", "2M"));
        assertThat(pool.ok("info", "vm", "--json").object()).containsEntry("size", 2 << 20);
        pool.ok("rollback", "vm@before");
        assertThat(pool.ok("info", "vm", "--json").object()).containsEntry("size", 8 << 20);
    }

    // ---- states that need a fault ----

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
                assertThat(state(pool)).isEqualTo("failed");
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
            assertThat(state(pool)).isEqualTo("serving");
            server.stopCleanly();
        }
    }

    private static void failForces(ServerProcess server, CommandRun pool, NbdConnection connection) {
        try (Strace _ =
                Strace.attach(server.pid(), "fdatasync:error=EIO", pool.pool().resolve("data"))) {
            Await.until("the failure", Duration.ofSeconds(20), () -> state(pool).equals("failed") || fails(connection));
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
            try (Server _ = new Server(loose)) {
                Path filler = small.directory().resolve("filler");
                fill(filler);
                Await.until("no more room", Duration.ofSeconds(20), () -> isRefused(loose));
                assertThat(state(loose)).isEqualTo("out-of-backing");
                assertThat(loose.ok("pool", "events").out()).contains("out-of-backing");
                Files.delete(filler);
                write(loose, "vm", 3);
                assertThat(state(loose)).isEqualTo("serving");
            }
        }
    }

    private static boolean isRefused(CommandRun pool) {
        try {
            write(pool, "vm", 2);
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

    // ---- messages ----

    private interface Bringing {
        /** What the product printed or logged. */
        String about(String text) throws IOException;
    }

    @Test
    void everyMessageIsSaidAsThePageHasIt() throws IOException {
        Map<String, Bringing> bringing = Map.ofEntries(
                Map.entry("pool uses features this version can only read", text -> changed(text, 40, 1L << 40)),
                Map.entry("pool uses features this version does not know", text -> changed(text, 32, 1L << 41)),
                Map.entry("pool format is newer", text -> changed(text, 12, -1)),
                Map.entry("one superblock copy is damaged and will be written again", this::damagedCopy),
                Map.entry("dump record ... is damaged", text -> changedDump(text, -1, 0)),
                Map.entry("dump uses features this version does not know", text -> changedDump(text, 40, 1L << 41)),
                Map.entry("dump has a format this version does not read", text -> changedDump(text, 32, 2)),
                Map.entry("file is truncated", this::truncated),
                Map.entry("No space left in pool", this::tooMuch),
                Map.entry("no socket can be made in the pool, they are in DIR", this::noSocket),
                Map.entry("node map is kept in memory until the next start", this::noMap));
        Set<String> onPage = new LinkedHashSet<>();
        page.messages().forEach(message -> onPage.add(message.text()));
        Set<String> tried = new TreeSet<>(bringing.keySet());
        tried.addAll(ELSEWHERE);
        assertThat(new TreeSet<>(onPage)).isEqualTo(tried);
        for (Map.Entry<String, Bringing> each : bringing.entrySet()) {
            String said = each.getValue().about(each.getKey());
            for (String part : each.getKey().split(" \\.\\.\\. |DIR", -1)) {
                assertThat(said).as(each.getKey()).contains(part);
            }
        }
    }

    private int made;

    private CommandRun newPool() {
        CommandRun pool = pool("message" + made++);
        pool.ok("pool", "create", "--size", "4M");
        pool.ok("create", "vm", "-s", "1M");
        return pool;
    }

    private String changed(String text, int offset, long value) throws IOException {
        CommandRun pool = newPool();
        Path file = pool.pool().resolve("superblock");
        byte[] bytes = Files.readAllBytes(file);
        for (int copy = 0; copy < bytes.length; copy += 4096) {
            ByteBuffer fields = ByteBuffer.wrap(bytes, copy, 4096).slice().order(ByteOrder.LITTLE_ENDIAN);
            if (value < 0) {
                fields.putInt(offset, 2);
            } else {
                fields.putLong(offset, value);
            }
            CRC32C crc = new CRC32C();
            crc.update(bytes, copy + 12, 4096 - 12);
            fields.putInt(8, (int) crc.getValue());
        }
        Files.write(file, bytes);
        return pool.run("create", "new", "-s", "1M")
                .exits(page.exitCodeOf(text))
                .err();
    }

    private String damagedCopy(String text) throws IOException {
        assertThat(page.exitCodeOf(text)).isNegative();
        CommandRun pool = newPool();
        Path file = pool.pool().resolve("superblock");
        byte[] bytes = Files.readAllBytes(file);
        bytes[100] ^= 1;
        Files.write(file, bytes);
        return logOf(() -> pool.ok("create", "new", "-s", "1M"));
    }

    private String truncated(String text) throws IOException {
        CommandRun pool = newPool();
        Path file = pool.pool().resolve("segments");
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
        String said = pool.run("list").exits(page.exitCodeOf(text)).err();
        Files.write(file, bytes);
        pool.ok("list");
        return said;
    }

    private String tooMuch(String text) {
        return newPool()
                .run("create", "new", "-s", "8M", "--reserve", "full")
                .exits(page.exitCodeOf(text))
                .err();
    }

    private String noSocket(String text) throws IOException {
        assertThat(page.exitCodeOf(text)).isNegative();
        CommandRun pool = newPool();
        Files.createDirectories(pool.pool().resolve("control.sock").resolve("not-a-socket"));
        return logOf(() -> {
            try (Server _ = new Server(pool)) {
                assertThat(state(pool)).isEqualTo("serving"); // found through the lock file
            } catch (IOException failure) {
                throw new AssertionError(failure);
            }
        });
    }

    private String noMap(String text) throws IOException {
        assertThat(page.exitCodeOf(text)).isNegative();
        CommandRun pool = newPool();
        Path map = pool.pool().resolve("extents.map");
        Files.deleteIfExists(map);
        Files.createDirectories(map.resolve("not-a-map"));
        return logOf(() -> {
            try (Server _ = new Server(pool)) {
                write(pool, "vm", 1);
            } catch (IOException failure) {
                throw new AssertionError(failure);
            }
        });
    }

    /** Changes a field of the header of a dump and seals it again; without an offset one bit, and does not. */
    private String changedDump(String text, int offset, long value) throws IOException {
        Path file = directory.resolve("dump" + made);
        newPool().ok("pool", "dump", file.toString());
        byte[] bytes = Files.readAllBytes(file);
        ByteBuffer fields = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (offset < 0) {
            bytes[60] ^= 1;
        } else {
            fields.putInt(offset, (int) value);
            if (value > Integer.MAX_VALUE) {
                fields.putLong(offset, value);
            }
            CRC32C crc = new CRC32C();
            crc.update(bytes, 8, 24 + fields.getInt(28));
            fields.putInt(4, (int) crc.getValue());
        }
        Files.write(file, bytes);
        CommandRun restored = pool("restored" + made);
        String said = restored.run("pool", "restore", file.toString())
                .exits(page.exitCodeOf(text))
                .err();
        assertThat(restored.pool()).doesNotExist();
        return said;
    }

    /** What is logged at WARN meanwhile: people see it on standard error. */
    private static String logOf(Runnable action) {
        Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        ListAppender<ILoggingEvent> seen = new ListAppender<>();
        seen.start();
        root.addAppender(seen);
        try {
            action.run();
        } finally {
            root.detachAppender(seen);
        }
        return List.copyOf(seen.list).stream()
                .map(ILoggingEvent::getFormattedMessage)
                .toList()
                .toString();
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

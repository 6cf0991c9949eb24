package io.blkspc.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.model.ModelFaults;
import io.blkspc.cli.command.CommandRun;
import io.blkspc.cli.image.NbdClient;
import io.blkspc.cli.pool.ModelAccess;
import io.blkspc.cli.pool.PoolLocation;
import io.blkspc.cli.serve.ServeOptions.Doors;
import io.blkspc.nbd.AddressRange;
import io.blkspc.nbd.NbdAddress.Sharing;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A served pool: commands go to the server and end as they would without it. */
class PoolServerTest {

    @TempDir
    Path directory;

    private final ModelAccess access = new ModelAccess();
    private final CountDownLatch stop = new CountDownLatch(1);
    private PoolLocation location;
    private CommandRun command;
    private CompletableFuture<Void> served;

    @BeforeEach
    void makePool() {
        location = PoolLocation.of(directory.toString(), Map.of());
        command = new CommandRun(access, directory);
        command.ok("pool", "create", "--size", "64M");
        command.ok("create", "before", "-s", "1M");
    }

    @AfterEach
    void end() throws Exception {
        stop.countDown();
        if (served != null) {
            served.handle((done, failure) -> null).get(30, TimeUnit.SECONDS);
        }
    }

    private PoolServer serve(ServeOptions options) throws IOException {
        PoolServer server = PoolServer.start(access, location, options, stop, words -> {});
        served = CompletableFuture.runAsync(
                () -> server.serveUntilStopped(() -> {}),
                task -> Thread.ofPlatform().daemon().start(task));
        return server;
    }

    private PoolServer serve() throws IOException {
        return serve(new ServeOptions(Doors.USUAL, ServeOptions.NO_TLS, false, null, false));
    }

    @Test
    void readyLineNamesTheSocketInThePool() throws IOException {
        assertThat(serve().uris()).containsExactly("nbd+unix:///?socket=" + directory.resolve("nbd.sock"));
    }

    @Test
    void commandsAnswerAlikeWithAndWithoutServer() throws IOException {
        command.ok("snapshot", "before@s");
        String listed = command.ok("list", "--json").out();
        String info = command.ok("info", "before", "--json").out();
        String map = command.ok("map", "before", "--json").out();
        String missing = command.run("info", "missing").exits(3).err();
        String taken = command.run("create", "before", "-s", "1M").exits(3).err();

        serve();

        assertThat(command.ok("list", "--json").out()).isEqualTo(listed);
        assertThat(command.ok("info", "before", "--json").out()).isEqualTo(info);
        assertThat(command.ok("map", "before", "--json").out()).isEqualTo(map);
        assertThat(command.run("info", "missing").exits(3).err()).isEqualTo(missing);
        assertThat(command.run("create", "before", "-s", "1M").exits(3).err()).isEqualTo(taken);
        assertThat(command.ok("pool", "status", "--json").object()).containsEntry("state", "serving");
    }

    @Test
    void whatIsNotThereIsToldAlikeWithAndWithoutServer() throws IOException {
        String image = directory.resolve("image").toString();
        String check = command.run("fs", "fsck", "before@none").exits(3).err();
        String export = command.run("export", "before@none", image).exits(3).err();
        String volume = command.run("export", "none", image).exits(3).err();
        assertThat(check).contains("name=before@none").hasLineCount(1);

        serve();

        assertThat(command.run("fs", "fsck", "before@none").exits(3).err()).isEqualTo(check);
        assertThat(command.run("export", "before@none", image).exits(3).err()).isEqualTo(export);
        assertThat(command.run("export", "none", image).exits(3).err()).isEqualTo(volume);
    }

    @Test
    void eventsAreFollowedUntilTheServerEnds() throws Exception {
        assertThat(command.run("pool", "events", "-f").exits(1).err()).contains("no server runs");
        serve();
        ByteArrayOutputStream seen = new ByteArrayOutputStream();
        CompletableFuture<CommandRun.Result> following = CompletableFuture.supplyAsync(
                () -> command.runInto(seen, "pool", "events", "-f", "--json"),
                task -> Thread.ofPlatform().daemon().start(task));
        command.ok("create", "new", "-s", "2M");
        command.ok("destroy", "new");
        List<Object> kinds = command.ok("pool", "events", "--json").array().stream()
                .map(event -> event.get("kind"))
                .toList();
        assertThat(kinds).endsWith("created", "destroyed");
        assertThat(command.ok("pool", "events").out()).containsPattern("Z created new\n.*Z destroyed new\n");
        long giveUp = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!seen.toString(StandardCharsets.UTF_8).contains("destroyed") && System.nanoTime() < giveUp) {
            Thread.sleep(10);
        }
        stop.countDown();
        List<String> lines =
                following.get(30, TimeUnit.SECONDS).exits(0).out().lines().toList();
        assertThat(lines).hasSize(kinds.size()).allMatch(line -> line.startsWith("{\"number\":"));
    }

    @Test
    void newVolumesAreExportedAtOnce() throws IOException {
        serve();

        command.ok("create", "new", "-s", "2M");
        command.ok("snapshot", "new@s");
        command.ok("clone", "new@s", "newer");

        for (String name : List.of("new", "new@s", "newer")) {
            try (NbdClient client = NbdClient.connect(location.nbdSocket(), name)) {
                assertThat(client.sizeBytes()).isEqualTo(2 << 20);
            }
        }
    }

    @Test
    void attachedVolumeIsNotDestroyedWithoutForce() throws IOException {
        serve();
        try (NbdClient client = NbdClient.connect(location.nbdSocket(), "before")) {
            command.run("destroy", "before").exits(5);
            assertThat(command.run("destroy", "-n", "before").exits(5).err())
                    .isEqualTo("blkspc: volume is attached: name=before, handles=1\n");
            command.ok("destroy", "-n", "before", "--force");
            assertThat(client.sizeBytes()).isEqualTo(1 << 20);
            command.ok("destroy", "before", "--force");
        }
        command.run("info", "before").exits(3);
    }

    @Test
    void imagesGoInAndOutOfAServedPool() throws IOException {
        byte[] image = new byte[3 << 20];
        byte[] noise = new byte[1 << 20];
        new Random(7).nextBytes(noise);
        System.arraycopy(noise, 0, image, 0, 123_456);
        System.arraycopy(noise, 0, image, 2 << 20, noise.length);
        Path in = Files.write(directory.resolve("in.img"), image);
        Path out = directory.resolve("out.img");
        serve();

        Map<String, Object> imported =
                command.ok("import", in.toString(), "a", "--json").object();
        command.ok("export", "a", out.toString());

        assertThat(Files.readAllBytes(out)).isEqualTo(image);
        assertThat(((Number) imported.get("mapped")).longValue()).isEqualTo((31 * 4096) + (1 << 20));
        assertThat(command.stdin(image).ok("import", "-", "b", "-s", "4M").exitCode())
                .isZero();
        assertThat(command.ok("export", "b", "-").rawOut()).isEqualTo(Arrays.copyOf(image, 4 << 20));
        assertThat(command.ok("info", "b", "--json").object()).containsEntry("connections", 0);
    }

    @Test
    void fullPoolRefusesAnImportAndGoesOn() throws IOException {
        byte[] tooMuch = new byte[65 << 20];
        new Random(7).nextBytes(tooMuch);
        serve();

        CommandRun.Result result =
                command.stdin(tooMuch).run("import", "-", "big", "-s", "128M").exits(28);

        assertThat(result.err()).startsWith("blkspc: No space left in pool: ");
        command.run("info", "big").exits(3);
        command.ok("create", "after", "-s", "1M");
    }

    @Test
    void globHidesVolumesFromClientsButNotFromCommands() throws IOException {
        serve(new ServeOptions(Doors.USUAL, ServeOptions.NO_TLS, false, "web*", false));
        command.ok("create", "web1", "-s", "1M");

        assertThatThrownBy(
                        () -> NbdClient.connect(location.nbdSocket(), "before").close())
                .isInstanceOf(BlockSpaceException.class);
        NbdClient.connect(location.nbdSocket(), "web1").close();
        assertThat(command.ok("export", "before", "-").rawOut()).hasSize(1 << 20);
    }

    @Test
    void tcpIsServedOnLoopbackOnly() throws IOException {
        assertThat(serve(new ServeOptions(Doors.USUAL.withTcp("127.0.0.1:0"), ServeOptions.NO_TLS, false, null, false))
                        .uris())
                .hasSize(2)
                .last()
                .asString()
                .startsWith("nbd://127.0.0.1:");
        for (String bad : List.of("203.0.113.1:10809", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:70000", "[::1]:x")) {
            assertThatThrownBy(() -> TcpAddress.parse(bad, ServeOptions.NO_TLS, List.of()))
                    .as(bad)
                    .isInstanceOf(RuntimeException.class);
        }
    }

    @Test
    void beyondLoopbackTcpNeedsTlsOrAnExplicitWish() {
        ServeOptions.Encryption tls = new ServeOptions.Encryption(directory, false, false);
        assertThat(TcpAddress.parse("203.0.113.1:1", tls, List.of()).uri()).hasToString("nbds://203.0.113.1:1/");
        assertThat(TcpAddress.parse("127.0.0.1:1", tls, List.of()).uri()).hasToString("nbds://127.0.0.1:1/");
        ServeOptions.Encryption plain = new ServeOptions.Encryption(null, false, true);
        assertThat(TcpAddress.parse("203.0.113.1:1", plain, List.of()).uri()).hasToString("nbd://203.0.113.1:1/");
        assertThatThrownBy(() -> serve(new ServeOptions(Doors.USUAL.withTcp("127.0.0.1:0"), tls, false, null, false)))
                .hasMessageContaining("no such file: path=" + directory.resolve("server-cert.pem"));
        assertThatThrownBy(() -> serve(new ServeOptions(
                        Doors.USUAL, new ServeOptions.Encryption(null, true, false), false, null, false)))
                .hasMessageContaining("--tls-verify-peer needs --tls");
        command.ok("info", "before"); // the pool was not taken, or let go
    }

    @Test
    void addressesThatAreAllowedGoWithTcpOnly() throws IOException {
        List<AddressRange> allowed = List.of(AddressRange.parse("127.0.0.1"));
        Doors unix = new Doors(null, Sharing.OWNER, null, allowed, null);
        assertThatThrownBy(() -> serve(new ServeOptions(unix, ServeOptions.NO_TLS, false, null, false)))
                .hasMessageContaining("--allow needs --tcp");
        Doors tcp = new Doors(null, Sharing.GROUP, "127.0.0.1:0", allowed, null);
        assertThat(serve(new ServeOptions(tcp, ServeOptions.NO_TLS, false, null, false))
                        .uris())
                .hasSize(2);
        assertThat(Files.getPosixFilePermissions(location.nbdSocket()))
                .isEqualTo(PosixFilePermissions.fromString("rw-rw----"));
    }

    @Test
    void servedPoolIsCheckedByItsServer() throws IOException {
        serve();
        access.damage(List.of("node 7 is missing"));

        assertThat(command.run("pool", "check").exits(4).out()).startsWith("node 7 is missing\n");
    }

    @Test
    void readOnlyServerChangesNothing() throws IOException {
        serve(new ServeOptions(Doors.USUAL, ServeOptions.NO_TLS, true, null, false));

        for (List<String> words : List.of(
                List.of("create", "x", "-s", "1M"),
                List.of("snapshot", "before@s"),
                List.of("clone", "before", "y"),
                List.of("destroy", "before"))) {
            assertThat(command.run(words.toArray(String[]::new)).exits(1).err())
                    .isEqualTo("blkspc: the pool is open read-only\n");
        }
        try (NbdClient client = NbdClient.connect(location.nbdSocket(), "before");
                Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(4096);
            client.read(0, 4096, bytes, 0);
            assertThatThrownBy(() -> client.write(0, 4096, bytes, 0)).hasMessageContaining("errno=1");
        }
        assertThat(command.ok("info", "before", "--json").object())
                .as("what may be done with the volume elsewhere")
                .containsEntry("readonly", false);
    }

    @Test
    void stopIsCleanAndTellsWhoAsked() throws Exception {
        serve();

        assertThat(command.ok("stop", "--json").object()).containsEntry("stopped", true);

        served.get(30, TimeUnit.SECONDS);
        assertThat(location.controlSocket()).doesNotExist();
        assertThat(location.nbdSocket()).doesNotExist();
        access.letGo(directory);
        assertThat(command.ok("stop", "--json").object()).containsEntry("stopped", false);
        assertThat(command.ok("list", "--json").array()).hasSize(1);
    }

    @Test
    void stopDoesNotWaitForAClientThatDoesNothing() throws Exception {
        serve();
        try (NbdClient idle = NbdClient.connect(location.nbdSocket(), "before")) {
            command.ok("stop");
            assertThat(idle.sizeBytes()).isEqualTo(1 << 20);
        }
        served.get(30, TimeUnit.SECONDS);
    }

    @Test
    void failedPoolMakesTheStopFail() throws IOException {
        serve();
        access.pool(directory).faults().failIo(ModelFaults.Io.FORCE, 0);

        command.run("create", "x", "-s", "1M").exits(6);
        assertThat(command.run("stop").exits(1).err())
                .startsWith("blkspc: the server ended, but could not stop cleanly");
        assertThat(served).failsWithin(Duration.ofSeconds(30));
    }

    @Test
    void whatIsWrittenThroughNbdIsThere() throws IOException {
        serve();
        try (NbdClient client = NbdClient.connect(location.nbdSocket(), "before");
                Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(10_000);
            bytes.fill((byte) 7);
            client.write(12_345, 10_000, bytes, 0);
            client.flush();
        }
        byte[] exported = command.ok("export", "before", "-").rawOut();
        assertThat(Arrays.copyOfRange(exported, 12_345, 22_345)).containsOnly(7);
        assertThat(exported[12_344]).isZero();
        assertThat(exported[22_345]).isZero();
    }
}

package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The file system under the pool has not one byte left. The pool took all its space when it was made: every write up to what
 * it promises succeeds, also after a kill, it stops cleanly, and no file of it grows.
 */
@Timeout(300)
class FullBackingTest {

    private static final int PIECE = 1 << 20;
    private static final int VOLUME_PIECES = 10;
    private static final String INDEX = "extents.map";

    @TempDir
    private Path directory;

    @ParameterizedTest
    @EnumSource(
            value = PoolDisks.Layout.class,
            names = {"EXT4", "XFS"})
    void fullFileSystemTakesNothingFromThePool(PoolDisks.Layout layout) throws IOException {
        layout.require();
        Path image = layout.makeImages(directory, "disk").getFirst();
        try (PoolDisks disks = PoolDisks.attach(layout, directory, disk -> LoopDevice.ofFile(image))) {
            disks.createPool(layout, "64M");
            try (ServerProcess server = new ServerProcess(disks.pool())) {
                server.start();
                Map<String, String> files = files(disks.pool());
                Path filler = disks.pool().resolveSibling("filler");
                fill(filler);
                useAll(disks.pool(), server);
                assertThat(files(disks.pool())).as("files under load").isEqualTo(files);

                // A start makes sockets, which take room that XFS has not: then they are made elsewhere.
                server.killHard();
                server.start();
                new Blkspc(disks.pool()).ok("info", "one");
                verify(server, (byte) 3, (byte) 4);
                useAgain(server);
                verify(server, (byte) 5, (byte) 6);
                server.stopCleanly();
                files.remove(INDEX);
                Map<String, String> stopped = files(disks.pool());
                stopped.remove(INDEX);
                assertThat(stopped).as("files after a kill and a clean stop").isEqualTo(files);
                new Blkspc(disks.pool()).ok("pool", "check");
                Files.delete(filler);
                server.start();
                verify(server, (byte) 5, (byte) 6);
                server.stopCleanly();
            }
        }
    }

    /** Size and allocated blocks of each file of the pool; its sockets and its lock are not among them. */
    private static Map<String, String> files(Path pool) throws IOException {
        Map<String, String> facts = new TreeMap<>();
        try (Stream<Path> files = Files.list(pool)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String allocated = Exec.run("stat", "-c", "%s bytes in %b blocks", file.toString())
                        .ok()
                        .out();
                facts.put(file.getFileName().toString(), allocated.trim());
            }
        }
        return facts;
    }

    /** Writes until the file system takes not even one byte more. */
    private static void fill(Path filler) throws IOException {
        for (int chunk : new int[] {PIECE, 4096, 512, 1}) {
            byte[] bytes = new byte[chunk];
            while (fits(filler, bytes)) {
                // Until it no longer does.
            }
        }
        assertThat(fits(filler.resolveSibling("filler2"), new byte[4096]))
                .as("the file system has room for a block")
                .isFalse();
    }

    private static boolean fits(Path file, byte[] bytes) {
        try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            out.write(bytes);
            return true;
        } catch (IOException full) {
            return false;
        }
    }

    /** Writes, clones, overwrites both, gives space back and takes it again, and in the end takes all there is. */
    private static void useAll(Path pool, ServerProcess server) throws IOException {
        try (ControlSocket control = ControlSocket.of(pool)) {
            control.request("create", Map.of("name", "one", "size", (long) VOLUME_PIECES * PIECE));
            write(server, "one", 1);
            control.request("clone", Map.of("source", "one", "targets", java.util.List.of("copy")));
            control.request(
                    "clone",
                    Map.of(
                            "source",
                            "one",
                            "targets",
                            java.util.List.of("late"),
                            "guarantee",
                            (long) VOLUME_PIECES * PIECE));
            write(server, "copy", 2);
            write(server, "one", 3);
            try (NbdConnection connection = server.connect("copy")) {
                connection.trim(0, VOLUME_PIECES * PIECE);
                connection.flush();
            }
            write(server, "copy", 4);
            control.request("create", Map.of("name", "rest", "size", 64L * PIECE));
        }
        try (NbdConnection rest = server.connect("rest")) {
            long[] taken = new long[1];
            assertThatThrownBy(() -> {
                        for (; taken[0] < 64L * PIECE; taken[0] += 4096) {
                            rest.write(taken[0], ByteBuffer.allocate(4096).put(0, (byte) 7), 0);
                        }
                    })
                    .isInstanceOfSatisfying(
                            NbdConnection.Refused.class,
                            refused -> assertThat(refused.errno()).isEqualTo(NbdConnection.ENOSPC));
            assertThat(taken[0]).as("bytes the rest took").isGreaterThan(12L * PIECE);
            rest.flush();
        }
        write(server, "late", 7); // no block was its own, and the pool is as full as the file system
        verify(server, (byte) 3, (byte) 4);
    }

    /** With the pool full too: what is written already can be overwritten. */
    private static void useAgain(ServerProcess server) throws IOException {
        write(server, "one", 5);
        write(server, "copy", 6);
    }

    private static void write(ServerProcess server, String volume, int value) throws IOException {
        try (NbdConnection connection = server.connect(volume)) {
            for (int piece = 0; piece < VOLUME_PIECES; piece++) {
                connection.write((long) piece * PIECE, piece(value), 0);
            }
            connection.flush();
        }
    }

    private static void verify(ServerProcess server, byte one, byte copy) throws IOException {
        for (String volume : new String[] {"one", "copy"}) {
            try (NbdConnection connection = server.connect(volume)) {
                for (int piece = 0; piece < VOLUME_PIECES; piece++) {
                    assertThat(connection.read((long) piece * PIECE, PIECE))
                            .as("piece %d of %s", piece, volume)
                            .isEqualTo(piece(volume.equals("one") ? one : copy));
                }
            }
        }
    }

    private static ByteBuffer piece(int value) {
        byte[] bytes = new byte[PIECE];
        java.util.Arrays.fill(bytes, (byte) value);
        return ByteBuffer.wrap(bytes);
    }
}

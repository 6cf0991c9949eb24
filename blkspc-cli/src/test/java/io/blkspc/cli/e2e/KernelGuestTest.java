package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The Linux kernel's own nbd driver and nbd-client on volumes and clones, in a guest: file systems, trim, detach and
 * reattach, a killed server. Two servers that are wrong must be found out.
 */
@Timeout(900)
@EnabledIf(value = "isWanted", disabledReason = "a guest takes minutes: only with --guest or --release")
class KernelGuestTest {

    private static final long VOLUME_BYTES = 400L << 20;
    private static final long ENOUGH_TRIMMED_BYTES = 24L << 20;

    @TempDir
    private Path directory;

    private Guest guest;

    static boolean isWanted() {
        return Boolean.getBoolean("blkspc.guest") || Boolean.getBoolean("blkspc.release");
    }

    @BeforeEach
    void makeGuest() throws IOException {
        guest = Guest.make(directory, "story.sh", false);
    }

    @ParameterizedTest
    @CsvSource({"ext4, 1", "xfs, 4", "ext4, 4", "xfs, 1"})
    void kernelAndVolumesLiveThroughTheWholeStory(String type, int connections) throws IOException {
        try (TestPool pool = TestPool.create(directory.resolve("pool"), "2G")) {
            pool.command().ok("create", "vm", "-s", Long.toString(VOLUME_BYTES));
            pool.server().start();
            Guest.Result result =
                    run(pool.server(), List.of(type, Integer.toString(connections)), new PoolHooks(pool).hooks());
            assertThat(result.exit()).as(result.transcript()).isZero();
            pool.server().stopCleanly();
            pool.command().ok("pool", "check");
        }
    }

    private Guest.Result run(Endpoint server, List<String> words, Map<String, Guest.Hook> hooks) throws IOException {
        try (TcpRelay relay = TcpRelay.to(server)) {
            return guest.run(relay.port(), words, hooks);
        }
    }

    /** What the host does in the middle of the story, on the product. */
    private static final class PoolHooks {
        private final TestPool pool;
        private final Map<String, Guest.Hook> hooks = new HashMap<>();
        private long usedBytes;
        private String origin;

        PoolHooks(TestPool pool) {
            this.pool = pool;
            hooks.put("used", () -> usedBytes = exclusiveBytes());
            hooks.put("trimmed", () -> assertThat(usedBytes - exclusiveBytes()).isGreaterThan(ENOUGH_TRIMMED_BYTES));
            hooks.put("clone", () -> {
                pool.command().ok("snapshot", "vm@origin");
                pool.command().ok("clone", "vm@origin", "copy");
                origin = fingerprint(pool.server(), "vm@origin");
            });
            hooks.put(
                    "origin",
                    () -> assertThat(fingerprint(pool.server(), "vm@origin")).isEqualTo(origin));
            hooks.put("kill", pool.server()::killHard);
            hooks.put("start", pool.server()::start);
        }

        Map<String, Guest.Hook> hooks() {
            return hooks;
        }

        private long exclusiveBytes() {
            return ((Number) pool.command().object("info", "vm").get("exclusive")).longValue();
        }
    }

    private static String fingerprint(Endpoint server, String export) throws IOException {
        try (NbdConnection connection = server.connect(export)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            int chunk = 4 << 20;
            for (long offset = 0; offset < connection.sizeBytes(); offset += chunk) {
                digest.update(connection.read(offset, (int) Math.min(chunk, connection.sizeBytes() - offset)));
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError(impossible);
        }
    }

    /** The story up to the reattach, with one byte of a file turned over while nobody was attached. */
    @Test
    void oneWrongByteIsFoundOut() throws IOException {
        try (TestPool pool = TestPool.create(directory.resolve("pool"), "2G")) {
            pool.command().ok("create", "vm", "-s", Long.toString(VOLUME_BYTES));
            pool.server().start();
            Map<String, Guest.Hook> hooks = new PoolHooks(pool).hooks();
            hooks.put("between", () -> damage(pool.server()));
            Guest.Result result = run(pool.server(), List.of("ext4", "1", "plain"), hooks);
            assertThat(result.exit()).as(result.transcript()).isEqualTo(1);
            assertThat(result.transcript()).contains("marker: FAILED").contains("FAILED checksums");
        }
    }

    private static void damage(Endpoint server) throws IOException {
        byte[] marker = "MARKER-0123".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        int chunk = 1 << 20;
        try (NbdConnection connection = server.connect("vm")) {
            for (long offset = 0; offset < connection.sizeBytes(); offset += chunk) {
                ByteBuffer data = connection.read(offset, chunk);
                int at = java.nio.charset.StandardCharsets.ISO_8859_1
                        .decode(data)
                        .toString()
                        .indexOf("MARKER-0123");
                if (at >= 0) {
                    connection.write(offset + at, ByteBuffer.wrap(new byte[] {(byte) (marker[0] ^ 1)}), 0);
                    connection.flush();
                    return;
                }
            }
        }
        throw new AssertionError("no marker on the volume");
    }

    /** A stand-in that writes into the page cache is right, and one that keeps all in its memory is not. */
    @ParameterizedTest
    @CsvSource({"writethrough, 0", "unsafe, 1"})
    void aServerThatIgnoresFlushIsFoundOut(String cache, int exit) throws IOException {
        Tools.require("nbdkit");
        try (Nbdkit server =
                new Nbdkit(directory.resolve("kit"), "--filter=cache", "cache=" + cache).volume("vm", VOLUME_BYTES)) {
            server.start();
            Map<String, Guest.Hook> hooks = new HashMap<>();
            hooks.put("kill", server::killHard);
            hooks.put("start", server::start);
            Guest.Result result = run(server, List.of("ext4", "1", "plain"), hooks);
            assertThat(result.exit()).as(result.transcript()).isEqualTo(exit);
            assertThat(result.transcript()).contains(" server is killed");
        }
    }
}

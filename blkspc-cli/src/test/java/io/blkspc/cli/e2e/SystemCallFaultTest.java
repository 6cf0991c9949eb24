package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The kernel answers EIO to the n-th write, force or read of one of the pool's files. After a failed write or force nothing
 * that writes succeeds any more, on any connection, and the server ends with an error; after a failed read only that request
 * failed. A new server finds everything that was replied to.
 */
@Timeout(28_800)
class SystemCallFaultTest {

    private static final int CYCLES =
            Integer.getInteger("blkspc.faultCycles", Boolean.getBoolean("blkspc.release") ? 600 : 5);
    private static final long VOLUME_BYTES = 4 << 20;
    private static final int REQUESTS = 600;
    private static final int FLUSH_EVERY = 7;
    private static final int PROBES = 5;
    private static final int MAX_SECTORS = 64;
    private static final List<String> WRITING = List.of(
            "pwritev2 data",
            "fdatasync data",
            "msync data",
            "pwritev2 journal",
            "fdatasync journal",
            "fdatasync segments",
            "pwritev2 segments",
            "pwritev2 superblock",
            "fdatasync superblock");

    @TempDir
    private Path directory;

    private final long seed = Seeds.of(SystemCallFaultTest.class);
    private final Random random = new Random(seed);
    private final History history = new History();
    private TestPool pool;
    private List<VolumeOracle> volumes;

    @Test
    void afterFailedWriteOrForceNothingThatWritesSucceeds() throws IOException {
        Strace.require();
        int hits = 0;
        try (TestPool testPool = newPool()) {
            for (int cycle = 0; cycle < CYCLES; cycle++) {
                int kind = cycle % WRITING.size();
                String[] words = WRITING.get(kind).split(" ", -1);
                // The first calls belong to the opening; segments and superblock are touched in it and at the end.
                int place = words[1].equals("data") || words[1].equals("journal")
                        ? 2 + random.nextInt(20)
                        : 1 + random.nextInt(4);
                hits += failAt(words[0] + ":error=EIO:when=" + place + (random.nextBoolean() ? "+" : ""), words[1])
                        ? 1
                        : 0;
            }
            testPool.command().ok("pool", "check");
        }
        System.out.println("SystemCallFaultTest cycles=" + CYCLES + " hits=" + hits);
        assertThat(hits).as("faults that were met").isPositive();
    }

    @Test
    void failedReadFailsThatRequestOnly() throws IOException {
        Strace.require();
        try (TestPool testPool = newPool()) {
            ServerProcess server = testPool.server();
            write(server, volumes.getFirst());
            server.killHard();
            server.start();
            failReads(server, testPool.directory().resolve("data"));
            server.stopCleanly();
            testPool.command().ok("pool", "check");
        }
    }

    /** While every read of the pool's data fails, also the ones of the page cache. */
    private static void failReads(ServerProcess server, Path data) throws IOException {
        try (NbdConnection one = server.connect("one");
                NbdConnection two = server.connect("two")) {
            ByteBuffer written = one.read(0, Sector.BYTES * MAX_SECTORS);
            try (Strace _ = Strace.attach(server.pid(), "preadv2:error=EIO", data)) {
                for (int i = 0; i < PROBES; i++) {
                    assertThat(isRefused(() -> one.read(0, Sector.BYTES * MAX_SECTORS)))
                            .as("a read of the medium that failed")
                            .isTrue();
                }
                two.write(VOLUME_BYTES / 2, ByteBuffer.allocate(4096), 0);
                two.flush();
            }
            assertThat(one.read(0, Sector.BYTES * MAX_SECTORS)).isEqualTo(written);
        }
    }

    private TestPool newPool() throws IOException {
        pool = TestPool.serving(directory.resolve("pool"), "64M");
        volumes = List.of(pool.volume(history, "one", VOLUME_BYTES), pool.volume(history, "two", VOLUME_BYTES));
        return pool;
    }

    /** Returns whether the fault was met while the server served. */
    private boolean failAt(String injection, String file) throws IOException {
        ServerProcess server = pool.server();
        server.killHard();
        // msync is told addresses, and of its callers only the pool's data has any.
        Path[] only = injection.startsWith("msync")
                ? new Path[0]
                : new Path[] {pool.directory().resolve(file)};
        server.launchUnder(Strace.words(injection, only));
        boolean isHit = false;
        try {
            if (server.awaitReadyOrDead()) {
                isHit = write(server, volumes.getFirst());
                if (isHit) {
                    nothingWritesAnyMore(server);
                }
                int exit = stop(server);
                if (isHit) {
                    assertThat(exit).as("exit code after a fault that was met").isNotZero();
                }
            } else {
                assertThat(server.awaitExit(Duration.ofSeconds(10)))
                        .as("exit code of an opening that failed")
                        .isNotZero();
            }
            server.start();
            for (VolumeOracle volume : volumes) {
                assertThat(server.settle(volume)).as(volume.name()).isEmpty();
            }
        } catch (AssertionError | IOException wrong) {
            throw new AssertionError("file=" + file + ", injection=" + injection + ", seed=" + seed, wrong);
        }
        return isHit;
    }

    /** SIGTERM goes to the server, which is the child of its tracer and passes its exit code on. */
    private static int stop(ServerProcess server) {
        server.traced().destroy();
        return server.awaitExit(Duration.ofSeconds(40));
    }

    /** Writes and flushes, one request at a time, until one is refused; returns whether one was. */
    private boolean write(ServerProcess server, VolumeOracle volume) throws IOException {
        try (NbdConnection connection = server.connect(volume.name())) {
            for (int i = 0; i < REQUESTS; i++) {
                if (i % FLUSH_EVERY == 0 && isRefused(connection::flush)) {
                    return true;
                }
                if (isWriteRefused(connection, volume)) {
                    return true;
                }
            }
            return false;
        }
    }

    private boolean isWriteRefused(NbdConnection connection, VolumeOracle volume) throws IOException {
        int count = 1 + random.nextInt(MAX_SECTORS);
        int first = random.nextInt(volume.sectorCount() / 8 - count);
        int flags = random.nextInt(10) == 0 ? NbdConnection.FLAG_FUA : 0;
        History.Operation operation = history.begin(History.Change.WRITE, volume, first, count);
        ByteBuffer payload = Load.payload(operation);
        boolean isRefused = isRefused(() -> connection.write((long) first * Sector.BYTES, payload, flags));
        if (isRefused) {
            history.refused(operation);
        } else {
            history.replied(operation);
        }
        return isRefused;
    }

    private void nothingWritesAnyMore(ServerProcess server) throws IOException {
        for (VolumeOracle volume : volumes) {
            try (NbdConnection connection = server.connect(volume.name())) {
                for (int i = 0; i < PROBES; i++) {
                    assertThat(isRefused(connection::flush))
                            .as("flush of %s", volume.name())
                            .isTrue();
                    assertThat(isWriteRefused(connection, volume))
                            .as("write to %s", volume.name())
                            .isTrue();
                }
                connection.read(0, Sector.BYTES * MAX_SECTORS);
            }
        }
        boolean isCreated = true;
        try {
            pool.request("create", Map.of("name", "three", "size", VOLUME_BYTES));
        } catch (ControlSocket.Refused refused) {
            isCreated = false;
        }
        assertThat(isCreated).as("a volume was created after the fault").isFalse();
    }

    private interface Request {
        void send() throws IOException;
    }

    private static boolean isRefused(Request request) throws IOException {
        try {
            request.send();
            return false;
        } catch (NbdConnection.Refused refused) {
            return true;
        }
    }
}

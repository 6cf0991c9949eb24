package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.cli.HostAccess;
import io.blkspc.cli.command.CommandRun;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * D12 with the kernel's own reports: the disk under the pool refuses writes that the page cache took long before, and the kernel
 * tells of it once for each open file. Whole forces and forces of ranges go through two open files, so whichever of them meets
 * the error, the pool takes no more writes; a new server shows what was flushed before, and nothing that the disk never got.
 */
@Timeout(600)
class MediumWriteErrorTest {

    private static final int EIO = 5;
    private static final int HALF = 1 << 20; // of a volume: what is flushed to begin with, and what was never written
    private static final int PIECE = 64 << 10;
    private static final long GOOD = 0x600d_600d_600d_600dL;
    private static final long DOOMED = 0xdead_dead_dead_deadL;
    private static final long HELD = 0x4e1d_4e1d_4e1d_4e1dL;
    private static final Duration LIMIT = Duration.ofSeconds(30);

    /** How the error comes to be met; each on a volume of its own. */
    private interface Way {
        void fail(NbdConnection volume, Contents contents) throws IOException;
    }

    /** What a volume holds for certain, and what of it may also be newer. */
    private static final class Contents {
        private final byte[] flushed = new byte[2 * HALF];
        private final byte[] newer = new byte[2 * HALF];

        void flushed(int at, byte[] bytes) {
            System.arraycopy(bytes, 0, flushed, at, bytes.length);
            newer(at, bytes);
        }

        void newer(int at, byte[] bytes) {
            System.arraycopy(bytes, 0, newer, at, bytes.length);
        }

        /** Every sector is one of the two; what is seen is then what will be seen. */
        void settle(byte[] seen) {
            for (int at = 0; at < seen.length; at += Sector.BYTES) {
                boolean isNewer = Arrays.equals(seen, at, at + Sector.BYTES, newer, at, at + Sector.BYTES);
                if (!isNewer) {
                    assertThat(Arrays.copyOfRange(seen, at, at + Sector.BYTES))
                            .as("sector at %d", at)
                            .isEqualTo(Arrays.copyOfRange(flushed, at, at + Sector.BYTES));
                }
            }
            flushed(0, seen);
        }
    }

    @TempDir
    private Path directory;

    private final MediumFaults faults = new MediumFaults();
    private final Map<String, Contents> volumes = new LinkedHashMap<>();
    private DiskLog log;
    private PoolDisks disks;
    private CommandRun pool;
    private ServerProcess server;

    @BeforeEach
    void openLog() {
        long[] ticks = {0};
        log = new DiskLog(directory.resolve("log"), () -> ticks[0]++);
    }

    @AfterEach
    void closeLog() throws IOException {
        log.close();
    }

    @ParameterizedTest
    @EnumSource
    void pagesThatTheDiskRefuses(PoolDisks.Layout layout) throws IOException {
        layout.require();
        Map<String, Way> ways = new LinkedHashMap<>();
        ways.put("flush", this::flushMeetsIt);
        ways.put("published", this::forceOfWhatIsPublishedMeetsIt);
        ways.put("stranger-flush", this::flushAfterSomebodyElseWasTold);
        ways.put("stranger-published", this::forceOfWhatIsPublishedAfterSomebodyElseWasTold);
        ways.put("both", this::forceOfWhatIsPublishedMeetsItWhileFlushIsUnderWay);
        try (RecordingDisks recording = makeDisks(layout)) {
            withPool(layout, recording, () -> {
                disks.createPool(layout, "64M");
                fill(ways.keySet().toArray(String[]::new));
                for (Map.Entry<String, Way> each : ways.entrySet()) {
                    fail(each.getKey(), each.getValue());
                }
            });
            withPool(layout, recording, this::requireContents); // and no page of it is in memory
        }
    }

    @ParameterizedTest
    @EnumSource
    void diskThatDies(PoolDisks.Layout layout) throws IOException {
        layout.require();
        try (RecordingDisks recording = makeDisks(layout)) {
            withPool(layout, recording, () -> {
                disks.createPool(layout, "64M");
                fill("dies");
                server.start();
                try (NbdConnection volume = server.connect("dies")) {
                    faults.refuse(_ -> true);
                    volume.write(0, content(DOOMED, PIECE), 0);
                    volume.write(HALF, content(DOOMED, PIECE), 0);
                    requireEio(volume::flush);
                    requireFailed(volume);
                }
                server.terminate();
                assertThat(server.awaitExit(LIMIT)).isEqualTo(Blkspc.FAILED);
            });
            faults.mend();
            withPool(layout, recording, this::requireContents);
        }
    }

    /** The next start meets the error: it is refused where it is told, and the one after it finds clean pages that it must not believe. */
    @ParameterizedTest
    @EnumSource
    void pagesThatKilledServerLeft(PoolDisks.Layout layout) throws IOException {
        layout.require();
        try (RecordingDisks recording = makeDisks(layout)) {
            withPool(layout, recording, () -> {
                disks.createPool(layout, "64M");
                fill("killed");
                server.start();
                try (NbdConnection volume = server.connect("killed")) {
                    faults.refuse(MediumWriteErrorTest::isDoomed);
                    volume.write(0, content(DOOMED, PIECE), 0);
                    volume.write(HALF, content(DOOMED, PIECE), 0);
                    server.killHard();
                }
                server.launch();
                if (server.awaitReadyOrDead()) {
                    server.killHard();
                } else {
                    assertThat(server.awaitExit(LIMIT)).isEqualTo(Blkspc.FAILED);
                    assertThat(server.printed()).contains("force failed: error=EIO").doesNotContain("\tat ");
                }
                assertThat(faults.refused()).as("writes the disk refused").isPositive();
                requireContents();
            });
            withPool(layout, recording, this::requireContents);
        }
    }

    private void flushMeetsIt(NbdConnection volume, Contents contents) throws IOException {
        faults.refuse(MediumWriteErrorTest::isDoomed);
        volume.write(0, content(DOOMED, PIECE), 0);
        requireEio(volume::flush);
    }

    private void forceOfWhatIsPublishedMeetsIt(NbdConnection volume, Contents contents) throws IOException {
        faults.refuse(MediumWriteErrorTest::isDoomed);
        volume.write(HALF + PIECE, content(DOOMED, PIECE), 0);
        awaitFailed();
    }

    /** The lost pages are clean by then, and the disk is well. */
    private void flushAfterSomebodyElseWasTold(NbdConnection volume, Contents contents) throws IOException {
        faults.refuse(MediumWriteErrorTest::isDoomed);
        volume.write(0, content(DOOMED, PIECE), 0);
        somebodyElseIsTold();
        requireEio(volume::flush);
    }

    /** What is forced is on the disk; but other pages of the file were lost. */
    private void forceOfWhatIsPublishedAfterSomebodyElseWasTold(NbdConnection volume, Contents contents)
            throws IOException {
        faults.refuse(MediumWriteErrorTest::isDoomed);
        volume.write(0, content(DOOMED, PIECE), 0);
        somebodyElseIsTold();
        contents.newer(HALF + PIECE, bytes(GOOD, PIECE));
        volume.write(HALF + PIECE, content(GOOD, PIECE), 0);
        awaitFailed();
    }

    /** All that the flush itself writes comes to the disk, later. */
    private void forceOfWhatIsPublishedMeetsItWhileFlushIsUnderWay(NbdConnection volume, Contents contents)
            throws IOException {
        faults.hold(bytes -> isOf(HELD, bytes));
        contents.newer(0, bytes(HELD, PIECE));
        volume.write(0, content(HELD, PIECE), 0);
        CompletableFuture<ByteBuffer> flush = volume.submit(NbdConnection.FLUSH, 0, 0, 0, null);
        Await.until("the flush to be under way", LIMIT, () -> faults.held() > 0);
        faults.refuse(MediumWriteErrorTest::isDoomed);
        try (NbdConnection other = server.connect("both")) { // a connection waits for its own flush
            other.write(HALF + PIECE, content(DOOMED, PIECE), 0);
        }
        awaitFailed();
        assertThat(flush).isNotDone();
        faults.release();
        assertThatThrownBy(flush::join).hasCauseInstanceOf(NbdConnection.Refused.class);
    }

    private void somebodyElseIsTold() throws IOException {
        try (FileChannel data = FileChannel.open(disks.written().getLast(), StandardOpenOption.WRITE)) {
            assertThatThrownBy(() -> data.force(false)).isInstanceOf(IOException.class);
            data.force(false); // nothing is left to write
        }
        faults.mend();
    }

    private void fail(String name, Way way) throws IOException {
        Contents contents = volumes.get(name);
        server.start();
        try (NbdConnection volume = server.connect(name)) {
            // The first force of what is published takes all there is; what this test is about are those after it.
            long before = number("sequence");
            volume.write(HALF, content(GOOD, PIECE), 0);
            Await.until("a force of what is published", LIMIT, () -> number("durable_sequence") > before);
            contents.flushed(HALF, bytes(GOOD, PIECE));
            way.fail(volume, contents);
            assertThat(faults.refused()).as("writes the disk refused, %s", name).isPositive();
            requireFailed(volume);
        } catch (AssertionError | IOException wrong) {
            throw new AssertionError("way=" + name + "\n" + server.printed(), wrong);
        }
        faults.mend();
        pool.run("stop").exits(Blkspc.FAILED);
        assertThat(server.awaitExit(LIMIT)).isEqualTo(Blkspc.FAILED);
        requireContents();
    }

    /** The new server shows this, and takes writes; what it shows and has flushed is there for good. */
    private void requireContents() throws IOException {
        server.start();
        pool.ok("pool", "check", "--deep");
        for (Map.Entry<String, Contents> each : volumes.entrySet()) {
            try (NbdConnection volume = server.connect(each.getKey())) {
                byte[] seen = new byte[2 * HALF];
                volume.read(0, seen.length).get(seen);
                each.getValue().settle(seen);
                volume.write(2 * HALF - PIECE, content(GOOD, PIECE), 0);
                volume.flush();
                each.getValue().flushed(2 * HALF - PIECE, bytes(GOOD, PIECE));
            }
        }
        server.stopCleanly();
        pool.ok("pool", "check", "--deep");
    }

    /** For good, on every connection and for every command; reads go on. */
    private void requireFailed(NbdConnection first) throws IOException {
        assertThat(InProcessServer.state(pool)).isEqualTo("failed");
        for (String name : volumes.keySet()) {
            try (NbdConnection volume = server.connect(name)) {
                for (NbdConnection each : new NbdConnection[] {first, volume}) {
                    requireEio(each::flush);
                    requireEio(() -> each.write(PIECE, content(GOOD, PIECE), 0));
                    requireEio(() -> each.write(HALF + 2 * PIECE, content(GOOD, PIECE), NbdConnection.FLAG_FUA));
                    requireEio(each::flush);
                }
                assertThat(volume.read(HALF - PIECE, PIECE)).as("reads go on").isEqualTo(content(GOOD, PIECE));
            }
        }
        pool.run("create", "late", "-s", "1M").exits(6);
        assertThat(pool.ok("pool", "events").out()).contains("failed").contains("cause=");
    }

    private interface Request {
        void send() throws IOException;
    }

    private static void requireEio(Request request) {
        assertThatThrownBy(request::send)
                .isInstanceOfSatisfying(
                        NbdConnection.Refused.class,
                        refused -> assertThat(refused.errno()).isEqualTo(EIO));
    }

    private void awaitFailed() {
        Await.until("the pool to fail", LIMIT, () -> InProcessServer.state(pool).equals("failed"));
    }

    private long number(String fact) {
        return ((Number) pool.ok("pool", "status", "--json").object().get(fact)).longValue();
    }

    private void fill(String... names) throws IOException {
        server.start();
        for (String name : names) {
            pool.ok("create", name, "-s", Integer.toString(2 * HALF));
            Contents contents = new Contents();
            try (NbdConnection volume = server.connect(name)) {
                volume.write(0, content(GOOD, HALF), 0);
                volume.flush();
            }
            contents.flushed(0, bytes(GOOD, HALF));
            volumes.put(name, contents);
        }
        server.stopCleanly();
    }

    private RecordingDisks makeDisks(PoolDisks.Layout layout) throws IOException {
        return RecordingDisks.serve(directory.resolve("disks.sock"), layout.makeImages(directory, "disk"), log, faults);
    }

    /** Does this while the disks are mounted, with a server that does not run yet; takes all of it away. */
    private void withPool(PoolDisks.Layout layout, RecordingDisks recording, Request work) throws IOException {
        try (PoolDisks attached = PoolDisks.attach(
                        layout,
                        directory,
                        disk -> LoopDevice.attach(directory.resolve("nbd" + disk), recording.uri(disk)));
                ServerProcess process = new ServerProcess(attached.pool())) {
            disks = attached;
            server = process;
            pool = new CommandRun(new HostAccess(), attached.pool());
            try {
                work.send();
            } finally {
                faults.release(); // or the file system would stay mounted
            }
        }
    }

    private static boolean isDoomed(ByteBuffer bytes) {
        return isOf(DOOMED, bytes);
    }

    /** One sector of them is enough. */
    private static boolean isOf(long kind, ByteBuffer bytes) {
        for (int at = 0; at + Sector.BYTES <= bytes.limit(); at += Sector.BYTES) {
            if (bytes.getLong(at) == kind) {
                return true;
            }
        }
        return false;
    }

    private static ByteBuffer content(long kind, int length) {
        return ByteBuffer.wrap(bytes(kind, length));
    }

    private static byte[] bytes(long kind, int length) {
        byte[] bytes = new byte[length];
        ByteBuffer words = ByteBuffer.wrap(bytes);
        while (words.hasRemaining()) {
            words.putLong(words.position() % Sector.BYTES == 0 ? kind : kind * (words.position() % PIECE + 1));
        }
        return bytes;
    }
}

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
    private static final String GOOD = "good";
    private static final String DOOMED = "doomed";
    private static final String HELD = "held";
    private static final String JOURNAL_RECORD = "BKJL"; // as docs/format/journal.md has it
    private static final Duration LIMIT = Duration.ofSeconds(30);

    /** How the error comes to be met; each on a volume of its own. */
    private interface Way {
        void fail(NbdConnection volume, FlushedContents contents) throws IOException;
    }

    @TempDir
    private Path directory;

    private final MediumFaults faults = new MediumFaults();
    private final Map<String, FlushedContents> volumes = new LinkedHashMap<>();
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
        ways.put("flush-beside", this::flushMeetsItBesideAForceOfWhatIsPublished);
        ways.put("published-beside", this::forceOfWhatIsPublishedMeetsItBesideAFlush);
        ways.put("journal", this::forceOfTheJournalMeetsIt);
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
                    writeUnlessRefused(volume, 0);
                    writeUnlessRefused(volume, HALF);
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

    /** The next start is told, and refused; the one after it finds clean pages that it must not believe. */
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
                    assertThat(server.printed())
                            .contains("force failed: error=EIO")
                            .doesNotContain("\tat ");
                }
                assertThat(faults.refused()).as("writes the disk refused").isPositive();
                requireContents();
            });
            withPool(layout, recording, this::requireContents);
        }
    }

    /** The file system may find out first, and take no more writes. */
    private static void writeUnlessRefused(NbdConnection volume, long offset) throws IOException {
        try {
            volume.write(offset, content(DOOMED, PIECE), 0);
        } catch (NbdConnection.Refused refused) {
            assertThat(refused.errno()).isEqualTo(EIO);
        }
    }

    private void flushMeetsIt(NbdConnection volume, FlushedContents contents) throws IOException {
        faults.refuse(MediumWriteErrorTest::isDoomed);
        volume.write(0, content(DOOMED, PIECE), 0);
        requireEio(volume::flush);
    }

    private void forceOfWhatIsPublishedMeetsIt(NbdConnection volume, FlushedContents contents) throws IOException {
        faults.refuse(MediumWriteErrorTest::isDoomed);
        volume.write(HALF + PIECE, content(DOOMED, PIECE), 0);
        awaitFailed();
    }

    /** The lost pages are clean by then, and the disk is well. */
    private void flushAfterSomebodyElseWasTold(NbdConnection volume, FlushedContents contents) throws IOException {
        faults.refuse(MediumWriteErrorTest::isDoomed);
        volume.write(0, content(DOOMED, PIECE), 0);
        somebodyElseIsTold();
        requireEio(volume::flush);
    }

    /** What is forced is on the disk; but other pages of the file were lost. */
    private void forceOfWhatIsPublishedAfterSomebodyElseWasTold(NbdConnection volume, FlushedContents contents)
            throws IOException {
        faults.refuse(MediumWriteErrorTest::isDoomed);
        volume.write(0, content(DOOMED, PIECE), 0);
        somebodyElseIsTold();
        contents.newer(HALF + PIECE, FlushedContents.of(GOOD, PIECE));
        volume.write(HALF + PIECE, content(GOOD, PIECE), 0);
        awaitFailed();
    }

    /** All that was published comes to the disk, later; what the flush lost was in place. */
    private void flushMeetsItBesideAForceOfWhatIsPublished(NbdConnection volume, FlushedContents contents)
            throws IOException {
        faults.hold(bytes -> FlushedContents.has(HELD, bytes));
        contents.newer(HALF + PIECE, FlushedContents.of(HELD, PIECE));
        volume.write(HALF + PIECE, content(HELD, PIECE), 0);
        Await.until("the force of what is published to be under way", LIMIT, () -> faults.held() > 0);
        faults.refuse(MediumWriteErrorTest::isDoomed);
        volume.write(0, content(DOOMED, PIECE), 0);
        CompletableFuture<ByteBuffer> flush = volume.submit(NbdConnection.FLUSH, 0, 0, 0, null);
        Await.until("the flush to be under way", LIMIT, () -> faults.refused() > 0);
        faults.release();
        assertThatThrownBy(flush::join).hasCauseInstanceOf(NbdConnection.Refused.class);
    }

    /** All that the flush itself writes comes to the disk, later. */
    private void forceOfWhatIsPublishedMeetsItBesideAFlush(NbdConnection volume, FlushedContents contents)
            throws IOException {
        faults.hold(bytes -> FlushedContents.has(HELD, bytes));
        contents.newer(0, FlushedContents.of(HELD, PIECE));
        volume.write(0, content(HELD, PIECE), 0);
        CompletableFuture<ByteBuffer> flush = volume.submit(NbdConnection.FLUSH, 0, 0, 0, null);
        Await.until("the flush to be under way", LIMIT, () -> faults.held() > 0);
        faults.refuse(MediumWriteErrorTest::isDoomed);
        try (NbdConnection other = server.connect("published-beside")) { // a connection may wait for its own flush
            other.write(HALF + PIECE, content(DOOMED, PIECE), 0);
        }
        awaitFailed();
        assertThat(flush).isNotDone();
        faults.release();
        assertThatThrownBy(flush::join).hasCauseInstanceOf(NbdConnection.Refused.class);
    }

    /** The data is on the disk, and no record says where. */
    private void forceOfTheJournalMeetsIt(NbdConnection volume, FlushedContents contents) throws IOException {
        faults.refuse(bytes -> FlushedContents.has(JOURNAL_RECORD, bytes));
        volume.write(HALF + PIECE, content(GOOD, PIECE), 0);
        awaitFailed();
    }

    private void somebodyElseIsTold() throws IOException {
        try (FileChannel data = FileChannel.open(disks.written().getLast(), StandardOpenOption.WRITE)) {
            assertThatThrownBy(() -> data.force(false)).isInstanceOf(IOException.class);
            data.force(false); // nothing is left to write
        }
        faults.mend();
    }

    private void fail(String name, Way way) throws IOException {
        FlushedContents contents = volumes.get(name);
        server.start();
        try (NbdConnection volume = server.connect(name)) {
            // The first force of what is published takes all there is; what this test is about are those after it.
            long before = number("sequence");
            volume.write(HALF, content(GOOD, PIECE), 0);
            Await.until("a force of what is published", LIMIT, () -> number("durable_sequence") > before);
            contents.flushed(HALF, FlushedContents.of(GOOD, PIECE));
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
        for (Map.Entry<String, FlushedContents> each : volumes.entrySet()) {
            try (NbdConnection volume = server.connect(each.getKey())) {
                byte[] seen = new byte[2 * HALF];
                volume.read(0, seen.length).get(seen);
                each.getValue().settle(seen);
                volume.write(2 * HALF - PIECE, content(GOOD, PIECE), 0);
                volume.flush();
                each.getValue().flushed(2 * HALF - PIECE, FlushedContents.of(GOOD, PIECE));
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
                volume.read(HALF - PIECE, PIECE); // reads go on
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
            FlushedContents contents = new FlushedContents(2 * HALF);
            try (NbdConnection volume = server.connect(name)) {
                volume.write(0, content(GOOD, HALF), 0);
                volume.flush();
            }
            contents.flushed(0, FlushedContents.of(GOOD, HALF));
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
        return FlushedContents.has(DOOMED, bytes);
    }

    private static ByteBuffer content(String kind, int length) {
        return ByteBuffer.wrap(FlushedContents.of(kind, length));
    }
}

package io.blkspc.cli.e2e;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The clients people run, against the real server. */
@Timeout(120)
class RealClientsTest {

    private static final long VOLUME_BYTES = 32L << 20;

    @TempDir
    private static Path directory;

    private static final long SEED = Seeds.of(RealClientsTest.class);
    private static TestPool pool;
    private static RealClients clients;

    /** One pool for all: no client may mind what the others left. */
    @BeforeAll
    static void start() {
        pool = TestPool.create(directory.resolve("pool"), "256M");
        pool.command().ok("create", "one", "-s", Long.toString(VOLUME_BYTES));
        pool.command().ok("create", "two", "-s", Long.toString(VOLUME_BYTES));
        pool.server().start();
        clients = new RealClients(pool.server(), directory);
    }

    @AfterAll
    static void stop() {
        if (pool != null) {
            pool.close();
        }
    }

    @Test
    void nbdinfoSeesSizeFlagsAndEveryExport() throws IOException {
        clients.info("one", VOLUME_BYTES, List.of("one", "two"));
    }

    @Test
    void nbdcopyInAndOutIsEqual() throws IOException {
        clients.copyInAndOut("one", VOLUME_BYTES, SEED);
    }

    @Test
    void qemuImgConvertsComparesAndReadsBack() throws IOException {
        clients.convertAndCompare("one", VOLUME_BYTES, SEED);
    }

    @Test
    void qemuIoPatternsOfAnyAlignmentReadBack() {
        clients.patterns("one");
    }

    @Test
    void fioVerifiesRandomLoadWithTrims() {
        clients.verifiedRandomLoad("one", SEED & 0xffff);
    }

    @Test
    void nbdkitServesItOn() throws IOException {
        clients.throughProxy("two", VOLUME_BYTES, SEED);
    }
}

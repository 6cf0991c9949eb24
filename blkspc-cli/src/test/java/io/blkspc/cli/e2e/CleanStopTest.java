package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server that is told to stop finishes what it has begun and leaves a pool that needs no recovery. */
@Timeout(150)
class CleanStopTest {

    private static final long VOLUME_BYTES = 16 << 20;

    @TempDir
    private Path directory;

    private final History history = new History();

    @Test
    void sigtermUnderLoadLeavesCleanPool() throws IOException {
        try (TestPool pool = TestPool.serving(directory.resolve("pool"), "256M")) {
            VolumeOracle one = pool.volume(history, "one", VOLUME_BYTES);
            underLoad(pool, one, () -> pool.server().terminate());
            verifyClean(pool, one);
        }
    }

    @Test
    void stopCommandUnderLoadLeavesCleanPool() throws IOException {
        try (TestPool pool = TestPool.serving(directory.resolve("pool"), "256M")) {
            VolumeOracle one = pool.volume(history, "one", VOLUME_BYTES);
            underLoad(pool, one, () -> pool.command().ok("stop"));
            verifyClean(pool, one);
        }
    }

    /** Some supervisors ask for the exit code of their server only after {@code stop} has returned. */
    @Test
    void stopDoesNotWaitForTheParentOfTheServer() {
        try (TestPool pool = TestPool.create(directory.resolve("pool"), "64M")) {
            pool.server().launchUnder(List.of("sh", "-c", "\"$@\" & exec sleep 300", "sh"));
            assertThat(pool.server().awaitReadyOrDead()).isTrue();
            pool.command().ok("stop");
            pool.server().killHard();
        }
    }

    private void underLoad(TestPool pool, VolumeOracle one, Runnable stop) throws IOException {
        long seed = Seeds.of(CleanStopTest.class);
        Load first = Load.start(pool.server().connect("one"), history, one, seed);
        Load second = Load.start(pool.server().connect("one"), history, one, seed + 1);
        Await.until("some load", Duration.ofSeconds(20), () -> history.repliedCount() > 300);
        stop.run();
        assertThat(pool.server().awaitExit(Duration.ofSeconds(30)))
                .as("exit code\n%s", pool.server().printed())
                .isZero();
        first.awaitServerDeath();
        second.awaitServerDeath();
        history.serverDied();
    }

    private static void verifyClean(TestPool pool, VolumeOracle one) throws IOException {
        assertThat(pool.directory().resolve("nbd.sock")).doesNotExist();
        pool.server().start();
        assertThat(pool.command().object("pool", "status"))
                .containsEntry("clean", true)
                .containsEntry("state", "serving");
        assertThat(pool.server().settle(one)).isEmpty();
        pool.server().stopCleanly();
        pool.command().ok("pool", "check");
        assertThat(List.of(pool.command().object("pool", "status").get("clean")))
                .containsExactly(true);
    }
}

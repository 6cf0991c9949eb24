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

    /** Signals that ask for nothing change nothing; a storm of those that ask for the end, of which the second is obeyed at once, is a kill. */
    @Test
    void stormsOfSignalsUnderLoadLoseNothing() throws IOException {
        long seed = Seeds.of(CleanStopTest.class) + 2;
        try (TestPool pool = TestPool.serving(directory.resolve("pool"), "256M")) {
            VolumeOracle one = pool.volume(history, "one", VOLUME_BYTES);
            for (int round = 0; round < 3; round++) {
                Load load = Load.start(pool.server().connect("one"), history, one, seed + round);
                awaitReplies(200);
                storm(pool, "PIPE URG WINCH CHLD CONT PIPE", 100);
                awaitReplies(200); // it goes on
                storm(pool, "HUP TERM INT USR1", 100);
                pool.server().awaitExit(Duration.ofSeconds(30));
                load.awaitServerDeath();
                history.serverDied();
                pool.server().start();
                assertThat(pool.server().settle(one)).as("seed=%d", seed).isEmpty();
            }
            pool.server().stopCleanly();
            pool.command().ok("pool", "check");
        }
    }

    private void awaitReplies(long more) {
        long enough = history.repliedCount() + more;
        Await.until("some load", Duration.ofSeconds(20), () -> history.repliedCount() > enough);
    }

    /** Sends each of the signals so many times, as long as there is somebody to send them to. */
    private static void storm(TestPool pool, String signals, int times) {
        String script = "for i in $(seq " + times + "); do for s in " + signals + "; do kill -s $s "
                + pool.server().pid() + " || exit 0; done; done";
        Exec.run("sh", "-c", script).ok();
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

package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The server dies exactly at the n-th write or force of one of its threads, from the first one of its start to the middle
 * of the load: places that a kill by the clock hits rarely.
 */
@Timeout(28_800)
class KillAtSystemCallTest {

    private static final int CYCLES = KillCycles.count(20, 1_000);
    private static final long VOLUME_BYTES = 8 << 20;

    @TempDir
    private Path directory;

    @Test
    void everyRepliedWriteSurvivesDeathAtAnyWriteOrForce() throws IOException {
        Strace.require();
        long seed = Seeds.of(KillAtSystemCallTest.class);
        Random random = new Random(seed);
        History history = new History();
        int deaths = 0;
        try (TestPool pool = TestPool.serving(directory.resolve("pool"), "128M")) {
            List<VolumeOracle> volumes =
                    List.of(pool.volume(history, "one", VOLUME_BYTES), pool.volume(history, "two", VOLUME_BYTES));
            KillCycles kill = new KillCycles(pool.server(), history, seed);
            pool.server().killHard();
            for (int cycle = 0; cycle < CYCLES; cycle++) {
                String moment = cycle % 2 == 0
                        ? "pwritev2:signal=KILL:when=" + (1 + (int) Math.exp(random.nextDouble(6)))
                        : (random.nextBoolean() ? "fdatasync" : "msync") + ":signal=KILL:when="
                                + (1 + random.nextInt(30));
                deaths += dieAt(moment, pool.server(), history, volumes, random) ? 1 : 0;
                pool.server().start();
                try {
                    kill.verify(volumes);
                } catch (AssertionError wrong) {
                    throw new AssertionError("died at " + moment, wrong);
                }
                pool.server().killHard();
            }
            pool.command().ok("pool", "check");
        }
        System.out.println("KillAtSystemCallTest cycles=" + CYCLES + " deaths=" + deaths);
        assertThat(deaths)
                .as("cycles in which the server died where it was told to")
                .isPositive();
    }

    /** Returns whether it died there, and not because the load was over. */
    private static boolean dieAt(
            String moment, ServerProcess server, History history, List<VolumeOracle> volumes, Random random)
            throws IOException {
        server.launchUnder(Strace.words(moment));
        List<Load> loads = new ArrayList<>();
        if (server.awaitReadyOrDead()) {
            try {
                for (VolumeOracle volume : volumes) {
                    loads.add(Load.start(server.connect(volume.name()), history, volume, random.nextLong()));
                }
            } catch (IOException diedMeanwhile) {
                // Then only the connections that were made carry load.
            }
            Await.within(Duration.ofSeconds(3), () -> !server.isAlive());
        }
        boolean isDead = !server.isAlive();
        server.killHard();
        for (Load load : loads) {
            load.awaitServerDeath();
        }
        history.serverDied();
        return isDead;
    }
}

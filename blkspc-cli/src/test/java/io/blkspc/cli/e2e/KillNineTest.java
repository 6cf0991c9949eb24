package io.blkspc.cli.e2e;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The server is killed under load, again and again, also while it recovers. Every write it replied to is there, on every
 * volume and on the clone; it opens without an operator and its checker finds nothing.
 */
@Timeout(28_800)
class KillNineTest {

    private static final int CYCLES = KillCycles.count(135, 5_000);
    private static final long VOLUME_BYTES = 16 << 20;

    @TempDir
    private Path directory;

    @Test
    void everyRepliedWriteSurvivesKillNine() throws IOException {
        long seed = Seeds.of(KillNineTest.class);
        Random random = new Random(~seed);
        History history = new History();
        try (TestPool pool = TestPool.serving(directory.resolve("pool"), "256M")) {
            List<VolumeOracle> volumes = new ArrayList<>();
            volumes.add(pool.volume(history, "one", VOLUME_BYTES));
            volumes.add(pool.volume(history, "two", VOLUME_BYTES));
            KillCycles kill = new KillCycles(pool.server(), history, seed);
            for (int cycle = 0; cycle < CYCLES; cycle++) {
                List<VolumeOracle> connections = new ArrayList<>(volumes);
                connections.add(volumes.getFirst());
                kill.loadAndKill(connections);
                if (random.nextInt(4) == 0) {
                    killWhileRecovering(pool.server(), random);
                }
                pool.server().start();
                kill.verify(volumes);
                if (cycle == 0) {
                    volumes.add(pool.clone(history, volumes.getFirst(), "clone"));
                }
                if (cycle % 10 == 9) {
                    check(pool);
                    pool.server().start();
                }
            }
            check(pool);
            pool.server().start();
            kill.verify(volumes);
            System.out.println("KillNineTest cycles=" + CYCLES + " replied=" + history.repliedCount() + " tornReads="
                    + history.tornReads());
        }
    }

    private static void killWhileRecovering(ServerProcess server, Random random) {
        server.launch();
        Await.pause(random.nextInt(100, 1500));
        server.killHard();
    }

    /** The pool is left as the kill left it, and the checker is the first to open it. */
    private static void check(TestPool pool) {
        pool.server().killHard();
        pool.command().ok("pool", "check");
    }
}

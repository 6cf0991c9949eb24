package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** The kill loop: load, SIGKILL at a random moment, restart, and every replied write must be there. */
final class KillCycles {

    /** More than this many are not worth printing. */
    private static final int SHOWN = 20;

    private final Endpoint server;
    private final History history;
    private final Random random;
    private final long seed;

    /** How many cycles a test runs: {@code -Dblkspc.killCycles=…} decides, else whether it is for a release. */
    static int count(int usually, int release) {
        return Integer.getInteger("blkspc.killCycles", Boolean.getBoolean("blkspc.release") ? release : usually);
    }

    KillCycles(Endpoint server, History history, long seed) {
        this.server = server;
        this.history = history;
        this.seed = seed;
        random = new Random(seed);
    }

    /**
     * Loads one connection for each entry (a volume may occur several times), kills the server after 20 to 600
     * milliseconds and waits until the load has noticed.
     */
    void loadAndKill(List<VolumeOracle> volumes) throws IOException {
        List<Load> loads = new ArrayList<>();
        for (VolumeOracle volume : volumes) {
            loads.add(Load.start(server.connect(volume.name()), history, volume, random.nextLong()));
        }
        Await.pause(random.nextInt(20, 600));
        server.killHard();
        for (Load load : loads) {
            load.awaitServerDeath();
        }
        history.serverDied();
    }

    /** Fails the test if any sector of any of the volumes, read through the running server, is not legal. */
    void verify(List<VolumeOracle> volumes) throws IOException {
        for (VolumeOracle volume : volumes) {
            List<Finding> findings = server.settle(volume);
            assertThat(findings.stream().limit(SHOWN))
                    .as(
                            "%d wrong sectors of %s, replied=%d, seed=%d",
                            findings.size(), volume.name(), history.repliedCount(), seed)
                    .isEmpty();
        }
    }
}

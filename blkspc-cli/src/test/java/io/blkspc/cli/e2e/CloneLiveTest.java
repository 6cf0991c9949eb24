package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A clone taken while the origin is written is one moment of it, and neither shows in the other afterwards. */
@Timeout(150)
class CloneLiveTest {

    private static final long VOLUME_BYTES = 8 << 20;
    private static final int CLONES = 4;

    @TempDir
    private Path directory;

    @Test
    void cloneUnderLoadIsOneMoment() throws IOException {
        long seed = Seeds.of(CloneLiveTest.class);
        History history = new History();
        try (TestPool pool = TestPool.serving(directory.resolve("pool"), "256M")) {
            VolumeOracle origin = pool.volume(history, "origin", VOLUME_BYTES);
            List<Load> loads = new ArrayList<>();
            for (int connection = 0; connection < 3; connection++) {
                loads.add(Load.start(pool.server().connect("origin"), history, origin, seed + connection));
            }
            Await.until("some load", Duration.ofSeconds(20), () -> history.repliedCount() > 1000);

            List<VolumeOracle> clones = new ArrayList<>();
            List<CloneWindow> windows = new ArrayList<>();
            for (int number = 0; number < CLONES; number++) {
                CloneWindow window = history.beginClone(origin, "clone" + number);
                pool.command().ok("clone", "origin", "clone" + number);
                clones.add(window.end());
                windows.add(window);
            }
            for (Load load : loads) {
                load.stop();
            }
            for (int number = 0; number < CLONES; number++) {
                VolumeOracle clone = clones.get(number);
                long[] seqs = pool.server().seqs(clone);
                assertThat(windows.get(number).undecidedCount()).isPositive();
                assertThat(windows.get(number).contradiction(seqs))
                        .as(clone.name())
                        .isEmpty();
                assertThat(pool.server().settle(clone)).isEmpty();
            }
            assertThat(pool.server().settle(origin)).isEmpty();

            writeToClones(pool, history, clones, seed);
            assertThat(pool.server().settle(origin)).isEmpty();
            pool.server().stopCleanly();
            pool.command().ok("pool", "check");
        }
    }

    private static void writeToClones(TestPool pool, History history, List<VolumeOracle> clones, long seed)
            throws IOException {
        List<Load> loads = new ArrayList<>();
        for (VolumeOracle clone : clones) {
            loads.add(Load.start(pool.server().connect(clone.name()), history, clone, ~seed));
        }
        long before = history.repliedCount();
        Await.until("load on the clones", Duration.ofSeconds(20), () -> history.repliedCount() > before + 1000);
        for (Load load : loads) {
            load.stop();
        }
        for (VolumeOracle clone : clones) {
            assertThat(pool.server().settle(clone)).isEmpty();
        }
    }
}

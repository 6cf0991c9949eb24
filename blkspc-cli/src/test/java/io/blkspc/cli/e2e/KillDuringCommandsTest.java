package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The server is killed while it makes and destroys snapshots and clones under load. Each command happened or not, for all
 * of its names alike; what was answered is so; and each version holds one moment of its origin.
 */
@Timeout(28_800)
class KillDuringCommandsTest {

    private static final int CYCLES = KillCycles.count(20, 1_000);
    private static final long VOLUME_BYTES = 4 << 20;

    @TempDir
    private Path directory;

    @Test
    void everyCommandHappenedOrNot() throws IOException {
        long seed = Seeds.of(KillDuringCommandsTest.class);
        Random random = new Random(seed);
        History history = new History();
        try (TestPool pool = TestPool.serving(directory.resolve("pool"), "256M")) {
            VolumeOracle first = pool.volume(history, "one", VOLUME_BYTES);
            VolumeOracle second = pool.volume(history, "two", VOLUME_BYTES);
            Operator operator = new Operator(history, first, second, seed);
            KillCycles kill = new KillCycles(pool.server(), history, seed);
            for (int cycle = 0; cycle < CYCLES; cycle++) {
                List<Load> loads = new ArrayList<>();
                for (VolumeOracle volume : List.of(first, second)) {
                    loads.add(Load.start(pool.server().connect(volume.name()), history, volume, random.nextLong()));
                }
                operator.start(pool.directory());
                Await.pause(random.nextInt(50, 800));
                pool.server().killHard();
                for (Load load : loads) {
                    load.awaitServerDeath();
                }
                operator.awaitServerDeath();
                history.serverDied();

                pool.server().start();
                List<VolumeOracle> versions = new ArrayList<>(operator.settle(listed(pool)));
                versions.addAll(List.of(first, second));
                kill.verify(versions);
            }
            assertThat(operator.answered()).as("commands answered").isPositive();
            pool.server().killHard();
            pool.command().ok("pool", "check");
        }
    }

    private static Set<String> listed(TestPool pool) throws IOException {
        List<?> listed = (List<?>) pool.request("list", Map.of());
        return listed.stream()
                .map(each -> (String) ((Map<?, ?>) each).get("name"))
                .collect(Collectors.toSet());
    }
}

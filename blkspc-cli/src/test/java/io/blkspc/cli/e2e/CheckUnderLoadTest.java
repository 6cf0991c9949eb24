package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A served pool is checked again and again while two clients write to it and it is frozen and given back: it is always clean. */
@Timeout(150)
class CheckUnderLoadTest {

    private static final int ROUNDS = 4;

    @TempDir
    private Path directory;

    private final History history = new History();

    @Test
    void aServedPoolChecksCleanWhateverItsClientsDo() throws IOException {
        long seed = Seeds.of(CheckUnderLoadTest.class);
        try (TestPool pool = TestPool.serving(directory.resolve("pool"), "128M")) {
            VolumeOracle one = pool.volume(history, "one", 16 << 20);
            List<Load> loads = List.of(
                    Load.start(pool.server().connect("one"), history, one, seed),
                    Load.start(pool.server().connect("one"), history, one, seed + 1));
            for (int i = 0; i < ROUNDS; i++) {
                pool.command().ok("snapshot", "one@s" + i);
                if (i > 1) {
                    pool.command().ok("destroy", "one@s" + (i - 2));
                }
                long before = history.repliedCount();
                Exec.Result said = i % 2 == 0
                        ? pool.command().ok("pool", "check", "--deep")
                        : pool.command().ok("pool", "check");
                assertThat(said.out()).startsWith("clean");
                assertThat(history.repliedCount())
                        .as("requests answered meanwhile")
                        .isGreaterThan(before);
            }
            for (Load load : loads) {
                load.stop();
            }
            assertThat(pool.server().settle(one)).isEmpty();
        }
    }
}

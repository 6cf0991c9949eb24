package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The Chronicle Map file is only an index: without it, or with a ruined one, nothing is lost. */
@Timeout(180)
class MapFileDeletedTest {

    private static final long VOLUME_BYTES = 16 << 20;

    @TempDir
    private Path directory;

    @Test
    void poolWithoutMapFileLosesNothing() throws IOException {
        long seed = Seeds.of(MapFileDeletedTest.class);
        History history = new History();
        try (TestPool pool = TestPool.serving(directory.resolve("pool"), "256M")) {
            VolumeOracle one = pool.volume(history, "one", VOLUME_BYTES);
            KillCycles kill = new KillCycles(pool.server(), history, seed);
            Path map = pool.directory().resolve("extents.map");
            kill.loadAndKill(List.of(one, one));

            Files.delete(map);
            pool.server().start();
            kill.verify(List.of(one));
            assertThat(map).as("the index, rebuilt").exists();

            pool.server().stopCleanly();
            Files.delete(map);
            pool.server().start();
            kill.verify(List.of(one));

            kill.loadAndKill(List.of(one, one));
            Files.write(map, new byte[4096], StandardOpenOption.TRUNCATE_EXISTING);
            pool.server().start();
            kill.verify(List.of(one));
            pool.server().stopCleanly();
            pool.command().ok("pool", "check");
        }
    }
}

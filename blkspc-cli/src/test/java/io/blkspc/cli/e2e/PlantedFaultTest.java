package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The kill loop and its oracle find every planted mistake, and none in a server without one. */
@Timeout(90)
class PlantedFaultTest {

    private static final int VOLUME_BYTES = 8 << 20;
    private static final int CYCLES = 4;

    @TempDir
    private Path directory;

    @ParameterizedTest
    @EnumSource
    void onlyServerWithoutFaultPasses(FaultyServer.Fault fault) throws IOException {
        long seed = Seeds.of(PlantedFaultTest.class);
        if (fault == FaultyServer.Fault.NONE) {
            assertThat(cycles(fault, seed)).as("replied requests").isGreaterThan(100);
        } else {
            assertThatThrownBy(() -> cycles(fault, seed))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("wrong");
        }
    }

    private long cycles(FaultyServer.Fault fault, long seed) throws IOException {
        History history = new History();
        VolumeOracle volume = history.volume("one", VOLUME_BYTES);
        try (FaultyServer server = new FaultyServer(directory.resolve("s"), VOLUME_BYTES, fault)) {
            KillCycles kill = new KillCycles(server, history, seed);
            server.start();
            for (int cycle = 0; cycle < CYCLES; cycle++) {
                kill.loadAndKill(List.of(volume, volume, volume));
                server.start();
                kill.verify(List.of(volume));
            }
        }
        return history.repliedCount();
    }
}

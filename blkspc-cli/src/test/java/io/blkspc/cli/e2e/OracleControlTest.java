package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The kill loop and its oracle, tried on servers of known behaviour: a right one passes, wrong ones are found out. */
@Timeout(90)
class OracleControlTest {

    private static final long VOLUME_BYTES = 16 << 20;
    private static final int CYCLES = 3;

    @TempDir
    private Path directory;

    private final long seed = Seeds.of(OracleControlTest.class);

    @Test
    void serverThatWritesBeforeItRepliesPasses() throws IOException {
        Tools.require("nbdkit");
        assertThat(cycles(2, new Nbdkit(directory), "one", "two"))
                .as("replied requests")
                .isGreaterThan(100);
    }

    /** One connection: this filter of nbdkit 1.32 can crash where a second one is opened under load. */
    @Test
    void serverWithWriteBackCacheIsFoundOut() {
        Tools.require("nbdkit");
        assertThatThrownBy(() -> cycles(1, new Nbdkit(directory, "--filter=cache", "cache=unsafe"), "one"))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("wrong sectors of one");
    }

    @Test
    void serverThatMixesUpVolumesIsFoundOut() {
        Tools.require("nbdkit");
        Nbdkit server = new Nbdkit(directory).volume("one", VOLUME_BYTES).alias("two", "one");
        assertThatThrownBy(() -> cycles(2, server, "one", "two"))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("FOREIGN");
    }

    /** One request at a time: with several, this filter of nbdkit 1.32 was also seen to give back what a block held before. */
    @Test
    void serverThatForgetsEverythingIsFoundOut() {
        Tools.require("nbdkit");
        Nbdkit server = new Nbdkit(directory, "--filter=noparallel", "--filter=cow", "serialize=all-requests");
        assertThatThrownBy(() -> cycles(2, server, "one"))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("LOST");
    }

    private long cycles(int connectionsEach, Nbdkit server, String... names) throws IOException {
        History history = new History();
        List<VolumeOracle> volumes = Arrays.stream(names)
                .map(name -> history.volume(name, VOLUME_BYTES))
                .toList();
        List<VolumeOracle> connections = new ArrayList<>();
        for (int i = 0; i < connectionsEach; i++) {
            connections.addAll(volumes);
        }
        volumes.forEach(volume -> server.volume(volume.name(), VOLUME_BYTES));
        KillCycles kill = new KillCycles(server, history, seed);
        try (server) {
            server.start();
            for (int cycle = 0; cycle < CYCLES; cycle++) {
                kill.loadAndKill(connections);
                server.start();
                kill.verify(volumes);
            }
        }
        return history.repliedCount();
    }
}

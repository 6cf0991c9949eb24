package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the foreign clients do, tried on a known server; and a comparison that must not pass. */
@Timeout(120)
class RealClientsControlTest {

    private static final long VOLUME_BYTES = 32L << 20;

    @TempDir
    private Path directory;

    private final long seed = Seeds.of(RealClientsControlTest.class);
    private Nbdkit server;
    private RealClients clients;

    @BeforeEach
    void start() {
        Tools.require("nbdkit");
        server = new Nbdkit(directory).volume("one", VOLUME_BYTES).volume("two", VOLUME_BYTES);
        server.start();
        clients = new RealClients(server, directory);
    }

    @AfterEach
    void stop() {
        if (server != null) {
            server.close();
        }
    }

    @Test
    void knownServerPassesEveryClient() throws IOException {
        clients.info("one", VOLUME_BYTES, List.of("one", "two"));
        clients.copyInAndOut("one", VOLUME_BYTES, seed);
        clients.convertAndCompare("two", VOLUME_BYTES, seed);
        clients.patterns("one");
        clients.verifiedRandomLoad("one", seed & 0xffff);
        clients.throughProxy("two", VOLUME_BYTES, seed + 1);
    }

    @Test
    void oneWrongByteIsFoundOut() throws IOException {
        Tools.require("nbdcopy", "cmp");
        Path image = clients.sparseImage("image", VOLUME_BYTES, seed);
        Exec.run("nbdcopy", image.toString(), server.uri("one")).ok();
        clients.copyOutEquals("one", image);
        try (NbdConnection connection = server.connect("one")) {
            byte before = connection.read(VOLUME_BYTES / 2, 1).get();
            connection.write(VOLUME_BYTES / 2, ByteBuffer.wrap(new byte[] {(byte) (before + 1)}), 0);
        }
        assertThatThrownBy(() -> clients.copyOutEquals("one", image))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("differ");
    }
}

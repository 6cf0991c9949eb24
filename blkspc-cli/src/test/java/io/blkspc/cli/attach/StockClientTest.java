package io.blkspc.cli.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.cli.outcome.CommandFailure;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** How nbd-client is asked; that it then works is shown in a guest. */
class StockClientTest {

    private final StockClient client = new StockClient(Path.of("/sbin/nbd-client"));

    @Test
    void theOptionsFitTheServer() {
        assertThat(client.words(
                        Path.of("/p/nbd.sock"), "vm@s", new NbdDevice(3), new AttachOptions(3, 4, true, 30, 600)))
                .containsExactly(
                        "/sbin/nbd-client",
                        "-unix",
                        "/p/nbd.sock",
                        "-N",
                        "vm@s",
                        "-C",
                        "4",
                        "-t",
                        "30",
                        "-b",
                        "512",
                        "-R",
                        "/dev/nbd3");
        assertThat(client.words(Path.of("/p/nbd.sock"), "vm", new NbdDevice(0), new AttachOptions(0, 1, false, 5, 600)))
                .containsExactly(
                        "/sbin/nbd-client",
                        "-unix",
                        "/p/nbd.sock",
                        "-N",
                        "vm",
                        "-C",
                        "1",
                        "-t",
                        "5",
                        "-b",
                        "512",
                        "/dev/nbd0");
    }

    @Test
    void whereItIsMissingItsPackageIsNamed() {
        assertThatThrownBy(() -> new StockClient(null))
                .isInstanceOf(CommandFailure.class)
                .hasMessageContaining("package nbd-client")
                .hasMessageContaining("without --nbd-client none is needed");
    }
}

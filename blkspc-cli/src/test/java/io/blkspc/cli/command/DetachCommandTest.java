package io.blkspc.cli.command;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.cli.attach.NbdDevice;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code detach} does where the last writes cannot be forced; that it is so with a server that is gone is shown in a guest. */
class DetachCommandTest {

    /** A file that can be opened and not forced, as a device without a server is. */
    private static final Path UNFORCEABLE = Path.of("/dev/full");

    private static final NbdDevice DEVICE = new NbdDevice(3);

    @Test
    void aDeviceOfNbdClientWithoutAServerStaysAndTheWayOutIsTold() {
        assertThatThrownBy(() -> DetachCommand.persist(UNFORCEABLE, DEVICE, true))
                .isInstanceOfSatisfying(CommandFailure.class, DetachCommandTest::assertFailed)
                .hasMessageContaining("nbd-client -d /dev/nbd3, device=/dev/nbd3, said=");
    }

    @Test
    void oneOfAttachStaysAndIsAttachedAgain() {
        assertThatThrownBy(() -> DetachCommand.persist(UNFORCEABLE, DEVICE, false))
                .isInstanceOfSatisfying(CommandFailure.class, DetachCommandTest::assertFailed)
                .hasMessageContaining("attach it again")
                .hasMessageContaining("device=/dev/nbd3")
                .hasMessageNotContaining("nbd-client");
    }

    private static void assertFailed(CommandFailure failure) {
        if (failure.exitCode() != ExitCode.FAILED) {
            throw new AssertionError(failure.exitCode());
        }
    }

    @Test
    void whatCanBeForcedIsNoMatter(@TempDir Path directory) throws IOException {
        Path file = Files.write(directory.resolve("device"), new byte[4096]);
        assertThatCode(() -> DetachCommand.persist(file, DEVICE, true)).doesNotThrowAnyException();
    }
}

package io.blkspc.cli.attach;

import io.blkspc.cli.outcome.CommandFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Whether attach can work here.
 *
 * @param isThere it can
 * @param facts what was found
 */
public record AttachAbility(boolean isThere, String facts) {

    private static final int CAP_SYS_ADMIN = 21;

    /** Looks at rights and driver; changes nothing. */
    public static AttachAbility examine() {
        try (NbdDriver _ = NbdDriver.open()) {
            return mayAttach(Files.readString(Path.of("/proc/self/status")))
                    ? new AttachAbility(true, "the driver answers, and this process may use it")
                    : new AttachAbility(false, "not without root (CAP_SYS_ADMIN)");
        } catch (IOException | CommandFailure failure) {
            return new AttachAbility(false, failure.getMessage());
        }
    }

    /** Reads the effective capabilities out of a {@code /proc/PID/status}. */
    static boolean mayAttach(String status) {
        return status.lines()
                .filter(line -> line.startsWith("CapEff:"))
                .map(line -> Long.parseUnsignedLong(
                        line.substring("CapEff:".length()).strip(), 16))
                .anyMatch(capabilities -> (capabilities >>> CAP_SYS_ADMIN & 1) == 1);
    }
}

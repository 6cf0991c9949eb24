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

    /** What is said where this process may not. */
    public static final String NO_RIGHTS = "not without root (CAP_SYS_ADMIN)";

    private static final int CAP_SYS_ADMIN = 21;

    /** Looks at rights and driver; changes nothing. */
    public static AttachAbility examine() {
        try (NbdDriver _ = NbdDriver.open()) {
            return hasRights()
                    ? new AttachAbility(true, "the driver answers, and this process may use it")
                    : new AttachAbility(false, NO_RIGHTS);
        } catch (IOException | CommandFailure failure) {
            return new AttachAbility(false, failure.getMessage());
        }
    }

    /** Whether this process may attach, by whichever way. */
    public static boolean hasRights() {
        try {
            return mayAttach(Files.readString(Path.of("/proc/self/status")));
        } catch (IOException unknown) {
            return false;
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

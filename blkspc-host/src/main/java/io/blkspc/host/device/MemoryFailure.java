package io.blkspc.host.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the kernel does to a process when memory breaks that a mapping of it covers. */
final class MemoryFailure {

    private static final Path EARLY_KILL = Path.of("/proc/sys/vm/memory_failure_early_kill");

    private MemoryFailure() {}

    /**
     * Whether it is told to send SIGBUS, which ends a JVM, to all who map a page when the page's memory breaks, also to those who
     * never touched it.
     */
    static boolean killsEarly() {
        return killsEarly(EARLY_KILL);
    }

    static boolean killsEarly(Path setting) {
        try {
            return !Files.readString(setting).strip().equals("0");
        } catch (IOException absent) {
            return false; // a kernel that does not look after broken memory
        }
    }
}

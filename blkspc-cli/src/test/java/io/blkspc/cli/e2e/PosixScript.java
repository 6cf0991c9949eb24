package io.blkspc.cli.e2e;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The checks of {@code posix-checks.py}, which makes the system calls that the JDK does not. */
final class PosixScript {

    private PosixScript() {}

    /** Runs them in an empty directory. */
    static Exec.Result run(Path directory, Path work) {
        try (InputStream script = PosixScript.class.getResourceAsStream("posix-checks.py")) {
            Path copy = Files.write(work.resolve("posix-checks.py"), script.readAllBytes());
            return Exec.run(Tools.path("python3"), copy.toString(), directory.toString());
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}

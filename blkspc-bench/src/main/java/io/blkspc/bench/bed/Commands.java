package io.blkspc.bench.bed;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Other programs: where they are, and running them to their end. */
public final class Commands {

    private static final long PATIENCE_SECONDS = 120;

    private Commands() {}

    /** Looks along PATH, and where only root's shell looks. */
    public static Optional<Path> find(String program) {
        String path = System.getenv().getOrDefault("PATH", "/usr/bin:/bin");
        return Stream.concat(Stream.of(path.split(File.pathSeparator, -1)), Stream.of("/usr/sbin", "/sbin"))
                .filter(directory -> !directory.isEmpty())
                .map(directory -> Path.of(directory, program))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** The first of the programs that is not here, in words. */
    public static Optional<String> missing(List<String> programs) {
        return programs.stream()
                .filter(program -> find(program).isEmpty())
                .map(program -> "no " + program)
                .findFirst();
    }

    /** Runs a program and returns what it printed; a failure carries that too. */
    public static String run(String... words) throws IOException {
        return run(List.of(words));
    }

    public static String run(List<String> words) throws IOException {
        Process process = new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("did not end: command=" + String.join(" ", words));
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted: command=" + words.getFirst(), e);
        }
        if (process.exitValue() != 0) {
            throw new IOException("failed: exit=" + process.exitValue() + ", command=" + String.join(" ", words)
                    + ", output=" + output.strip());
        }
        return output;
    }
}

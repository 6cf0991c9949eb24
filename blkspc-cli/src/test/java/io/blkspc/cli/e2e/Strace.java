package io.blkspc.cli.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * strace, which makes the n-th system call of each thread of the server fail, or kills the server there. The server writes
 * with {@code pwritev2}, forces with {@code fdatasync}, or ranges with {@code msync}, and reads with {@code preadv2}.
 */
final class Strace implements AutoCloseable {

    private final Process process;

    private Strace(Process process) {
        this.process = process;
    }

    /** Skips the test unless strace may trace here. */
    static void require() {
        Tools.require("strace");
        int exit =
                Exec.run(Tools.path("strace"), "-f", "-e", "trace=none", "true").exit();
        org.junit.jupiter.api.Assumptions.assumeTrue(exit == 0, "skipped: missing part ptrace (strace cannot trace)");
    }

    /**
     * The words before a command that is to run under it.
     *
     * @param injection as strace wants it, for example {@code pwritev2:signal=KILL:when=3}
     * @param only files to whose calls it is limited; all when empty
     */
    static List<String> words(String injection, Path... only) {
        List<String> words = new ArrayList<>(List.of(Tools.path("strace"), "-f", "-qqq", "-o", "/dev/null"));
        words.addAll(List.of("-e", "trace=" + injection.substring(0, injection.indexOf(':'))));
        words.addAll(List.of("-e", "inject=" + injection));
        for (Path file : only) {
            words.addAll(List.of("-P", file.toString()));
        }
        return words;
    }

    /** Traces a running process; on return every thread of it is traced. */
    static Strace attach(long pid, String injection, Path... only) {
        List<String> words = words(injection, only);
        words.addAll(List.of("-p", Long.toString(pid)));
        try {
            Strace strace = new Strace(new ProcessBuilder(words)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start());
            Await.until("strace to attach", Duration.ofSeconds(20), () -> isTraced(pid) || !strace.process.isAlive());
            return strace;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static boolean isTraced(long pid) {
        try (Stream<Path> tasks = Files.list(Path.of("/proc/" + pid + "/task"))) {
            return tasks.allMatch(task -> {
                try {
                    return Files.readString(task.resolve("status")).matches("(?s).*TracerPid:\\t[1-9].*");
                } catch (IOException ended) {
                    return true;
                }
            });
        } catch (IOException gone) {
            return true;
        }
    }

    /** Lets go of the server, which runs on if it still does. */
    @Override
    public void close() {
        process.destroy();
        if (!Await.within(Duration.ofSeconds(10), () -> !process.isAlive())) {
            process.destroyForcibly();
        }
    }
}

package io.blkspc.cli.e2e;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** nbdkit serving the files of one directory: a server of known behaviour, right or wrong as its filters make it. */
final class Nbdkit implements Endpoint {

    private final Path directory;
    private final List<String> filters;
    private Process process;

    Nbdkit(Path directory, String... filters) {
        this.directory = directory;
        this.filters = List.of(filters);
    }

    Nbdkit volume(String name, long sizeBytes) {
        try {
            Files.createDirectories(directory.resolve("files"));
            try (RandomAccessFile file =
                    new RandomAccessFile(directory.resolve("files/" + name).toFile(), "rw")) {
                file.setLength(sizeBytes);
            }
            return this;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** A second name for the same bytes: what a server must never do with two volumes. */
    Nbdkit alias(String name, String existing) {
        try {
            Files.createLink(directory.resolve("files/" + name), directory.resolve("files/" + existing));
            return this;
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    @Override
    public void start() {
        List<String> command = new ArrayList<>(List.of(Tools.path("nbdkit"), "-f", "-U", socket().toString()));
        command.add("-P");
        command.add(pidFile().toString());
        filters.stream().filter(word -> word.startsWith("--filter")).forEach(command::add);
        command.addAll(List.of("file", "dir=" + directory.resolve("files")));
        filters.stream().filter(word -> !word.startsWith("--filter")).forEach(command::add);
        try {
            Files.deleteIfExists(socket());
            Files.deleteIfExists(pidFile());
            ProcessBuilder builder = new ProcessBuilder(command);
            builder.environment().put("TMPDIR", directory.toString());
            process = builder.redirectErrorStream(true)
                    .redirectOutput(directory.resolve("nbdkit.log").toFile())
                    .start();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        Await.until("nbdkit to listen", Duration.ofSeconds(10), () -> Files.exists(pidFile()));
    }

    @Override
    public void killHard() {
        process.destroyForcibly();
        await();
    }

    private void await() {
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                throw new AssertionError("nbdkit does not die: pid=" + process.pid());
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new AssertionError(interrupted);
        }
    }

    @Override
    public Path socket() {
        return directory.resolve("nbd.sock");
    }

    private Path pidFile() {
        return directory.resolve("nbdkit.pid");
    }

    @Override
    public void close() {
        if (process != null) {
            killHard();
        }
    }
}

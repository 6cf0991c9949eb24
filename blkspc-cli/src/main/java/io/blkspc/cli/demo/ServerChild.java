package io.blkspc.cli.demo;

import io.blkspc.cli.control.ThisProgram;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** {@code blkspc serve} in a process of its own, started from the same jar, with the same flags, as this one. */
final class ServerChild implements AutoCloseable {

    private static final long EXIT_SECONDS = 40;

    private final Process process;
    private final String readyLine;

    private ServerChild(Process process, String readyLine) {
        this.process = process;
        this.readyLine = readyLine;
    }

    /** Starts it and waits for its ready line. Its standard error goes to {@code log}. */
    static ServerChild start(Path pool, Path log) throws IOException {
        List<String> command = new ArrayList<>(ThisProgram.words());
        command.addAll(List.of("serve", "--pool", pool.toString()));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        process.getOutputStream().close();
        BufferedReader reader =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String line = reader.readLine();
        if (line == null || !line.startsWith("ready ")) {
            process.destroyForcibly();
            throw new CommandFailure(ExitCode.FAILED, "the server did not start: " + lastLine(log));
        }
        return new ServerChild(process, line);
    }

    private static String lastLine(Path log) throws IOException {
        List<String> lines = Files.readAllLines(log);
        return lines.isEmpty() ? "it said nothing" : lines.getLast();
    }

    long pid() {
        return process.pid();
    }

    /** URI of the default export. */
    String uri() {
        return readyLine.substring("ready ".length());
    }

    /** SIGKILL: the process runs not one instruction more. Returns when it is gone. */
    void killHard() {
        process.destroyForcibly();
        awaitExit();
    }

    /** Waits for a server that was asked to stop; its exit code. */
    int awaitExit() {
        try {
            if (!process.waitFor(EXIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new CommandFailure(ExitCode.FAILED, "the server did not end: pid=" + process.pid());
            }
            return process.exitValue();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new CommandFailure(ExitCode.FAILED, "interrupted", interrupted);
        }
    }

    /** Leaves no process behind. */
    @Override
    public void close() {
        process.destroyForcibly();
    }
}

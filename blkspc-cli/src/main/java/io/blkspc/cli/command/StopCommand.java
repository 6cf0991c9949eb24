package io.blkspc.cli.command;

import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.pool.PoolDoor;
import io.blkspc.cli.pool.ServedLink;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Progress;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;

/** {@code stop}. */
@Command(
        name = "stop",
        description = "Stop the server of the pool: it finishes what it was asked, makes everything durable and ends. "
                + "Done at once when no server runs.")
final class StopCommand extends Task {

    private static final long EXIT_SECONDS = 40;
    private static final long POLL_MILLIS = 10;

    @Override
    public Integer call() throws Exception {
        try (Progress progress = progress("stop:")) {
            Optional<ServedLink> server = new PoolDoor(environment().access(), location(), progress::say).enterServer();
            if (server.isEmpty()) {
                show(Json.of("stopped", false, "pid", null), () -> "no server runs\n");
                return ExitCode.DONE;
            }
            try (ServedLink link = server.get()) {
                Map<String, Object> answer = link.stop();
                long pid = Json.asLong(answer.get("pid"));
                awaitExit(pid);
                if (!Boolean.TRUE.equals(answer.get("clean"))) {
                    throw new CommandFailure(
                            ExitCode.FAILED, "the server ended, but could not stop cleanly: pid=" + pid);
                }
                show(Json.of("stopped", true, "pid", pid), () -> "stopped\n");
            }
        }
        return ExitCode.DONE;
    }

    private static void awaitExit(long pid) throws InterruptedException {
        if (pid == ProcessHandle.current().pid()) {
            return;
        }
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(EXIT_SECONDS);
        while (isRunning(pid)) {
            if (System.nanoTime() - deadline > 0) {
                throw new CommandFailure(ExitCode.BUSY, "the server does not end: pid=" + pid);
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    /** A process that ended, and whose parent has not asked for its exit code yet, still has its pid. */
    private static boolean isRunning(long pid) {
        if (ProcessHandle.of(pid).isEmpty()) {
            return false;
        }
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"), StandardCharsets.ISO_8859_1);
            int state = stat.lastIndexOf(')') + 2; // the name before it may hold anything
            return state >= stat.length() || stat.charAt(state) != 'Z';
        } catch (IOException gone) {
            return ProcessHandle.of(pid).isPresent();
        }
    }
}

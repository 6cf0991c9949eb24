package io.blkspc.cli.command;

import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.pool.PoolDoor;
import io.blkspc.cli.pool.ServedLink;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Progress;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import picocli.CommandLine.Command;

/** {@code stop}. */
@Command(
        name = "stop",
        description = "Stop the server of the pool: it finishes what it was asked, makes everything durable and ends. "
                + "Done at once when no server runs.")
final class StopCommand extends Task {

    private static final long EXIT_SECONDS = 40;

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

    private static void awaitExit(long pid) throws Exception {
        Optional<ProcessHandle> process = ProcessHandle.of(pid);
        if (process.isEmpty() || pid == ProcessHandle.current().pid()) {
            return;
        }
        try {
            var _ = process.get().onExit().get(EXIT_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException | CompletionException failure) {
            throw new CommandFailure(ExitCode.BUSY, "the server does not end: pid=" + pid, failure);
        }
    }
}

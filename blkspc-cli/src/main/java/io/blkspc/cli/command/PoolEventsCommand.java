package io.blkspc.cli.command;

import io.blkspc.cli.action.Operation;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.pool.PoolDoor;
import io.blkspc.cli.pool.ServedLink;
import io.blkspc.cli.text.Json;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code pool events}. */
@Command(
        name = "events",
        description =
                "Tell what happened since the pool was opened: the last 1,024 events. With --json one array, with -f "
                        + "one object on each line.")
final class PoolEventsCommand extends Task {

    private static final long POLL_MILLIS = 250;

    @Option(
            names = {"-f", "--follow"},
            description = "go on with what happens next, until the server ends")
    private boolean follow;

    /** Number of the last event that was printed. */
    private long last;

    @Override
    public Integer call() throws Exception {
        if (follow) {
            return followServer();
        }
        List<Map<String, Object>> events = withPool(link -> Json.asObjects(link.run(Operation.EVENTS, Map.of())));
        show(events, () -> {
            StringBuilder text = new StringBuilder();
            events.forEach(event -> text.append(line(event)).append('\n'));
            return text.toString();
        });
        return ExitCode.DONE;
    }

    private int followServer() throws InterruptedException {
        ServedLink server = new PoolDoor(environment().access(), location(), any -> {})
                .enterServer()
                .orElseThrow(() -> new CommandFailure(
                        ExitCode.FAILED,
                        "nothing to follow, no server runs: pool=" + location().directory()));
        try (server) {
            while (!out().checkError() && printNew(server)) {
                Thread.sleep(POLL_MILLIS);
            }
        }
        return ExitCode.DONE;
    }

    /** {@code false} when the server has ended. */
    private boolean printNew(ServedLink server) {
        List<Map<String, Object>> events;
        try {
            events = Json.asObjects(server.run(Operation.EVENTS, Map.of("after", last)));
        } catch (CommandFailure failure) {
            if (failure.getCause() instanceof IOException || failure.exitCode() == ExitCode.BUSY) {
                return false;
            }
            throw failure;
        }
        for (Map<String, Object> event : events) {
            long number = Json.asLong(event.get("number"));
            if (last > 0 && number > last + 1) {
                environment().err().println("blkspc: events were missed: count=" + (number - last - 1));
            }
            last = number;
            out().println(root().json ? Json.line(event) : line(event));
        }
        return true;
    }

    private static String line(Map<String, Object> event) {
        String name = event.get("name") == null ? "" : " " + event.get("name");
        String facts = ((String) event.get("facts")).isEmpty() ? "" : ": " + event.get("facts");
        return event.get("time") + " " + event.get("kind") + name + facts;
    }
}

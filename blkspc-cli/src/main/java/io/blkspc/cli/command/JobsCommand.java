package io.blkspc.cli.command;

import io.blkspc.cli.action.Operation;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Table;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code jobs}. */
@Command(
        name = "jobs",
        description =
                "List what gives space back in the background: destroyed volumes and snapshots, ends of volumes that "
                        + "were made smaller. HOLDS is the most that can come back. Without a server: what the next command that "
                        + "changes the pool goes on with.")
final class JobsCommand extends Task {

    @Parameters(index = "0", arity = "0..1", paramLabel = "wait", description = "first wait until all is done")
    private String word;

    @Parameters(index = "1", arity = "0..1", paramLabel = "ID", description = "or this job")
    private Long id;

    @Override
    boolean changes() {
        return word != null;
    }

    @Override
    public Integer call() throws Exception {
        if (word != null && !word.equals("wait")) {
            throw CommandFailure.usage("jobs knows one word, wait: word=" + word);
        }
        if (id != null && id <= 0) {
            throw CommandFailure.usage("a job has a number from 1: id=" + id);
        }
        Operation operation = word == null ? Operation.JOBS : Operation.WAIT;
        Map<String, Object> arguments = id == null ? Map.of() : Map.of("id", id);
        List<Map<String, Object>> jobs = withPool(link -> Json.asObjects(link.run(operation, arguments)));
        show(jobs, () -> table(jobs));
        return 0;
    }

    private String table(List<Map<String, Object>> jobs) {
        if (jobs.isEmpty()) {
            return "";
        }
        Table table = Table.of(">ID", "KIND", "NAME", "STATE", ">DONE", ">HOLDS");
        for (Map<String, Object> job : jobs) {
            table.row(
                    Objects.toString(job.get("id")),
                    (String) job.get("kind"),
                    (String) job.get("name"),
                    (String) job.get("state"),
                    job.get("percent") + "%",
                    size(job.get("bytes")));
        }
        return table.toString();
    }
}

package io.blkspc.cli.command;

import io.blkspc.cli.action.Operation;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Names;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code destroy}. */
@Command(
        name = "destroy",
        aliases = "rm",
        description = "Remove volumes and snapshots, in any order and whatever was cloned from them; the snapshots "
                + "of a volume stay unless they are named too. The names are gone at once, the space comes back in the "
                + "background.")
final class DestroyCommand extends Task {

    @Parameters(paramLabel = "NAME[@SNAP]", arity = "1..*", description = "volumes and snapshots")
    private List<String> names;

    @Option(names = "--wait", description = "until the space is back")
    private boolean wait;

    @Option(names = "--force", description = "also volumes that are attached: their users get errors")
    private boolean force;

    @Option(
            names = {"-n", "--dry-run"},
            description = "only tell how many bytes it would free; refused where the command would be")
    private boolean dryRun;

    @Override
    boolean changes() {
        return !dryRun;
    }

    @Override
    public Integer call() throws Exception {
        names.forEach(Names::version);
        if (dryRun) {
            Map<String, Object> freed = withPool(link -> {
                for (String name : names) {
                    requireDestroyable(Json.asObject(link.run(Operation.INFO, Map.of("name", name))));
                }
                return Json.asObject(link.run(Operation.FREED, Map.of("names", names)));
            });
            show(freed, () -> "would free " + size(freed.get("frees")) + "\n");
            return 0;
        }
        Map<String, Object> gone = withPool(link ->
                Json.asObject(link.run(Operation.DESTROY, Map.of("names", names, "force", force, "wait", wait))));
        show(gone, () -> "destroyed " + String.join(", ", names) + "\n");
        return 0;
    }

    /** Refuses, in the pool's words, what the pool would refuse to destroy. */
    private void requireDestroyable(Map<String, Object> facts) {
        long handles = Json.asLong(facts.get("connections"));
        if (handles > 0 && !force && "volume".equals(facts.get("type"))) {
            throw new CommandFailure(
                    ExitCode.BUSY, "volume is attached: name=" + facts.get("name") + ", handles=" + handles);
        }
        if (facts.get("holds") instanceof List<?> tags && !tags.isEmpty()) {
            throw new CommandFailure(ExitCode.BUSY, "snapshot is held: name=" + facts.get("name") + ", tags=" + tags);
        }
    }
}

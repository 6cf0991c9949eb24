package io.blkspc.cli.command;

import io.blkspc.cli.action.Operation;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Names;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code clone}. */
@Command(
        name = "clone",
        description = "Make writable clones of a volume, as it is now and while it is used, or of a snapshot. Takes no "
                + "space and no time that depends on its size. Several are made together: all or none.")
final class CloneCommand extends Task {

    @Parameters(index = "0", paramLabel = "SRC[@SNAP]", description = "volume or snapshot")
    private String source;

    @Parameters(index = "1..*", paramLabel = "NEW", arity = "1..*", description = "names of the clones")
    private List<String> targets;

    @Mixin
    private QuotaOptions quota;

    @Override
    boolean changes() {
        return true;
    }

    @Override
    public Integer call() throws Exception {
        Names.version(source);
        targets.forEach(Names::volume);
        List<Map<String, Object>> made = withPool(link -> Json.asObjects(link.run(
                Operation.CLONE,
                Map.of("source", source, "targets", targets, "guarantee", quota.guarantee(), "limit", quota.limit()))));
        show(made, () -> Made.text(made));
        return 0;
    }
}

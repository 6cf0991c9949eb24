package io.blkspc.cli.command;

import io.blkspc.cli.action.Operation;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Names;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code snapshot}. */
@Command(
        name = "snapshot",
        aliases = "snap",
        description = "Freeze volumes as read-only snapshots. Several are frozen at one moment: all or none.")
final class SnapshotCommand extends Task {

    @Parameters(paramLabel = "NAME@SNAP", arity = "1..*", description = "volume and name of its snapshot")
    private List<String> names;

    @Override
    boolean changes() {
        return true;
    }

    @Override
    public Integer call() throws Exception {
        names.forEach(Names::snapshot);
        List<Map<String, Object>> made =
                withPool(link -> Json.asObjects(link.run(Operation.SNAPSHOT, Map.of("names", names))));
        show(made, () -> Made.text(made));
        return 0;
    }
}

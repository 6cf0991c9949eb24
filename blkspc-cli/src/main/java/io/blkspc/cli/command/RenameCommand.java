package io.blkspc.cli.command;

import io.blkspc.cli.action.Operation;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Names;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code rename}. */
@Command(
        name = "rename",
        description = "Give a volume another name, also while it is used, or a snapshot another one in its volume. The "
                + "snapshots of a volume go with it.")
final class RenameCommand extends Task {

    @Parameters(index = "0", paramLabel = "OLD[@SNAP]", description = "volume or snapshot")
    private String from;

    @Parameters(index = "1", paramLabel = "NEW[@SNAP]", description = "its new name")
    private String to;

    @Override
    boolean changes() {
        return true;
    }

    @Override
    public Integer call() throws Exception {
        Names.version(from);
        Names.version(to);
        Map<String, Object> renamed =
                withPool(link -> Json.asObject(link.run(Operation.RENAME, Map.of("from", from, "to", to))));
        show(renamed, () -> "renamed " + from + " to " + to + "\n");
        return 0;
    }
}

package io.blkspc.cli.command;

import io.blkspc.cli.action.Operation;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Names;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code hold}. */
@Command(
        name = "hold",
        description = "Keep a snapshot from being destroyed, until the tag is released. It may have several tags.")
final class HoldCommand extends Task {

    @Parameters(index = "0", paramLabel = "TAG", description = "who needs it; by the rule of names")
    private String tag;

    @Parameters(index = "1", paramLabel = "NAME@SNAP", description = "snapshot")
    private String snapshot;

    @Override
    boolean changes() {
        return true;
    }

    @Override
    public Integer call() throws Exception {
        Names.volume(tag);
        Names.version(snapshot);
        Map<String, Object> facts =
                withPool(link -> Json.asObject(link.run(Operation.HOLD, Map.of("tag", tag, "snapshot", snapshot))));
        show(facts, () -> "held " + snapshot + ", tags: " + facts.get("holds") + "\n");
        return 0;
    }
}

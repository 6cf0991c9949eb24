package io.blkspc.cli.command;

import io.blkspc.cli.action.Operation;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Names;
import java.util.Map;
import picocli.CommandLine.Parameters;

/** What {@code hold} and {@code release} have in common. */
abstract class TagCommand extends Task {

    private final Operation operation;
    private final String done;

    @Parameters(index = "0", paramLabel = "TAG", description = "who needs it; by the rule of names")
    private String tag;

    @Parameters(index = "1", paramLabel = "NAME@SNAP", description = "snapshot")
    private String snapshot;

    TagCommand(Operation operation, String done) {
        this.operation = operation;
        this.done = done;
    }

    @Override
    boolean changes() {
        return true;
    }

    @Override
    public Integer call() throws Exception {
        Names.tag(tag);
        Names.version(snapshot);
        Map<String, Object> facts =
                withPool(link -> Json.asObject(link.run(operation, Map.of("tag", tag, "snapshot", snapshot))));
        show(facts, () -> done + " " + snapshot + ", tags: " + facts.get("holds") + "\n");
        return 0;
    }
}

package io.blkspc.cli.command;

import io.blkspc.cli.action.Operation;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Names;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code release}. */
@Command(name = "release", description = "Take a tag of hold away. A snapshot without one can be destroyed again.")
final class ReleaseCommand extends Task {

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
                withPool(link -> Json.asObject(link.run(Operation.RELEASE, Map.of("tag", tag, "snapshot", snapshot))));
        show(facts, () -> "released " + snapshot + ", tags: " + facts.get("holds") + "\n");
        return 0;
    }
}

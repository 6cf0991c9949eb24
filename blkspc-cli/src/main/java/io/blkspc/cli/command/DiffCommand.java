package io.blkspc.cli.command;

import io.blkspc.cli.action.Operation;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.pool.PoolLink;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Names;
import io.blkspc.cli.text.Table;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code diff}. */
@Command(
        name = "diff",
        description = "Show where a volume or snapshot reads differently than an older snapshot of the volume: offset, "
                + "length, and what is there now (data, zero, hole). Takes time by what changed, not by the size.")
final class DiffCommand extends Task {

    @Parameters(paramLabel = "NAME[@SNAP]", description = "volume or snapshot")
    private String name;

    @Option(
            names = "--from",
            paramLabel = "SNAP",
            description = "snapshot of the same volume to compare with; default: zeros")
    private String from;

    @Override
    public Integer call() throws Exception {
        Names.version(name);
        String since = "";
        if (from != null) {
            int at = name.indexOf('@');
            String volume = at < 0 ? name : name.substring(0, at);
            since = Names.snapshot(from.indexOf('@') < 0 ? volume + "@" + from : from);
            if (!since.startsWith(volume + "@")) {
                throw CommandFailure.usage("not a snapshot of the volume: value=" + from + ", volume=" + volume);
            }
        }
        String snapshot = since;
        List<Map<String, Object>> ranges = withPool(link -> collect(link, snapshot));
        show(ranges, () -> text(ranges));
        return 0;
    }

    private List<Map<String, Object>> collect(PoolLink link, String since) {
        List<Map<String, Object>> ranges = new ArrayList<>();
        Object next = 0L;
        while (next != null) {
            Map<String, Object> arguments = new HashMap<>(Map.of("name", name, "since", since, "start", next));
            Map<String, Object> part = Json.asObject(link.run(Operation.CHANGES, arguments));
            ranges.addAll(Json.asObjects(part.get("ranges")));
            next = part.get("next");
        }
        return ranges;
    }

    private static String text(List<Map<String, Object>> ranges) {
        Table table = Table.of(">OFFSET", ">LENGTH", "KIND");
        for (Map<String, Object> range : ranges) {
            table.row(String.valueOf(range.get("offset")), String.valueOf(range.get("length")), (String)
                    range.get("kind"));
        }
        return table.toString();
    }
}

package io.blkspc.cli.command;

import io.blkspc.cli.action.Operation;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.pool.PoolLink;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Names;
import io.blkspc.cli.text.Sizes;
import io.blkspc.cli.text.Table;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code map}. */
@Command(
        name = "map",
        description = "Show the extents of a volume or snapshot: offset, length, state (hole, unwritten, written), "
                + "whether another version shares it, and its place in the pool's data.")
final class MapCommand extends Task {

    @Parameters(paramLabel = "NAME[@SNAP]", description = "volume or snapshot")
    private String name;

    @Option(names = "--start", paramLabel = "OFFSET", defaultValue = "0", description = "first byte; default: 0")
    private String start;

    @Option(names = "--length", paramLabel = "LENGTH", description = "bytes; default: to the end")
    private String length;

    @Override
    public Integer call() throws Exception {
        Names.version(name);
        long startBytes = Sizes.parse(start);
        long lengthBytes = length == null ? 0 : Sizes.parseWhole(length, 1);
        long end = lengthBytes == 0 ? 0 : startBytes + lengthBytes;
        if (end < 0) {
            throw CommandFailure.usage("range is too large: start=" + start + ", length=" + length);
        }
        List<Map<String, Object>> extents = withPool(link -> collect(link, startBytes, end));
        show(extents, () -> text(extents));
        return 0;
    }

    private List<Map<String, Object>> collect(PoolLink link, long startBytes, long end) {
        List<Map<String, Object>> extents = new ArrayList<>();
        Object next = startBytes;
        while (next != null) {
            Map<String, Object> arguments = new HashMap<>(Map.of("name", name, "start", next));
            if (end > 0) {
                arguments.put("end", end);
            }
            Map<String, Object> page = Json.asObject(link.run(Operation.MAP, arguments));
            extents.addAll(Json.asObjects(page.get("extents")));
            next = page.get("next");
        }
        return extents;
    }

    private static String text(List<Map<String, Object>> extents) {
        Table table = Table.of(">OFFSET", ">LENGTH", "STATE", "SHARED", ">PHYSICAL");
        for (Map<String, Object> extent : extents) {
            table.row(
                    String.valueOf(extent.get("offset")), // rounded offsets would be of no use
                    String.valueOf(extent.get("length")),
                    (String) extent.get("state"),
                    Boolean.TRUE.equals(extent.get("shared")) ? "shared" : "-",
                    extent.get("physical") == null ? null : String.valueOf(extent.get("physical")));
        }
        return table.toString();
    }
}

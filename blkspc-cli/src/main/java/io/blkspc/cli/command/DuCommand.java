package io.blkspc.cli.command;

import io.blkspc.cli.action.Operation;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code du}. */
@Command(
        name = "du",
        description =
                "Show the space of volumes and snapshots: referenced is what one can read, exclusive what comes back "
                        + "when it alone is destroyed, shared the rest of what it references, reserved what is promised to it. "
                        + "Of a snapshot the exclusive part is not known without a walk: 'destroy -n' tells it.")
final class DuCommand extends Task {

    private static final List<String> COLUMNS = List.of("referenced", "exclusive", "shared", "reserved");

    @Parameters(
            paramLabel = "NAME",
            arity = "0..1",
            description = "a volume with its snapshots, or a snapshot; default: all")
    private String name;

    @Override
    public Integer call() throws Exception {
        List<Map<String, Object>> versions = withPool(link -> {
            if (name != null) {
                link.run(Operation.INFO, Map.of("name", name)); // tells when there is none
            }
            return Json.asObjects(link.run(Operation.LIST, Map.of()));
        });
        List<Map<String, Object>> shown = new ArrayList<>();
        for (Map<String, Object> version : versions) {
            String its = (String) version.get("name");
            if (name == null || its.equals(name) || its.startsWith(name + "@")) {
                shown.add(facts(version));
            }
        }
        show(shown, () -> table(shown));
        return 0;
    }

    private static Map<String, Object> facts(Map<String, Object> version) {
        long referenced = Json.asLong(version.get("referenced"));
        Object exclusive = version.get("exclusive"); // null: not known
        return Json.of(
                "name",
                version.get("name"),
                "referenced",
                referenced,
                "exclusive",
                exclusive,
                "shared",
                exclusive == null ? null : Math.max(0, referenced - Json.asLong(exclusive)),
                "reserved",
                version.get("reserved"));
    }

    private String table(List<Map<String, Object>> shown) {
        if (shown.isEmpty()) {
            return "";
        }
        Table table = Table.of("NAME", ">REFERENCED", ">EXCLUSIVE", ">SHARED", ">RESERVED");
        for (Map<String, Object> each : shown) {
            List<String> cells = new ArrayList<>();
            cells.add((String) each.get("name"));
            COLUMNS.forEach(column -> cells.add(size(each.get(column))));
            table.row(cells.toArray(String[]::new));
        }
        return table.toString();
    }
}

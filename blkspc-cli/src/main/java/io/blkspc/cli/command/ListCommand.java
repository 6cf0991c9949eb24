package io.blkspc.cli.command;

import io.blkspc.cli.action.Operation;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Table;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code list}. */
@Command(name = "list", aliases = "ls", description = "List volumes and snapshots.")
final class ListCommand extends Task {

    private static final Set<String> COLUMNS = Set.of(
            "name", "type", "size", "used", "exclusive", "referenced", "reserved", "origin", "created", "readonly");
    private static final Set<String> SIZE_COLUMNS = Set.of("size", "used", "exclusive", "referenced", "reserved");

    @Option(names = "--tree", description = "show clones and snapshots under what they come from")
    private boolean tree;

    @Option(
            names = {"-t", "--type"},
            paramLabel = "TYPE",
            split = ",",
            description = "only these: volume, snapshot")
    private List<String> types = List.of("volume", "snapshot");

    @Option(
            names = {"-o", "--output"},
            paramLabel = "COLUMN",
            split = ",",
            description = "columns: name, type, size, used, exclusive, referenced, reserved, origin, created, readonly")
    private List<String> columns = List.of("name", "size", "used", "referenced", "origin", "created");

    @Option(
            names = {"-s", "--sort"},
            paramLabel = "COLUMN",
            description = "sort by this column; default: name")
    private String sort = "name";

    @Override
    public Integer call() throws Exception {
        checkWords();
        List<Map<String, Object>> all = withPool(link -> Json.asObjects(link.run(Operation.LIST, Map.of())));
        List<Map<String, Object>> versions = all.stream()
                .filter(version -> types.contains((String) version.get("type")))
                .sorted(order())
                .toList();
        show(versions, () -> tree ? Tree.of(versions) : table(versions));
        return 0;
    }

    private void checkWords() {
        for (String type : types) {
            if (!type.equals("volume") && !type.equals("snapshot")) {
                throw CommandFailure.usage("no such type: value=" + type + " (volume, snapshot)");
            }
        }
        List<String> named = new ArrayList<>(columns);
        named.add(sort);
        for (String column : named) {
            if (!COLUMNS.contains(column)) {
                throw CommandFailure.usage("no such column: value=" + column);
            }
        }
    }

    private Comparator<Map<String, Object>> order() {
        Comparator<Map<String, Object>> bySort = SIZE_COLUMNS.contains(sort)
                ? Comparator.comparingLong(version -> version.get(sort) == null ? -1 : Json.asLong(version.get(sort)))
                : Comparator.comparing(version -> Objects.toString(version.get(sort), ""));
        return bySort.thenComparing(version -> (String) version.get("name"));
    }

    private String table(List<Map<String, Object>> versions) {
        if (versions.isEmpty()) {
            return "";
        }
        Table table = Table.of(columns.stream()
                .map(column -> (SIZE_COLUMNS.contains(column) ? ">" : "") + column.toUpperCase(Locale.ROOT))
                .toArray(String[]::new));
        for (Map<String, Object> version : versions) {
            table.row(columns.stream().map(column -> cell(version, column)).toArray(String[]::new));
        }
        return table.toString();
    }

    private String cell(Map<String, Object> version, String column) {
        Object value = version.get(column);
        return SIZE_COLUMNS.contains(column) ? size(value) : Objects.toString(value, null);
    }
}

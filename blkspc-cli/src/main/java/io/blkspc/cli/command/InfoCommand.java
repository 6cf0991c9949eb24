package io.blkspc.cli.command;

import io.blkspc.cli.action.Operation;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Names;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code info}. */
@Command(name = "info", description = "Show one volume or snapshot.")
final class InfoCommand extends Task {

    @Parameters(paramLabel = "NAME[@SNAP]", description = "volume or snapshot")
    private String name;

    @Override
    public Integer call() throws Exception {
        Names.version(name);
        Map<String, Object> facts = withPool(link -> Json.asObject(link.run(Operation.INFO, Map.of("name", name))));
        show(facts, () -> text(facts));
        return 0;
    }

    private String text(Map<String, Object> facts) {
        StringBuilder text = new StringBuilder();
        line(text, "name", facts.get("name"));
        line(text, "type", facts.get("type") + (Boolean.TRUE.equals(facts.get("readonly")) ? ", read-only" : ""));
        line(text, "size", size(facts.get("size")));
        line(text, "referenced", size(facts.get("referenced")));
        line(text, "exclusive", facts.get("exclusive") == null ? "-" : size(facts.get("exclusive")));
        line(text, "guarantee", size(facts.get("guarantee")));
        line(text, "reserved", size(facts.get("reserved")));
        line(text, "limit", facts.get("limit") == null ? "-" : size(facts.get("limit")));
        line(text, "origin", facts.get("origin") == null ? "-" : facts.get("origin"));
        line(text, "clones", facts.get("clones"));
        line(text, "connections", facts.get("connections"));
        line(text, "created", facts.get("created"));
        line(text, "uuid", facts.get("uuid"));
        return text.toString();
    }

    static void line(StringBuilder text, String name, Object value) {
        text.append(String.format("%-14s%s%n", name, value));
    }
}

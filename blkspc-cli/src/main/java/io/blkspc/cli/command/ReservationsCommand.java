package io.blkspc.cli.command;

import io.blkspc.cli.action.Operation;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Table;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import picocli.CommandLine.Command;

/** {@code reservations}. */
@Command(
        name = "reservations",
        description =
                "List what is promised: the standing guarantees of volumes, and the cookies of clients at work. HELD "
                        + "is still promised, STAGED was handed out and is not published. Where all of a volume is "
                        + "guaranteed, its guarantee holds what its cookies need.")
final class ReservationsCommand extends Task {

    @Override
    public Integer call() throws Exception {
        List<Map<String, Object>> all = withPool(link -> Json.asObjects(link.run(Operation.RESERVATIONS, Map.of())));
        show(all, () -> table(all));
        return 0;
    }

    private String table(List<Map<String, Object>> all) {
        if (all.isEmpty()) {
            return "";
        }
        Table table = Table.of("VOLUME", "KIND", ">RESERVED", ">HELD", ">STAGED", ">ID", ">REFS", ">AGE", "STATE");
        for (Map<String, Object> one : all) {
            boolean isCookie = "cookie".equals(one.get("kind"));
            table.row(
                    (String) one.get("volume"),
                    (String) one.get("kind"),
                    size(one.get("reserved")),
                    size(one.get("held")),
                    isCookie ? size(one.get("staged")) : null,
                    isCookie ? Objects.toString(one.get("id")) : null,
                    isCookie ? Objects.toString(one.get("references")) : null,
                    isCookie ? Json.asLong(one.get("age_ms")) / 1000 + "s" : null,
                    Boolean.TRUE.equals(one.get("cancelled")) ? "cancelled" : null);
        }
        return table.toString();
    }
}

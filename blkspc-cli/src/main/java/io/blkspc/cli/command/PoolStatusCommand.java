package io.blkspc.cli.command;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.cli.action.Facts;
import io.blkspc.cli.action.Operation;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.text.Json;
import java.util.Map;
import picocli.CommandLine.Command;

/** {@code pool status}. */
@Command(name = "status", description = "Show how full and how healthy the pool is.")
final class PoolStatusCommand extends Task {

    @Override
    public Integer call() throws Exception {
        try {
            Map<String, Object> status = withPool(link -> {
                Map<String, Object> facts = Json.asObject(link.run(Operation.STATUS, Map.of()));
                if (!link.isServed() && "serving".equals(facts.get("state"))) {
                    facts.put("state", "clean"); // nobody serves it, and this command closes it cleanly
                }
                return facts;
            });
            show(status, () -> text(status));
            return Boolean.TRUE.equals(status.get("needs_check")) ? ExitCode.NEEDS_CHECK : ExitCode.DONE;
        } catch (BlockSpaceException failure) {
            if (ExitCode.of(failure.code(), false) == ExitCode.NEEDS_CHECK && root().json) {
                out().println(Json.pretty(Facts.ofDamagedPool()));
            }
            throw failure;
        }
    }

    private String text(Map<String, Object> status) {
        StringBuilder text = new StringBuilder();
        InfoCommand.line(text, "pool", location().directory());
        InfoCommand.line(text, "state", status.get("state"));
        InfoCommand.line(text, "size", size(status.get("size")));
        InfoCommand.line(text, "allocated", ofTotal(status.get("allocated"), status.get("size")));
        InfoCommand.line(text, "free", size(status.get("free")));
        InfoCommand.line(text, "promised", size(status.get("promised")));
        InfoCommand.line(text, "metadata", ofTotal(status.get("metadata_used"), status.get("metadata_total")));
        InfoCommand.line(text, "journal", ofTotal(status.get("journal_used"), status.get("journal_total")));
        InfoCommand.line(text, "volumes", status.get("volumes"));
        InfoCommand.line(text, "snapshots", status.get("snapshots"));
        InfoCommand.line(
                text,
                "last stop",
                Boolean.TRUE.equals(status.get("clean"))
                        ? "clean"
                        : "not clean, journal read in " + status.get("recovery_ms") + " ms");
        if (Json.asLong(status.get("read_errors")) > 0) {
            InfoCommand.line(text, "read errors", status.get("read_errors"));
        }
        return text.toString();
    }

    private String ofTotal(Object part, Object total) {
        long whole = Json.asLong(total);
        return size(part) + (whole == 0 ? "" : " of " + size(total) + ", " + 100 * Json.asLong(part) / whole + "%");
    }
}

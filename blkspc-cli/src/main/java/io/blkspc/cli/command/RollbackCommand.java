package io.blkspc.cli.command;

import io.blkspc.cli.action.Operation;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Names;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rollback}. */
@Command(
        name = "rollback",
        description =
                "Bring a volume back to one of its snapshots. What it holds now is given up, unless it is kept as "
                        + "another volume. Other snapshots stay, newer ones too. A volume that is used is refused; one "
                        + "that was destroyed comes back with 'clone NAME@SNAP NAME'.")
final class RollbackCommand extends Task {

    @Parameters(paramLabel = "NAME@SNAP", description = "snapshot of the volume")
    private String snapshot;

    @Option(names = "--keep-as", paramLabel = "NEW", description = "keep what it holds now as this volume")
    private String keepAs;

    @Override
    boolean changes() {
        return true;
    }

    @Override
    public Integer call() throws Exception {
        Names.snapshot(snapshot);
        if (keepAs != null) {
            Names.volume(keepAs);
        }
        Map<String, Object> volume = withPool(link -> Json.asObject(
                link.run(Operation.ROLLBACK, Map.of("snapshot", snapshot, "keepAs", keepAs == null ? "" : keepAs))));
        show(volume, () -> volume.get("name") + " is " + snapshot + " again\n");
        return 0;
    }
}

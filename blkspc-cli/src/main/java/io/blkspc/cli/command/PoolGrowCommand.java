package io.blkspc.cli.command;

import io.blkspc.api.Geometry;
import io.blkspc.cli.action.Operation;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Sizes;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code pool grow}. */
@Command(
        name = "grow",
        description =
                "Make the pool larger, also while it is served and used. All space it gains is taken from the file "
                        + "system first; refused (exit 28), with the pool as it was, when that has no room. Its metadata grows with "
                        + "it. A device must have the size already.")
final class PoolGrowCommand extends Task {

    @Option(
            names = {"-s", "--size"},
            paramLabel = "SIZE",
            required = true,
            description = "new capacity for data; it cannot become smaller")
    private String size;

    @Override
    boolean changes() {
        return true;
    }

    @Override
    public Integer call() throws Exception {
        long bytes = Sizes.parseWhole(size, Geometry.BLOCK_BYTES);
        Map<String, Object> grown = withPool(link -> Json.asObject(link.run(Operation.GROW, Map.of("size", bytes))));
        show(grown, () -> "the pool has " + size(grown.get("size")) + " now, " + size(grown.get("free")) + " free\n");
        return 0;
    }
}

package io.blkspc.cli.command;

import io.blkspc.api.Geometry;
import io.blkspc.cli.action.Operation;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Names;
import io.blkspc.cli.text.Sizes;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code resize}. */
@Command(
        name = "resize",
        description =
                "Give a volume another size. It grows also while it is used: an NBD client sees the new size when it "
                        + "connects again. Its snapshots keep theirs. A guarantee of all of it (--reserve full) stays one of all "
                        + "of it, or the command is refused (exit 28). After exit 6 'info' tells whether +SIZE or -SIZE "
                        + "was done.")
final class ResizeCommand extends Task {

    @Parameters(paramLabel = "NAME", description = "volume")
    private String name;

    @Option(
            names = {"-s", "--size"},
            paramLabel = "[+|-]SIZE",
            required = true,
            description = "new size, or how much more or less")
    private String size;

    @Option(
            names = "--shrink",
            description = "may become smaller: what lies beyond the new end is lost. A volume that is used is refused")
    private boolean shrink;

    @Override
    boolean changes() {
        return true;
    }

    @Override
    public Integer call() throws Exception {
        Names.volume(name);
        String by = size.startsWith("+") || size.startsWith("-") ? size.substring(0, 1) : "";
        long bytes = Sizes.parseWhole(size.substring(by.length()), Geometry.BLOCK_BYTES);
        Map<String, Object> resized = withPool(link -> Json.asObject(
                link.run(Operation.RESIZE, Map.of("name", name, "size", bytes, "by", by, "shrink", shrink))));
        show(resized, () -> name + " has " + size(resized.get("size")) + " now\n");
        return 0;
    }
}

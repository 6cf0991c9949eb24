package io.blkspc.cli.command;

import io.blkspc.api.Geometry;
import io.blkspc.cli.action.Operation;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Names;
import io.blkspc.cli.text.Sizes;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code create}. */
@Command(name = "create", description = "Make an empty volume. It takes space when it is written, not now.")
final class CreateCommand extends Task {

    @Parameters(paramLabel = "NAME", description = "name of the new volume")
    private String name;

    @Option(
            names = {"-s", "--size"},
            paramLabel = "SIZE",
            required = true,
            description = "size of its address space, at most 16T")
    private String size;

    @Mixin
    private QuotaOptions quota;

    @Override
    boolean changes() {
        return true;
    }

    @Override
    public Integer call() throws Exception {
        Names.volume(name);
        long sizeBytes = volumeSize(size);
        Map<String, Object> made = withPool(link -> Json.asObject(link.run(
                Operation.CREATE,
                Map.of("name", name, "size", sizeBytes, "guarantee", quota.guarantee(), "limit", quota.limit()))));
        show(made, () -> "created " + name + ", size " + size(made.get("size")) + guaranteed(made) + "\n");
        return 0;
    }

    private String guaranteed(Map<String, Object> made) {
        return Json.asLong(made.get("guarantee")) == 0 ? "" : ", guaranteed " + size(made.get("guarantee"));
    }

    static long volumeSize(String text) {
        long bytes = Sizes.parseWhole(text, Geometry.BLOCK_BYTES);
        if (bytes > Geometry.MAX_VOLUME_BYTES) {
            throw CommandFailure.usage(
                    "volume is too large: value=" + text + ", largest=" + Sizes.human(Geometry.MAX_VOLUME_BYTES));
        }
        return bytes;
    }
}

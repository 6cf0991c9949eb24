package io.blkspc.cli.command;

import io.blkspc.api.Geometry;
import io.blkspc.cli.action.Operation;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.pool.PoolAccess.Holder;
import io.blkspc.cli.pool.PoolAccess.NewPool;
import io.blkspc.cli.text.Json;
import io.blkspc.cli.text.Sizes;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code pool create}. */
@Command(
        name = "create",
        description = "Make a pool. All space it promises is taken from the file system now, so that it cannot run out "
                + "later.")
/* What fails is removed again, so no outcome is unknown: it does not count as a change of a pool. */
final class PoolCreateCommand extends Task {

    @Option(
            names = {"-s", "--size"},
            paramLabel = "SIZE",
            required = true,
            description = "capacity for data")
    private String size;

    @Option(names = "--data", paramLabel = "FILE|DEVICE", description = "where the data lies; default: in the pool")
    private Path data;

    @Option(
            names = "--metadata-size",
            paramLabel = "SIZE",
            description = "capacity for metadata; default: what the size needs")
    private String metadataSize;

    @Option(names = "--force", description = "take the place of what is there already")
    private boolean force;

    @Option(
            names = "--allow-unreserved",
            description = "take a file system that cannot promise its space, such as a compressing one")
    private boolean allowUnreserved;

    @Override
    public Integer call() throws Exception {
        long sizeBytes = Sizes.parseWhole(size, Geometry.BLOCK_BYTES);
        long metadataBytes = metadataSize == null ? 0 : Sizes.parseWhole(metadataSize, Geometry.BLOCK_BYTES);
        Path directory = location().directory();
        Optional<Holder> holder = environment().access().holder(directory);
        if (holder.isPresent()) {
            throw new CommandFailure(
                    ExitCode.BUSY,
                    "the pool exists and is in use: pool=" + directory + ", pid="
                            + holder.get().pid());
        }
        Path dataPath = data == null ? null : data.toAbsolutePath().normalize();
        environment()
                .access()
                .create(directory, new NewPool(sizeBytes, dataPath, metadataBytes, force, allowUnreserved));
        Map<String, Object> status = withPool(link -> Json.asObject(link.run(Operation.STATUS, Map.of())));
        status.put("state", "clean");
        status.put("pool", directory.toString());
        show(status, () -> "created pool " + directory + ", size " + size(status.get("size")) + "\n");
        return 0;
    }
}

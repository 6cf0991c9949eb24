package io.blkspc.cli.command;

import io.blkspc.bench.bed.Volumes;
import io.blkspc.cli.action.Operation;
import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.pool.PoolAccess;
import io.blkspc.cli.pool.PoolDoor;
import io.blkspc.cli.pool.PoolLink;
import io.blkspc.cli.pool.PoolLocation;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A served pool as the bench asks for it.
 *
 * @param link the way to its server
 */
record ServedVolumes(PoolLink link) implements Volumes {

    static ServedVolumes enter(PoolAccess access, Map<String, String> variables, Path pool) {
        PoolLocation location = PoolLocation.of(pool.toString(), variables);
        return new ServedVolumes(new PoolDoor(access, location, words -> {})
                .enterServer()
                .orElseThrow(() -> new CommandFailure(ExitCode.FAILED, "nobody serves the pool: path=" + pool)));
    }

    @Override
    public void create(String name, long bytes) {
        link.run(Operation.CREATE, Map.of("name", name, "size", bytes, "guarantee", 0L, "limit", 0L));
    }

    @Override
    public void clone(String source, List<String> names) {
        link.run(Operation.CLONE, Map.of("source", source, "targets", names, "guarantee", 0L, "limit", 0L));
    }

    @Override
    public void destroy(List<String> names) {
        link.run(Operation.DESTROY, Map.of("names", names, "force", false, "wait", true));
    }

    @Override
    public void close() {
        link.close();
    }
}

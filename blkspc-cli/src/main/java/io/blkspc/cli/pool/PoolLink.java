package io.blkspc.cli.pool;

import io.blkspc.api.BlockSpace;
import io.blkspc.cli.action.Operation;
import io.blkspc.cli.image.VolumeBytes;
import java.util.Map;

/** A way to run operations on a pool, wherever it is open. Owned by one thread. */
public interface PoolLink extends AutoCloseable {

    /**
     * Runs an operation.
     *
     * @return its answer, plain JSON, the same whoever runs it
     */
    Object run(Operation operation, Map<String, Object> arguments);

    /** Opens a volume or snapshot for copying. */
    VolumeBytes openBytes(String name);

    /**
     * Opens a volume, or read-only a snapshot, for a file system in this process, which has it for itself.
     *
     * @throws io.blkspc.cli.outcome.CommandFailure with exit code 5 when a server holds the pool, and the volume is mounted or
     *     somebody has it open
     */
    BlockSpace openSpace(String name);

    /** {@code true} when a server holds the pool. */
    boolean isServed();

    /** Lets the pool go. */
    @Override
    void close();
}

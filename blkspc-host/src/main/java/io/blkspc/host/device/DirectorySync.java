package io.blkspc.host.device;

import io.blkspc.api.BlockSpaceException;
import java.nio.file.Path;

/** Makes the names in a directory durable: a file that was forced may still lose its name. */
public final class DirectorySync {

    private DirectorySync() {}

    /**
     * Forces a directory after files were made, renamed or removed in it.
     *
     * @throws BlockSpaceException {@code NOT_FOUND}; {@code IO}
     */
    public static void force(Path directory) {
        FileForce.fsync(directory, "directory");
    }
}

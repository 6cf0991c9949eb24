package io.blkspc.host.device;

import io.blkspc.api.BlockSpaceException;
import java.nio.file.Path;

/** Forces a file by its name, for files that somebody else writes through a handle of their own. */
public final class FileForce {

    private FileForce() {}

    /**
     * Makes content and size of a file durable, also what was stored through a memory mapping.
     *
     * @throws BlockSpaceException {@code NOT_FOUND}; {@code IO}, after which nothing is known of the file and a second
     *     force proves nothing
     */
    public static void force(Path file) {
        fsync(file, "file");
    }

    static void fsync(Path path, String kind) {
        PosixFile file = PosixFile.open(path, Posix.O_RDONLY, 0);
        try {
            int result = Posix.fsync(file.fd());
            if (result < 0) {
                throw Errno.failure("force of " + kind + " failed", -result, kind + "=" + path);
            }
        } finally {
            file.close();
        }
    }
}

package io.blkspc.bench.peers;

import java.nio.file.Path;
import java.util.List;

/**
 * The way to the blkspc that is measured.
 *
 * @param command the words that start it, before {@code --pool}
 * @param door goes to the server of a pool
 */
public record Product(List<String> command, Door door) {

    /** Copies the words. */
    public Product {
        command = List.copyOf(command);
    }

    /** Goes to the server of a pool. */
    public interface Door {
        /** Connects to whoever serves the pool in {@code directory}. */
        Volumes enter(Path directory);
    }
}

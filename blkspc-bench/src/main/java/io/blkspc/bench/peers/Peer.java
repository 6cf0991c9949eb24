package io.blkspc.bench.peers;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** A server to compare with, or blkspc itself. Owned by one thread. */
interface Peer extends AutoCloseable {

    /** Name in tables. */
    String name();

    /** Why it cannot take part on this machine. */
    Optional<String> missing();

    /** A command that tells its version in its first line; empty when there is none. */
    default List<String> versionCommand() {
        return List.of();
    }

    /** Makes what is to be served and serves it. */
    Target open(Kind kind) throws IOException;

    /** Ends what is left. */
    @Override
    default void close() throws IOException {
        // most have nothing beside their targets
    }
}

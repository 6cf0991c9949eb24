package io.blkspc.bench.peers;

import io.blkspc.bench.load.LoadSpec;
import java.io.IOException;

/** Something that a load can be run against. Owned by one thread. */
interface Target extends AutoCloseable {

    /** Runs the load once. */
    Sample run(LoadSpec spec) throws IOException;

    /** Runs the load once, by fio. */
    default Sample runByFio(LoadSpec spec) throws IOException {
        throw new IOException("fio does not drive this");
    }

    /** Ends what was started for this target only. */
    @Override
    void close() throws IOException;
}

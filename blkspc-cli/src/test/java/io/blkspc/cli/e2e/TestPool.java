package io.blkspc.cli.e2e;

import java.nio.file.Path;

/** A pool of one test: its directory, the command on it, and its server, which the test starts. */
final class TestPool implements AutoCloseable {

    private final Blkspc command;
    private final ServerProcess server;

    private TestPool(Path directory) {
        command = new Blkspc(directory);
        server = new ServerProcess(directory);
    }

    /** Creates the pool with the real command. */
    static TestPool create(Path directory, String size) {
        TestPool pool = new TestPool(directory);
        pool.command.ok("pool", "create", "--size", size);
        return pool;
    }

    Path directory() {
        return command.pool();
    }

    Blkspc command() {
        return command;
    }

    ServerProcess server() {
        return server;
    }

    /** Makes a volume and the oracle that judges it. */
    VolumeOracle volume(History history, String name, long sizeBytes) {
        command.ok("create", name, "-s", Long.toString(sizeBytes));
        return history.volume(name, sizeBytes);
    }

    /** Clones with the real command, live if the server runs, and gives the oracle of the clone. */
    VolumeOracle clone(History history, VolumeOracle origin, String name) {
        CloneWindow window = history.beginClone(origin, name);
        command.ok("clone", origin.name(), name);
        return window.end();
    }

    @Override
    public void close() {
        server.close();
    }
}

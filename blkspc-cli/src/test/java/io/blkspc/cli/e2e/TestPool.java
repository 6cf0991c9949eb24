package io.blkspc.cli.e2e;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

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

    /** As {@link #create}, with its server running. */
    static TestPool serving(Path directory, String size) {
        TestPool pool = create(directory, size);
        pool.server.start();
        return pool;
    }

    /** Makes a volume through the running server, and the oracle that judges it. */
    VolumeOracle volume(History history, String name, long sizeBytes) throws IOException {
        request("create", Map.of("name", name, "size", sizeBytes));
        return history.volume(name, sizeBytes);
    }

    /** Clones through the running server, and gives the oracle of the clone. */
    VolumeOracle clone(History history, VolumeOracle origin, String name) throws IOException {
        CloneWindow window = history.beginClone(origin, name);
        request("clone", Map.of("source", origin.name(), "targets", List.of(name)));
        return window.end();
    }

    /** Gives the running server one command, without a process for it. */
    Object request(String operation, Map<String, Object> arguments) throws IOException {
        try (ControlSocket control = ControlSocket.of(directory())) {
            return control.request(operation, arguments);
        }
    }

    @Override
    public void close() {
        server.close();
    }
}

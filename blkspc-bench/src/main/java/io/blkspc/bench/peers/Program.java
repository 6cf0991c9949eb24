package io.blkspc.bench.peers;

import io.blkspc.bench.bed.Commands;
import io.blkspc.bench.bed.Place;
import io.blkspc.bench.bed.ServerProcess;
import io.blkspc.bench.load.Endpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A server that is one command and a file or two. Each target is a process of its own with files of its own.
 *
 * @param name name in tables
 * @param needs programs it needs, the server itself first
 * @param place where its files go
 * @param recipes how it serves each kind it can
 */
record Program(String name, List<String> needs, Place place, Map<Kind, Recipe> recipes) implements Peer {

    /** How one kind is served. */
    interface Recipe {
        /** Makes the files in {@code home} and tells the command that serves them on {@code socket}. */
        Serving prepare(Path home, Path socket) throws IOException;
    }

    /**
     * What a recipe comes to.
     *
     * @param command of the server
     * @param export name of the export
     * @param isEmpty the disk is to be written before it counts as written
     * @param pidFile where it tells its number when it puts itself into the background, else {@code null}
     */
    record Serving(List<String> command, String export, boolean isEmpty, Path pidFile) {
        static Serving of(String... command) {
            return of(List.of(command));
        }

        static Serving of(List<String> command) {
            return new Serving(command, "", false, null);
        }

        Serving empty() {
            return new Serving(command, export, true, pidFile);
        }

        Serving as(String otherExport) {
            return new Serving(command, otherExport, isEmpty, pidFile);
        }

        Serving inBackground(Path otherPidFile) {
            return new Serving(command, export, isEmpty, otherPidFile);
        }
    }

    @Override
    public Optional<String> missing() {
        return Commands.missing(needs);
    }

    @Override
    public List<String> versionCommand() {
        return List.of(needs.getFirst(), needs.getFirst().equals("nbd-server") ? "-V" : "--version");
    }

    @Override
    public Target open(Kind kind) throws IOException {
        Recipe recipe = recipes.get(kind);
        if (recipe == null) {
            throw new IOException("is not served: peer=" + name + ", kind=" + kind);
        }
        Path home = place.fresh(name + "-" + kind);
        Path socket = home.resolve("s");
        Serving serving = recipe.prepare(home, socket);
        ServerProcess server = serving.pidFile() == null
                ? place.serve(serving.command(), socket, home)
                : place.serveInBackground(serving.command(), socket, home, serving.pidFile());
        NbdTarget target = new NbdTarget(server, new Endpoint(socket, serving.export()), () -> {
            server.close();
            Place.strike(home);
        });
        if (serving.isEmpty()) {
            target.filled(place.bytes());
        }
        return kind == Kind.WRITTEN ? target.cachedAnew(place.bytes(), Place.images(home)) : target;
    }
}

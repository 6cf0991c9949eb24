package io.blkspc.cli.pool;

import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Directory of a pool, and where its server's sockets lie.
 *
 * @param directory absolute, without {@code .} and {@code ..}
 * @param runtimeDirectory parent of the directory for sockets that cannot lie in the pool
 * @param hasSocketsElsewhere sockets do not lie in the pool, however short their paths are
 */
public record PoolLocation(Path directory, Path runtimeDirectory, boolean hasSocketsElsewhere) {

    /** The kernel takes 107 bytes. */
    private static final int MAX_SOCKET_PATH_BYTES = 100;

    /**
     * Finds the pool: the option, else {@code $BLKSPC_POOL}, else {@code ${XDG_DATA_HOME:-~/.local/share}/blkspc/pool}.
     *
     * @param option value of {@code --pool}, or {@code null}
     */
    public static PoolLocation of(String option, Map<String, String> environment) {
        String home = environment.getOrDefault("HOME", System.getProperty("user.home", "/"));
        String data = nonEmpty(environment.get("XDG_DATA_HOME"), home + "/.local/share");
        String named = nonEmpty(option, nonEmpty(environment.get("BLKSPC_POOL"), data + "/blkspc/pool"));
        String runtime = nonEmpty(environment.get("XDG_RUNTIME_DIR"), System.getProperty("java.io.tmpdir", "/tmp"));
        try {
            return new PoolLocation(Path.of(named).toAbsolutePath().normalize(), Path.of(runtime), false);
        } catch (InvalidPathException bad) {
            throw new CommandFailure(ExitCode.USAGE, "not a path: value=" + named, bad);
        }
    }

    private static String nonEmpty(String value, String otherwise) {
        return value == null || value.isEmpty() ? otherwise : value;
    }

    /** Where management requests go. */
    public Path controlSocket() {
        return socket("control.sock");
    }

    /** Where NBD clients go. */
    public Path nbdSocket() {
        return socket("nbd.sock");
    }

    /** Where this program's own copies of volumes go over NBD. */
    public Path copySocket() {
        return socket("copy.sock");
    }

    /** The same pool with its sockets outside of it: for a file system in which no socket can be made, as it is full. */
    public PoolLocation withSocketsElsewhere() {
        return new PoolLocation(directory, runtimeDirectory, true);
    }

    private Path socket(String name) {
        Path inPool = directory.resolve(name);
        if (!hasSocketsElsewhere
                && inPool.toString().getBytes(StandardCharsets.UTF_8).length <= MAX_SOCKET_PATH_BYTES) {
            return inPool;
        }
        CRC32C hash = new CRC32C();
        hash.update(directory.toString().getBytes(StandardCharsets.UTF_8));
        String user = System.getProperty("user.name", "user").replaceAll("[^A-Za-z0-9]", "_");
        return runtimeDirectory.resolve("blkspc-" + user).resolve(String.format("%08x-%s", hash.getValue(), name));
    }

    /**
     * Makes the directory of a socket that does not lie in the pool, for this user only.
     *
     * @throws IOException when somebody else made it first
     */
    public void prepareDirectoryOf(Path socket) throws IOException {
        Path parent = socket.toAbsolutePath().getParent();
        if (parent.equals(directory)) {
            return;
        }
        if (!Files.isDirectory(parent, LinkOption.NOFOLLOW_LINKS)) {
            Files.createDirectories(
                    parent, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
        requireTrusted(socket);
    }

    /**
     * Refuses a socket in a directory that somebody else made for us: in a directory for temporary files anybody can.
     *
     * @throws IOException when it must not be used
     */
    public void requireTrusted(Path socket) throws IOException {
        Path parent = socket.toAbsolutePath().getParent();
        if (!parent.equals(directory)
                && !Files.getAttribute(parent, "unix:uid", LinkOption.NOFOLLOW_LINKS)
                        .equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))) {
            throw new IOException("directory of sockets belongs to another user: path=" + parent);
        }
    }
}

package io.blkspc.cli.pool;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.cli.action.Operation;
import io.blkspc.cli.control.ControlClient;
import io.blkspc.cli.image.ExportSpace;
import io.blkspc.cli.image.NbdClient;
import io.blkspc.cli.image.ServedBytes;
import io.blkspc.cli.image.VolumeBytes;
import io.blkspc.cli.text.Json;
import java.nio.file.Path;
import java.util.Map;

/** A pool that a server holds. */
public final class ServedLink implements PoolLink {

    /** Request for the path of an NBD socket where every volume can be copied. */
    public static final String COPY_SOCKET = "copy-socket";

    /** Request to look whether a volume can be had for a command on its files; waits a moment for another one. */
    public static final String FILES_CHECK = "fs-check";

    /** Request for what could be reserved of a volume now. */
    public static final String RESERVABLE = "fs-reservable";

    /** What stands before the name of an export that one connection has for itself. */
    public static final String FILES = "files:";

    private static final int FILES_ATTEMPTS = 5;

    /** Request to look for damage. */
    public static final String CHECK = "check";

    /** Request to write the whole pool into a file. */
    public static final String DUMP = "dump";

    /** Request to have the kernel mount the file system of a volume. */
    public static final String MOUNT = "fs-mount";

    /** Request to end that. */
    public static final String UNMOUNT = "fs-umount";

    /** Request to limit what the file system of a volume uses, mounted or not. */
    public static final String LIMIT = "fs-resize";

    /** Request for the space of the file system of a volume, mounted or not. */
    public static final String SPACE = "fs-df";

    /** Request to end the server; the answer comes after the pool was closed. */
    public static final String STOP = "stop";

    private final ControlClient client;

    ServedLink(ControlClient client) {
        this.client = client;
    }

    @Override
    public Object run(Operation operation, Map<String, Object> arguments) {
        boolean counts = !"".equals(arguments.getOrDefault("by", "")); // what is done twice has another effect
        return client.request(
                operation.wireName(),
                arguments,
                operation.changes(),
                counts ? "look whether it did before you run it again" : "run it again");
    }

    @Override
    public VolumeBytes openBytes(String name) {
        return new ServedBytes(
                connect(name), offset -> Json.asObject(run(Operation.MAP, Map.of("name", name, "start", offset))));
    }

    /** Over an export that nobody else has open meanwhile; {@link ExportSpace} says what that cannot do. */
    @Override
    public BlockSpace openSpace(String name) {
        boolean isSnapshot = name.indexOf('@') >= 0; // nobody writes to one, so nobody needs it for himself
        for (int attempt = 1; ; attempt++) {
            if (!isSnapshot) {
                client.request(FILES_CHECK, Map.of("name", name), false);
            }
            try {
                NbdClient nbd = isSnapshot ? connect(name) : NbdClient.connect(copySocket(), FILES + name);
                return new ExportSpace(name, nbd, (blockSize, credits) -> reservable(name, blockSize, credits));
            } catch (BlockSpaceException refused) {
                if (isSnapshot || attempt == FILES_ATTEMPTS) {
                    throw refused;
                }
                // somebody came between: asked again, the server says who, or that there is no such volume
            }
        }
    }

    /** NBD has no words for what is not there; the server says it as it does of every other command. */
    private NbdClient connect(String name) {
        try {
            return NbdClient.connect(copySocket(), name);
        } catch (BlockSpaceException refused) {
            run(Operation.INFO, Map.of("name", name));
            throw refused;
        }
    }

    private int reservable(String name, int blockSizeBytes, int creditsInAll) {
        Map<String, Object> arguments = Map.of("name", name, "block_size", blockSizeBytes, "credits", creditsInAll);
        return Math.toIntExact(Json.asLong(
                Json.asObject(client.request(RESERVABLE, arguments, false)).get("credits")));
    }

    private Path copySocket() {
        return Path.of((String)
                Json.asObject(client.request(COPY_SOCKET, Map.of(), false)).get("socket"));
    }

    /** Has the server look for damage; the facts of {@link io.blkspc.cli.action.CheckResult}. */
    public Map<String, Object> check(boolean isDeep) {
        return Json.asObject(client.request(CHECK, Map.of("deep", isDeep), false));
    }

    /** Has the server write the whole pool into a file; the facts of {@link io.blkspc.cli.action.DumpResult}. */
    public Map<String, Object> dump(Path target) {
        return Json.asObject(client.request(DUMP, Map.of("file", target.toString()), false));
    }

    /** Has the server mount the file system of a volume on an absolute directory. */
    public Map<String, Object> mount(String name, Path directory, boolean forOthers) {
        return Json.asObject(client.request(
                MOUNT, Map.of("name", name, "directory", directory.toString(), "others", forOthers), false));
    }

    /** Has the server unmount it; on return everything is durable. */
    public Map<String, Object> unmount(Path directory) {
        return Json.asObject(client.request(UNMOUNT, Map.of("directory", directory.toString()), false));
    }

    /** Has the server limit a file system; the facts of {@link io.blkspc.cli.fs.FileSystemSpace}. */
    public Map<String, Object> limitFiles(String name, long usableBytes) {
        return Json.asObject(client.request(LIMIT, Map.of("name", name, "usable", usableBytes), true));
    }

    /** Asks the server for the space of a file system; the facts of {@link io.blkspc.cli.fs.FileSystemSpace}. */
    public Map<String, Object> spaceOfFiles(String name) {
        return Json.asObject(client.request(SPACE, Map.of("name", name), false));
    }

    /**
     * Ends the server.
     *
     * @return {@code pid}, and {@code clean}: whether the pool was marked clean
     */
    public Map<String, Object> stop() {
        return Json.asObject(client.request(STOP, Map.of(), false));
    }

    @Override
    public boolean isServed() {
        return true;
    }

    @Override
    public void close() {
        client.close();
    }
}

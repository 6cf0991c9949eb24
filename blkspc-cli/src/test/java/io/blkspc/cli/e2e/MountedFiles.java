package io.blkspc.cli.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A pool with a server and the file system of one volume, mounted by the product; closing leaves nothing mounted. */
final class MountedFiles implements AutoCloseable {

    private final TestPool pool;
    private final Path base;

    private MountedFiles(TestPool pool, Path base) {
        this.pool = pool;
        this.base = base;
    }

    /** A served pool with a volume {@code v}, and its file system mounted. */
    static MountedFiles make(Path base, String poolSize, String volumeSize) {
        TestPool pool = TestPool.create(base.resolve("pool"), poolSize);
        pool.command().ok("create", "v", "-s", volumeSize);
        pool.command().ok("fs", "mkfs", "v");
        pool.server().start();
        MountedFiles files = new MountedFiles(pool, base);
        files.mount("v");
        return files;
    }

    /** A pool that nobody serves, and nothing mounted. */
    static MountedFiles none(Path base, String poolSize) {
        return new MountedFiles(TestPool.create(base.resolve("pool"), poolSize), base);
    }

    TestPool pool() {
        return pool;
    }

    Blkspc command() {
        return pool.command();
    }

    /** Where a volume is mounted. */
    Path at(String volume) {
        return base.resolve("mnt-" + volume);
    }

    Path mount(String volume) {
        try {
            Files.createDirectories(base);
            if (!Files.exists(at(volume))) {
                Files.createDirectory(at(volume));
            }
        } catch (java.nio.file.FileAlreadyExistsException dead) {
            // the mount of a server that was killed
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        request("fs-mount", Map.of("name", volume, "directory", at(volume).toString(), "others", true));
        return at(volume);
    }

    void unmount(String volume) {
        request("fs-umount", Map.of("directory", at(volume).toString()));
    }

    /** What the command asks of the server, without a process for it. */
    void request(String operation, Map<String, Object> arguments) {
        try {
            pool.request(operation, arguments);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** SIGKILL, a new server, and the same mount. */
    void killAndMount(String volume) {
        pool.server().killHard();
        pool.server().start();
        mount(volume);
    }

    /** Stops the server and checks the pool and the file systems of these volumes. */
    void stopAndCheck(String... volumes) {
        pool.server().stopCleanly();
        for (String volume : volumes) {
            command().ok("fs", "fsck", volume);
        }
        command().ok("pool", "check");
    }

    @Override
    public void close() {
        pool.close();
        try (var mounts = Files.list(base)) {
            for (Path each : mounts.filter(path -> path.getFileName().toString().startsWith("mnt-"))
                    .toList()) {
                Exec.run(Tools.path("fusermount3"), "-u", "-z", each.toString());
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}

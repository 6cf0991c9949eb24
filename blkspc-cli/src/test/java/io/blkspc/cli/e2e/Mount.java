package io.blkspc.cli.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** A mounted file system; closing unmounts it. */
final class Mount implements AutoCloseable {

    private final Path directory;
    private boolean isMounted;

    private Mount(Path directory) {
        this.directory = directory;
        isMounted = true;
    }

    /** Mounts with these options, for example {@code rw} or {@code nouuid}. */
    static Mount of(String device, Path directory, String options) {
        return of(device, directory, options, "auto");
    }

    /** As above, a file system of this type. */
    static Mount of(String device, Path directory, String options, String type) {
        try {
            Files.createDirectories(directory);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        Exec.run(Tools.path("mount"), "-t", type, "-o", options, device, directory.toString())
                .ok();
        return new Mount(directory);
    }

    Path directory() {
        return directory;
    }

    /** Everything written so far reaches the device. */
    void sync() {
        Exec.run("sync", "-f", directory.toString()).ok();
    }

    @Override
    public void close() {
        if (!isMounted) {
            return;
        }
        isMounted = false;
        String[] unmount = {Tools.path("umount"), directory.toString()};
        if (!Await.within(Duration.ofSeconds(10), () -> Exec.run(unmount).exit() == 0)) {
            Exec.run(Tools.path("umount"), "-l", directory.toString());
            throw new AssertionError("file system was still in use: directory=" + directory);
        }
    }
}

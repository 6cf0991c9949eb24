package io.blkspc.cli.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * An export as a real block device: nbdfuse shows it as one file, a loop device makes that a disk. Closing takes both
 * away in the reverse order, at whatever point the opening stopped; the server must still answer then, or the kernel
 * waits for it.
 */
final class LoopDevice implements AutoCloseable {

    private final Path directory;
    private Process nbdfuse;
    private String device;

    private LoopDevice(Path directory) {
        this.directory = directory;
    }

    /** Attaches; the directory must be empty and stays in use until {@link #close}. */
    static LoopDevice attach(Path directory, String uri) {
        LoopDevice loop = new LoopDevice(directory);
        try {
            loop.open(uri);
            return loop;
        } catch (IOException failure) {
            loop.close();
            throw new UncheckedIOException(failure);
        } catch (RuntimeException | Error failure) {
            loop.close();
            throw failure;
        }
    }

    /** An image file as a block device, without NBD in between. */
    static LoopDevice ofFile(Path image) {
        LoopDevice loop = new LoopDevice(image.toAbsolutePath().getParent());
        loop.setUp(image, "--direct-io=off");
        return loop;
    }

    private void setUp(Path file, String option) {
        device = Exec.run(Tools.path("losetup"), "-f", "--show", option, file.toString())
                .ok()
                .out()
                .trim();
    }

    private void open(String uri) throws IOException {
        Files.createDirectories(mountPoint());
        Path pidFile = directory.resolve("nbdfuse.pid");
        Files.deleteIfExists(pidFile);
        Path log = directory.resolve("nbdfuse.log");
        nbdfuse = new ProcessBuilder(
                        Tools.path("nbdfuse"),
                        "-C",
                        "4",
                        "-P",
                        pidFile.toString(),
                        mountPoint().resolve("disk").toString(),
                        uri)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        boolean isReady = Await.within(
                Duration.ofSeconds(15),
                () -> !nbdfuse.isAlive() || pidFile.toFile().length() > 0);
        if (!isReady || !nbdfuse.isAlive()) {
            throw new AssertionError("nbdfuse did not become ready: uri=" + uri + "\n" + Files.readString(log));
        }
        setUp(mountPoint().resolve("disk"), "--direct-io=on");
    }

    /** Path of the block device. */
    String device() {
        return device;
    }

    private Path mountPoint() {
        return directory.resolve("mp");
    }

    @Override
    public void close() {
        if (device != null) {
            Exec.run(Tools.path("losetup"), "-d", device).ok();
            device = null;
        }
        if (nbdfuse == null) {
            return;
        }
        List<String> unmount =
                List.of(Tools.path("fusermount3"), "-u", mountPoint().toString());
        // The loop driver lets go of the file a moment after losetup has returned.
        boolean isUnmounted =
                Await.within(Duration.ofSeconds(10), () -> Exec.run(unmount).exit() == 0 || !isMounted(mountPoint()));
        if (!isUnmounted) {
            Exec.run(Tools.path("fusermount3"), "-uz", mountPoint().toString());
        }
        awaitNbdfuse();
        if (!isUnmounted) {
            throw new AssertionError("nbdfuse was still in use: mountPoint=" + mountPoint());
        }
    }

    private void awaitNbdfuse() {
        try {
            if (!nbdfuse.waitFor(10, TimeUnit.SECONDS)) {
                nbdfuse.destroyForcibly();
            }
            nbdfuse = null;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new AssertionError(interrupted);
        }
    }

    static boolean isMounted(Path mountPoint) {
        try {
            return Files.readAllLines(Path.of("/proc/self/mounts")).stream()
                    .anyMatch(line -> line.split(" ", -1)[1].equals(mountPoint.toString()));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}

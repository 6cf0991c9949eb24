package io.blkspc.host.device;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** A file system in memory that is soon full, where it may be mounted; else the test is skipped and says why. */
record TinyFileSystem(Path path) implements AutoCloseable {

    static TinyFileSystem mount(Path at, long sizeBytes) throws Exception {
        assumeTrue("root".equals(System.getProperty("user.name")), "skipped: mount needs root");
        Files.createDirectories(at);
        LoopDevice.Output output =
                LoopDevice.run("mount", "-t", "tmpfs", "-o", "size=" + sizeBytes, "tmpfs", at.toString());
        assumeTrue(output.exitCode() == 0, "skipped: mount failed: " + output.text());
        return new TinyFileSystem(at);
    }

    @Override
    public void close() {
        LoopDevice.Output output = LoopDevice.run("umount", path.toString());
        if (output.exitCode() != 0) {
            throw new IllegalStateException("cannot unmount " + path + ": " + output.text());
        }
    }
}

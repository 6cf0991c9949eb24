package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Tests of commands that make a pool from another one: an image in the old pool that the new one must have, and devices. */
abstract class CopiedPool {

    static final int MIB = 1 << 20;

    @TempDir
    Path directory;

    private Path image;

    @BeforeEach
    void makeImage() throws IOException {
        byte[] bytes = new byte[3 * MIB];
        new Random(4).nextBytes(bytes);
        image = Files.write(directory.resolve("image"), bytes);
    }

    /** A pool with the image in {@code v@s}. */
    Blkspc oldPool() {
        Blkspc old = pool("old");
        old.ok("pool", "create", "--size", "64M");
        old.ok("import", image.toString(), "v");
        old.ok("snapshot", "v@s");
        return old;
    }

    Blkspc pool(String name) {
        return new Blkspc(directory.resolve(name));
    }

    String path(String name) {
        return directory.resolve(name).toString();
    }

    /** A raw device of zeros; the test is skipped where there can be none. */
    LoopDevice device(String name, long bytes) throws IOException {
        Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "skipped: loop devices need root");
        Assumptions.assumeTrue(Files.exists(Path.of("/dev/loop-control")), "skipped: no /dev/loop-control");
        Tools.require("losetup");
        Path backing = directory.resolve(name);
        try (RandomAccessFile file = new RandomAccessFile(backing.toFile(), "rw")) {
            file.setLength(bytes);
        }
        return LoopDevice.ofFile(backing);
    }

    void requireGood(Blkspc pool) {
        pool.ok("pool", "check", "--deep");
        pool.ok("export", "v@s", path("out"));
        assertThat(directory.resolve("out")).hasSameBinaryContentAs(image);
    }

    static void refused(Exec.Result result, int exit, String words) {
        assertThat(result.exits(exit).err()).contains(words).hasLineCount(1);
    }
}

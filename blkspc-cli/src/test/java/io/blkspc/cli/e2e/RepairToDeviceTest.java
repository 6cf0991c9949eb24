package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code pool repair} where the data of the old pool, or of the new one, lies on a raw device. */
@Timeout(300)
class RepairToDeviceTest {

    private static final int MIB = 1 << 20;

    @TempDir
    private Path directory;

    private Path image;

    @BeforeEach
    void makeImage() throws IOException {
        Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "skipped: loop devices need root");
        Assumptions.assumeTrue(Files.exists(Path.of("/dev/loop-control")), "skipped: no /dev/loop-control");
        Tools.require("losetup");
        byte[] bytes = new byte[3 * MIB];
        new Random(4).nextBytes(bytes);
        image = Files.write(directory.resolve("image"), bytes);
    }

    private LoopDevice device(String name, long bytes) throws IOException {
        Path backing = directory.resolve(name);
        try (RandomAccessFile file = new RandomAccessFile(backing.toFile(), "rw")) {
            file.setLength(bytes);
        }
        return LoopDevice.ofFile(backing);
    }

    private Blkspc pool(String name) {
        return new Blkspc(directory.resolve(name));
    }

    private String path(String name) {
        return directory.resolve(name).toString();
    }

    private void requireGood(Blkspc pool) {
        pool.ok("pool", "check", "--deep");
        pool.ok("export", "v@s", path("out"));
        assertThat(directory.resolve("out")).hasSameBinaryContentAs(image);
    }

    private static void refused(Exec.Result result, int exit, String words) {
        assertThat(result.exits(exit).err()).contains(words).hasLineCount(1);
    }

    @Test
    void aPoolIsRepairedOntoADeviceAndFromIt() throws IOException {
        Blkspc old = pool("old");
        old.ok("pool", "create", "--size", "64M");
        old.ok("import", image.toString(), "v");
        old.ok("snapshot", "v@s");
        try (LoopDevice large = device("large", 96L * MIB);
                LoopDevice small = device("small", 32L * MIB)) {
            refused(
                    old.run("pool", "repair", "--to", path("new"), "--data", large.device()),
                    Blkspc.NOT_FOUND_OR_EXISTS,
                    "data exists and would be overwritten: data=" + large.device());
            refused(
                    old.run("pool", "repair", "--to", path("new"), "--data", small.device(), "--force"),
                    Blkspc.NO_SPACE,
                    "data is too small");
            assertThat(directory.resolve("new")).doesNotExist();
            old.ok("pool", "repair", "--to", path("new"), "--data", large.device(), "--force");
            requireGood(pool("new"));

            pool("new").ok("pool", "repair", "--to", path("third"));
            requireGood(pool("third"));
            requireGood(old);

            refused(
                    pool("new").run("pool", "repair", "--to", path("fourth"), "--data", large.device(), "--force"),
                    Blkspc.BUSY,
                    "in use");
            refused(
                    pool("new").run("pool", "repair", "--to", path("third"), "--data", small.device(), "--force"),
                    Blkspc.NOT_FOUND_OR_EXISTS,
                    "pool exists");
            requireGood(pool("new"));
            requireGood(pool("third"));
        }
    }

    @Test
    void aDeviceIsNoPoolAndNoDirectoryForOne() throws IOException {
        Blkspc old = pool("old");
        old.ok("pool", "create", "--size", "64M");
        try (LoopDevice device = device("large", 96L * MIB)) {
            Blkspc none = new Blkspc(Path.of(device.device()));
            for (String to : new String[] {device.device(), device.device() + "/new"}) {
                refused(
                        old.run("pool", "repair", "--to", to),
                        Blkspc.NOT_FOUND_OR_EXISTS,
                        "is no directory: path=" + device.device());
            }
            refused(none.run("pool", "create", "--size", "64M"), Blkspc.NOT_FOUND_OR_EXISTS, "is no directory");
            refused(none.run("pool", "repair", "--to", path("new")), Blkspc.NOT_FOUND_OR_EXISTS, "not a pool");
            refused(none.run("list"), Blkspc.NOT_FOUND_OR_EXISTS, "not a pool");
        }
    }
}

package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code pool repair} where the data of the old pool, or of the new one, lies on a raw device. */
@Timeout(300)
class RepairToDeviceTest extends CopiedPool {

    @Test
    void aPoolIsRepairedOntoADeviceAndFromIt() throws IOException {
        Blkspc old = oldPool();
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

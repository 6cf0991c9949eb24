package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code pool restore --data}: onto a raw device, and what is left of the data when it fails. */
@Timeout(300)
class RestoreToDataTest extends CopiedPool {

    private void dumpPool() {
        oldPool().ok("pool", "dump", path("dump"));
    }

    @Test
    void aPoolIsRestoredOntoADevice() throws IOException {
        dumpPool();
        try (LoopDevice large = device("large", 96L * MIB);
                LoopDevice small = device("small", 32L * MIB)) {
            Blkspc made = pool("new");
            refused(
                    made.run("pool", "restore", path("dump"), "--data", large.device()),
                    Blkspc.NOT_FOUND_OR_EXISTS,
                    "data exists and would be overwritten: data=" + large.device());
            refused(
                    made.run("pool", "restore", path("dump"), "--data", small.device(), "--force"),
                    Blkspc.NO_SPACE,
                    "data is too small");
            assertThat(directory.resolve("new")).doesNotExist();
            made.ok("pool", "restore", path("dump"), "--data", large.device(), "--force");
            requireGood(made);

            refused(
                    made.run("pool", "restore", path("dump"), "--data", large.device(), "--force"),
                    Blkspc.NOT_FOUND_OR_EXISTS,
                    "pool exists");
            try (ServerProcess server = new ServerProcess(directory.resolve("new"))) {
                server.start();
                refused(
                        pool("third").run("pool", "restore", path("dump"), "--data", large.device(), "--force"),
                        Blkspc.BUSY,
                        "in use");
            }
            assertThat(directory.resolve("third")).doesNotExist();
            requireGood(made);
        }
    }

    @Test
    void theDumpItselfIsNotTakenForTheData() throws IOException {
        dumpPool();
        byte[] dump = Files.readAllBytes(directory.resolve("dump"));
        Files.createSymbolicLink(directory.resolve("link"), directory.resolve("dump"));
        for (String name : new String[] {"dump", "link"}) {
            refused(
                    pool("new").run("pool", "restore", path("dump"), "--data", path(name), "--force"),
                    Blkspc.USAGE,
                    "--data is the dump itself");
        }
        List<String> fromInput = new ArrayList<>(List.of("sh", "-c", "exec \"$@\" <" + path("dump"), "sh"));
        fromInput.addAll(
                Blkspc.command(List.of("-p", path("new"), "pool", "restore", "-", "--data", path("dump"), "--force")));
        refused(Exec.run(fromInput), Blkspc.USAGE, "--data is the dump itself");
        assertThat(directory.resolve("dump")).hasBinaryContent(dump);
        assertThat(directory.resolve("new")).doesNotExist();
    }

    @Test
    void dataThatWasMadeGoesAwayWithAPoolThatFailsAndWhatWasThereStays() throws IOException {
        dumpPool();
        try (RandomAccessFile dump = new RandomAccessFile(path("dump"), "rw")) {
            dump.setLength(dump.length() - 100);
        }
        refused(pool("new").run("pool", "restore", path("dump"), "--data", path("data")), Blkspc.NEEDS_CHECK, "dump");
        assertThat(directory.resolve("new")).doesNotExist();
        assertThat(directory.resolve("data")).doesNotExist();

        byte[] before = {1, 2, 3};
        Files.write(directory.resolve("data"), before);
        refused(
                pool("new").run("pool", "restore", path("dump"), "--data", path("data")),
                Blkspc.NOT_FOUND_OR_EXISTS,
                "data exists");
        assertThat(directory.resolve("data")).hasBinaryContent(before);
    }
}

package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A tree of files goes into the sample file system of a real pool and its clone, each command a process of its own. */
class SampleFileSystemTest {

    @TempDir
    Path directory;

    private Map<String, String> seen(Blkspc command, String volume, String name) {
        Path out = directory.resolve(name);
        command.ok("fs", "get", "-r", volume + ":/tree", out.toString());
        return FileTree.fingerprints(out);
    }

    @Test
    void aTreeIsTheSameAgainAndACloneOfItIsApart() {
        Path tree = directory.resolve("tree");
        FileTree.make(tree, 7);
        Map<String, String> expected = FileTree.fingerprints(tree);
        try (TestPool pool = TestPool.create(directory.resolve("pool"), "192M")) {
            Blkspc command = pool.command();
            command.ok("create", "v", "-s", "96M");
            command.ok("fs", "mkfs", "v");
            command.ok("fs", "put", "-r", tree.toString(), "v:/");
            assertThat(seen(command, "v", "once")).isEqualTo(expected);

            command.ok("clone", "v", "c");
            assertThat(command.object("fs", "fsck", "v")).containsEntry("clean", true);
            assertThat(command.object("fs", "fsck", "c"))
                    .containsEntry("clean", true)
                    .containsEntry("needs_replay", false);
            assertThat(seen(command, "c", "clone")).isEqualTo(expected);

            Path changed = directory.resolve("changed");
            command.ok("fs", "get", "-r", "c:/tree", changed.toString());
            FileTree.change(changed, 8);
            command.ok("fs", "rm", "-r", "c:/tree");
            command.ok("fs", "put", "-r", changed.toString(), "c:/tree");
            assertThat(seen(command, "c", "clone-after")).isEqualTo(FileTree.fingerprints(changed));
            assertThat(seen(command, "v", "origin-after")).isEqualTo(expected);
            command.ok("fs", "fsck", "v");
            command.ok("fs", "fsck", "c");
        }
    }

    /** The same commands and answers, whoever holds the pool. */
    @Test
    void filesOfAServedVolumeAreReachedThroughItsServer() throws IOException {
        Path tree = directory.resolve("tree");
        FileTree.make(tree, 9);
        Map<String, String> expected = FileTree.fingerprints(tree);
        try (TestPool pool = TestPool.serving(directory.resolve("pool"), "256M")) {
            Blkspc command = pool.command();
            pool.request("create", Map.of("name", "v", "size", 96L << 20));
            command.ok("fs", "mkfs", "v");
            command.run("fs", "mkfs", "v").exits(Blkspc.NOT_FOUND_OR_EXISTS);
            command.run("fs", "ls", "none:/").exits(Blkspc.NOT_FOUND_OR_EXISTS);
            command.ok("fs", "put", "-r", tree.toString(), "v:/");
            assertThat(seen(command, "v", "served")).isEqualTo(expected);
            assertThat(command.object("fs", "df", "v"))
                    .satisfies(df -> assertThat((Number) df.get("granted")).isEqualTo(df.get("free")));
            command.ok("fs", "mkdir", "v:/d");
            command.ok("fs", "mv", "v:/tree", "v:/d");
            command.ok("fs", "rm", "-r", "v:/d");
            assertThat(command.array("fs", "ls", "v:/")).isEmpty();
            pool.request("snapshot", Map.of("names", List.of("v@s")));
            assertThat(command.object("fs", "fsck", "v@s"))
                    .containsEntry("clean", true)
                    .containsEntry("needs_replay", false);
            command.ok("fs", "put", "-r", tree.toString(), "v:/again");
            pool.server().stopCleanly();
            command.ok("fs", "fsck", "v");
            command.ok("fs", "get", "-r", "v:/again", directory.resolve("again").toString());
            assertThat(FileTree.fingerprints(directory.resolve("again"))).isEqualTo(expected);
            command.ok("pool", "check");
        }
    }

    @Test
    void aVolumeThatSomebodyHasIsRefusedAndCommandsWaitForEachOther() throws Exception {
        try (TestPool pool = TestPool.serving(directory.resolve("pool"), "128M")) {
            Blkspc command = pool.command();
            pool.request("create", Map.of("name", "v", "size", 32L << 20));
            command.ok("fs", "mkfs", "v");
            try (NbdConnection _ = pool.server().connect("v")) {
                Exec.Result refused = command.run("fs", "ls", "v:/").exits(Blkspc.BUSY);
                assertThat(refused.err()).contains("connections=1").hasLineCount(1);
            }
            Path file = Files.writeString(directory.resolve("file"), "bytes");
            List<FutureTask<Exec.Result>> together = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                String to = "v:/f" + i;
                FutureTask<Exec.Result> put = new FutureTask<>(() -> command.run("fs", "put", file.toString(), to));
                together.add(put);
                Thread.ofPlatform().start(put);
            }
            for (FutureTask<Exec.Result> put : together) {
                put.get().ok();
            }
            assertThat(command.array("fs", "ls", "v:/")).hasSize(3);
        }
    }

    /** Nothing was reserved over the export, so it may come as late as the end of the command; it never ends with 0 then. */
    @Test
    void aServedPoolWithoutSpaceIsToldAndTheFilesAreAsTheyWere() throws IOException {
        try (TestPool pool = TestPool.serving(directory.resolve("pool"), "64M")) {
            Blkspc command = pool.command();
            pool.request("create", Map.of("name", "v", "size", 256L << 20));
            command.ok("fs", "mkfs", "v");
            Path small = Files.write(directory.resolve("small"), random(1, 1 << 20));
            Path large = Files.write(directory.resolve("large"), random(2, 96 << 20));
            command.ok("fs", "put", small.toString(), "v:/small");
            command.run("fs", "put", large.toString(), "v:/large").exits(Blkspc.NO_SPACE);
            command.ok("fs", "get", "v:/small", directory.resolve("back").toString());
            assertThat(directory.resolve("back")).hasSameBinaryContentAs(small);
            command.ok("fs", "rm", "v:/large");
            assertThat(command.object("fs", "fsck", "v")).containsEntry("clean", true);
            pool.server().stopCleanly();
            command.ok("pool", "check");
        }
    }

    private static byte[] random(long seed, int count) {
        byte[] bytes = new byte[count];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}

package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
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

    @Test
    void aServedPoolIsRefusedWithOneLine() {
        try (TestPool pool = TestPool.serving(directory.resolve("pool"), "64M")) {
            pool.command().ok("create", "v", "-s", "16M");
            Exec.Result refused = pool.command().run("fs", "mkfs", "v").exits(Blkspc.BUSY);
            assertThat(refused.err()).contains("a server holds the pool").hasLineCount(1);
        }
    }
}

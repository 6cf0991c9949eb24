package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The kernel's file systems on a volume and on its clone: what changes in the one never shows in the other. */
@Timeout(150)
class FuseLoopTest {

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"xfs", "ext4"})
    void fileSystemAndItsCloneLiveApart(String type) throws IOException {
        FileSystemStory.requireParts(type);
        long seed = Seeds.of(FuseLoopTest.class);
        try (TestPool pool = TestPool.create(directory.resolve("pool"), "1G")) {
            pool.command().ok("create", "origin", "-s", "384M");
            pool.server().start();
            FileSystemStory story = new FileSystemStory(pool.server(), directory, type);
            Map<String, String> files = story.populate("origin", seed);
            story.verify("origin", files);

            pool.command().ok("clone", "origin", "copy");
            Map<String, String> changed = story.change("copy", seed + 1);
            assertThat(changed).isNotEqualTo(files);
            story.verify("origin", files);
            story.verify("copy", changed);

            pool.server().killHard();
            pool.server().start();
            story.verify("copy", changed);
            story.damageOneByte("origin");
            assertThatThrownBy(() -> story.verify("origin", files))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("marker");
            story.verify("copy", changed);
            story.discardAndZeroout("copy");
            pool.server().stopCleanly();
            pool.command().ok("pool", "check");
        }
    }
}

package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The story of a file system, tried on a known server: it passes, and one damaged byte turns it red. */
@Timeout(120)
class FileSystemControlTest {

    private static final long VOLUME_BYTES = 384L << 20;

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"xfs", "ext4"})
    void damageOfOneByteIsFoundOut(String type) throws IOException {
        Tools.require("nbdkit");
        FileSystemStory.requireParts(type);
        long seed = Seeds.of(FileSystemControlTest.class);
        try (Nbdkit server = new Nbdkit(directory).volume("disk", VOLUME_BYTES)) {
            server.start();
            FileSystemStory story = new FileSystemStory(server, directory, type);
            Map<String, String> fingerprints = story.populate("disk", seed);
            story.verify("disk", fingerprints);
            story.damageOneByte("disk");
            assertThatThrownBy(() -> story.verify("disk", fingerprints))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("marker");
            story.discardAndZeroout("disk");
        }
    }
}

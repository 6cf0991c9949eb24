package io.blkspc.xfsish.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.contract.Fixture;
import io.blkspc.api.model.ModelHost;
import io.blkspc.api.model.ModelOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What a replay puts in place, and what it must not. */
class ReplayTest {

    @Test
    void aBlockOfARemovedDirectoryIsNotPutBackOverTheDataThatCameAfterIt() {
        ModelHost host = ModelOptions::defaults;
        try (Fixture fixture = host.fixture(FileSystemOracleTest.POOL)) {
            BlockSpace space = fixture.space();
            Mkfs.run(space, new Mkfs.Spec(new UUID(1, 2), 5, 0, 1000, false));
            FileSystem files = FileSystemOracleTest.mount(space);
            List<String> names = new ArrayList<>();
            files.mkdir("/d", 0755);
            for (int i = 0; i < 40; i++) {
                names.add("/d/" + "n".repeat(200) + i);
                files.create(names.getLast(), 0644);
            }
            files.sync(); // images of the directory's blocks are in the log
            names.forEach(files::unlink);
            files.rmdir("/d");
            files.sync(); // and the blocks are free
            byte[] data = Fixture.bytes(7, 900 * 4096);
            files.create("/f", 0644);
            files.write("/f", 0, TreeDriver.segment(data), 0, data.length);
            files.sync();
            assertThat(Arrays.equals(TreeDriver.read(files, "/f"), data)).isTrue();
            files.shutDown(); // as if the process had died
            files = FileSystemOracleTest.mount(space);
            assertThat(files.wasReplayed()).isTrue();
            assertThat(Arrays.equals(TreeDriver.read(files, "/f"), data)).isTrue();
            files.close();
            FileSystemOracleTest.clean(space);
        }
    }
}

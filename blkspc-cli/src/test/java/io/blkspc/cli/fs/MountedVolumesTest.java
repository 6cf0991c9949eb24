package io.blkspc.cli.fs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.model.ModelPool;
import io.blkspc.cli.doctor.Programs;
import io.blkspc.xfsish.file.Mkfs;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the server has mounted, and who waits for whom. */
@Timeout(120)
class MountedVolumesTest {

    private static final long PATIENCE_SECONDS = 30;

    @TempDir
    private Path directory;

    private final Programs programs = new Programs(System.getenv());

    @Test
    void whileAMountWaitsForOpenFilesOtherVolumesAreServed() throws Exception {
        assumeTrue(programs.find("fusermount3").isPresent(), "skipped: missing part fusermount3");
        assumeTrue(Files.isWritable(Path.of("/dev/fuse")), "skipped: missing part /dev/fuse (writable)");
        ModelPool pool = ModelPool.create(64 << 20);
        for (String name : new String[] {"v", "other"}) {
            pool.create(name, 16 << 20);
        }
        try (BlockSpace space = pool.open("v")) {
            Mkfs.run(space, new Mkfs.Spec(new UUID(1, 2), 5, 0, 0, false));
        }
        MountedVolumes volumes = new MountedVolumes(pool, () -> 1, PATIENCE_SECONDS);
        MountPoint point = new MountPoint(directory.toRealPath());
        try {
            volumes.mount("v", point, false);
            FutureTask<?> mount = new FutureTask<>(() -> volumes.mount("v", point, false));
            try (FileChannel _ =
                    FileChannel.open(directory.resolve("f"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                point.unmount(programs, true);
                Thread waiting = Thread.ofPlatform().start(mount);
                while (waiting.isAlive() && waiting.getState() != Thread.State.TIMED_WAITING) {
                    TimeUnit.MILLISECONDS.sleep(1);
                }
                volumes.openUnmounted("other", () -> pool.open("other")).close();
            }
            mount.get(); // it would have been refused, had it waited in vain
            assertThat(directory.resolve("f")).exists();
        } finally {
            volumes.close();
        }
    }
}

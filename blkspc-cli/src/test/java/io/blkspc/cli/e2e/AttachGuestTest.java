package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The product inside a guest: attach, detach and attached through the kernel's netlink interface, and a mounted file system that
 * lives through the death of its server. Without the process that stays with the device it must not.
 */
@Timeout(1800)
@EnabledIf(value = "isWanted", disabledReason = "a guest takes minutes: only with --guest or --release")
class AttachGuestTest {

    @TempDir
    private Path directory;

    static boolean isWanted() {
        return KernelGuestTest.isWanted();
    }

    private Guest.Result run(String story, String... words) throws IOException {
        return Guest.make(directory, story, true).run(0, List.of(words), Map.of());
    }

    /** Kills, also of the process that stays with the device, and a clean restart under a mounted file system; with one connection also a resize, what is refused, and reading only. */
    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void aMountedFileSystemLivesThroughTheDeathsOfItsServer(int connections) throws IOException {
        Guest.Result result = run("keeper.sh", Integer.toString(connections));
        assertThat(result.exit()).as(result.transcript()).isZero();
    }

    @Test
    void nbdClientAttachesWhereItIsAskedFor() throws IOException {
        Guest.Result result = run("stock.sh", "4");
        assertThat(result.exit()).as(result.transcript()).isZero();
    }

    /** Neither waits for the other's memory: the kernel that writes to the device, and the server that it is written by. */
    @Test
    void writingMuchMoreThanThereIsMemoryEnds() throws IOException {
        Path disk = directory.resolve("disk");
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(1L << 30);
        }
        Guest guest = Guest.make(directory, "pressure.sh", true).memory(512).disk(disk);
        Guest.Result result = guest.run(0, List.of("640"), Map.of());
        assertThat(result.exit()).as(result.transcript()).isZero();
    }

    @Test
    void withoutItsKeeperTheDeviceFails() throws IOException {
        Guest.Result result = run("keeper.sh", "1", "unkept");
        assertThat(result.exit()).as(result.transcript()).isEqualTo(1);
        assertThat(result.transcript()).contains("FAILED the writer saw an error after kill 1");
    }
}

package io.blkspc.cli.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The lock that root takes in somebody's pool is that somebody's to take as well. */
class AttachLockTest {

    private static final int NOBODY = 65_534;
    private static final int OTHER_GROUP = 65_533;

    @TempDir
    Path pool;

    private Path lock;

    @BeforeEach
    void begin() {
        lock = pool.resolve("attach.lock");
    }

    private void give() throws IOException {
        assumeTrue(
                "root".equals(System.getProperty("user.name")), "skipped: missing part root (owners of files need it)");
        Files.setAttribute(pool, "unix:uid", NOBODY);
        Files.setAttribute(pool, "unix:gid", OTHER_GROUP);
    }

    private int asOwner(String command) throws IOException, InterruptedException {
        return new ProcessBuilder(List.of(
                        "setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups", "sh", "-c", command))
                .inheritIO()
                .start()
                .waitFor();
    }

    @Test
    void madeByRootItBelongsToTheOwnerOfThePool() throws IOException, InterruptedException {
        give();
        AttachLock.take(pool).close();
        assertThat(Files.getAttribute(lock, "unix:uid")).isEqualTo(NOBODY);
        assertThat(Files.getAttribute(lock, "unix:gid")).isEqualTo(OTHER_GROUP);
        assertThat(asOwner(": >>" + lock)).isZero();
        AttachLock.take(pool).close();
        assertThat(pool).isDirectoryContaining(lock::equals);
    }

    @Test
    void aFileThatIsThereKeepsItsOwner() throws IOException {
        give();
        Files.createFile(lock);
        AttachLock.take(pool).close();
        assertThat(Files.getAttribute(lock, "unix:uid")).isEqualTo(0);
    }

    /** The owner of the pool may put anything there, and root comes by. */
    @Test
    void aLinkIsNotFollowed() throws IOException {
        Path elsewhere = pool.resolve("elsewhere");
        Files.createSymbolicLink(lock, elsewhere);
        assertThatThrownBy(() -> AttachLock.take(pool)).isInstanceOf(IOException.class);
        assertThat(elsewhere).doesNotExist();
        Files.writeString(elsewhere, "x");
        assertThatThrownBy(() -> AttachLock.take(pool)).isInstanceOf(IOException.class);
    }

    @Test
    void inADirectoryOfItsMakerItIsTheMakers() throws IOException {
        AttachLock.take(pool).close();
        assertThat(Files.getAttribute(lock, "unix:uid")).isEqualTo(Files.getAttribute(pool, "unix:uid"));
    }
}

package io.blkspc.cli.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The mark of a keeper is seen by other processes, and is gone with its process, however that ended. */
class KeeperMarkTest {

    @TempDir
    Path pool;

    /** A process that sets the mark of device 3 and stays. */
    static final class Holder {

        private Holder() {}

        public static void main(String[] args) throws IOException, InterruptedException {
            try (KeeperMark mark = KeeperMark.set(Path.of(args[0]), 3)) {
                System.out.println(mark.getClass().getSimpleName());
                TimeUnit.MINUTES.sleep(5);
            }
        }
    }

    private Process holder() throws IOException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Holder.class.getName(),
                        pool.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertThat(process.inputReader().readLine()).isEqualTo("KeeperMark");
        return process;
    }

    @Test
    void killedKeeperLeavesNoMarkAndAnotherMayTakeItsPlace() throws IOException, InterruptedException {
        assertThat(KeeperMark.isSet(pool, 3)).isFalse();
        assertThat(pool).as("looking leaves nothing").isEmptyDirectory();
        for (int i = 0; i < 2; i++) {
            Process process = holder();
            try {
                assertThat(KeeperMark.isSet(pool, 3)).isTrue();
                assertThat(KeeperMark.isSet(pool, 3))
                        .as("looking changes nothing")
                        .isTrue();
                assertThat(KeeperMark.isSet(pool, 2)).as("of another device").isFalse();
            } finally {
                process.destroyForcibly().waitFor();
            }
            assertThat(KeeperMark.isSet(pool, 3)).isFalse();
        }
    }

    @Test
    void whoeverFindsAKeeperThereIsToldAndDoesNotWaitForEver() throws IOException, InterruptedException {
        Process process = holder();
        try {
            assertThatThrownBy(() -> KeeperMark.set(pool, 3, 200))
                    .isInstanceOfSatisfying(
                            CommandFailure.class,
                            busy -> assertThat(busy.exitCode()).isEqualTo(ExitCode.BUSY));
            KeeperMark.set(pool, 2, 200).close();
        } finally {
            process.destroyForcibly().waitFor();
        }
        KeeperMark.set(pool, 3, 200).close();
    }
}

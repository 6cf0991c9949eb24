package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Contract D5 for a new pool: before the command says that it is there, every name that leads to it was forced. */
@Timeout(120)
class PoolCreateOrderTest {

    @TempDir
    private Path directory;

    @Test
    void theNamesOfANewPoolAreForcedLastFromTheBottomUp() throws IOException {
        Strace.require();
        Path real = directory.toRealPath();
        Path pool = real.resolve("a/b/pool");
        Path trace = real.resolve("trace");
        create(List.of(Tools.path("strace"), "-f", "-y", "-e", "trace=fsync,fdatasync", "-o", trace.toString()), pool)
                .ok();

        List<String> forced = forcedIn(trace);
        int superblock = forced.lastIndexOf(pool.resolve("superblock").toString());
        assertThat(superblock).isPositive();
        assertThat(forced.subList(superblock + 1, forced.size()))
                .containsSubsequence(
                        pool.toString(),
                        real.resolve("a/b").toString(),
                        real.resolve("a").toString(),
                        real.toString());
    }

    @Test
    void aNameThatCannotBeForcedFailsTheCommandAndLeavesNothing() throws IOException {
        Strace.require();
        Path real = directory.toRealPath();
        Path pool = real.resolve("pool");
        Exec.Result result = create(Strace.words("fsync:error=EIO:when=1+", real), pool);
        assertThat(result.exit()).isNotZero();
        assertThat(result.err()).contains("EIO").contains(real.toString());
        assertThat(pool).doesNotExist();
    }

    private static Exec.Result create(List<String> tracer, Path pool) {
        List<String> command = new ArrayList<>(tracer);
        command.addAll(Blkspc.command(List.of("pool", "create", "--size", "1M", "-p", pool.toString())));
        return Exec.run(Duration.ofSeconds(60), command);
    }

    /** Paths in the order their forces began; one that failed would have failed the command. */
    private static List<String> forcedIn(Path trace) throws IOException {
        List<String> forced = new ArrayList<>();
        for (String line : Files.readAllLines(trace)) {
            int from = line.indexOf('<', Math.max(0, line.indexOf("sync(")));
            int to = line.indexOf('>', from);
            if (line.contains("sync(") && from >= 0 && to > from) {
                forced.add(line.substring(from + 1, to));
            }
        }
        return forced;
    }
}

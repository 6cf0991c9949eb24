package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server that ends while it writes a dump: who dumps is told in one line, and nothing is left of the dump. */
@Timeout(150)
class DumpStopTest {

    @TempDir
    private Path directory;

    @Test
    void sigtermEndsADumpThatNobodyReads() throws IOException {
        endedBy(pool -> pool.server().terminate(), 0, 5, "dump was ended: the pool is being closed");
    }

    @Test
    void stopCommandEndsADumpThatNobodyReads() throws IOException {
        endedBy(pool -> pool.command().ok("stop"), 0, 5, "dump was ended: the pool is being closed");
    }

    @Test
    void killedServerLeavesNothingOfItsDump() throws IOException {
        endedBy(pool -> pool.server().killHard(), 137, 1, "the server's answer was lost");
    }

    private interface End {
        void of(TestPool pool) throws IOException;
    }

    private void endedBy(End end, int serverExit, int dumpExit, String line) throws IOException {
        byte[] bytes = new byte[2 << 20]; // more than a pipe holds
        new SplittableRandom(1).nextBytes(bytes);
        Path image = Files.write(directory.resolve("image"), bytes);
        try (TestPool pool = TestPool.create(directory.resolve("pool"), "64M")) {
            pool.command().ok("import", image.toString(), "vm", "-s", "16M");
            pool.command().ok("snapshot", "vm@one");
            pool.server().start();
            pool.command().ok("create", "other", "-s", "1M"); // of what is not as its snapshot something is frozen
            Path pipe = directory.resolve("pipe");
            Exec.run("mkfifo", pipe.toString()).ok();
            CompletableFuture<Exec.Result> dumping = CompletableFuture.supplyAsync(
                    () -> pool.command().run("pool", "dump", pipe.toString()),
                    task -> Thread.ofPlatform().daemon().start(task));
            try (InputStream slow = Files.newInputStream(pipe)) {
                assertThat(slow.read()).isEqualTo('B');
                end.of(pool);
                assertThat(pool.server().awaitExit(Duration.ofSeconds(30)))
                        .as("exit code\n%s", pool.server().printed())
                        .isEqualTo(serverExit);
                Exec.Result dumped = dumping.join();
                assertThat(dumped.exit()).as(dumped.err()).isEqualTo(dumpExit);
                assertThat(dumped.err().lines()).hasSize(1);
                assertThat(dumped.err()).contains(line);
            }
            pool.server().start();
            assertThat(pool.command().object("pool", "status")).containsEntry("clean", serverExit == 0);
            pool.command().ok("jobs", "wait");
            assertThat(pool.command().array("list").stream().map(each -> each.get("name")))
                    .containsExactlyInAnyOrder("vm", "vm@one", "other");
            pool.command().ok("destroy", "vm@one"); // no dump has it any more
            Path dump = directory.resolve("dump");
            pool.command().ok("pool", "dump", dump.toString());
            pool.server().stopCleanly();
            pool.command().ok("pool", "check");
            try (var left = Files.list(directory)) {
                assertThat(left.map(path -> path.getFileName().toString()))
                        .containsExactlyInAnyOrderElementsOf(List.of("image", "pool", "pipe", "dump"));
            }
        }
    }
}

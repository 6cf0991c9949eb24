package io.blkspc.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Pool;
import io.blkspc.host.PoolLock.Holder;
import io.blkspc.host.PoolLock.Mode;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PoolLockTest {

    private static final long SELF = ProcessHandle.current().pid();

    @TempDir
    Path pool;

    private static void assertBusy(Path dir, String... facts) {
        assertThatThrownBy(() -> PoolLock.acquire(dir, Mode.OFFLINE, ""))
                .isInstanceOfSatisfying(
                        BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.BUSY))
                .hasMessageContainingAll(facts);
    }

    @Test
    void secondOpenOfTheSameProcessIsRefusedByWhateverName() throws Exception {
        Path alias = pool.resolveSibling(pool.getFileName() + "-alias");
        Files.createSymbolicLink(alias, pool);
        Path linked = Files.createDirectory(pool.resolve("linked"));
        try (PoolLock _ = PoolLock.acquire(pool, Mode.SERVING, "/run/x.sock")) {
            Files.createLink(linked.resolve(PoolLock.FILE_NAME), pool.resolve(PoolLock.FILE_NAME));
            for (Path name : List.of(pool, alias, linked)) {
                assertBusy(name, "this process", "pid=" + SELF, "mode=serving", "socket=/run/x.sock");
                assertThat(PoolLock.holder(name)).contains(new Holder(SELF, Mode.SERVING, "/run/x.sock"));
            }
        } finally {
            Files.delete(alias);
        }
        assertThat(PoolLock.holder(pool)).isEmpty();
        PoolLock.acquire(pool, Mode.OFFLINE, "").close();
    }

    @Test
    void closingOneOfTwoNeverFreesTheOther() {
        PoolLock first = PoolLock.acquire(pool, Mode.OFFLINE, "");
        first.close();
        try (PoolLock second = PoolLock.acquire(pool, Mode.STARTING, "")) {
            first.close();
            assertBusy(pool, "mode=starting");
            // Other descriptors of the file come and go; a POSIX record lock would be lost here.
            assertThat(PoolLock.holder(pool)).isPresent();
            assertBusy(pool, "mode=starting");
            second.update(Mode.SERVING, "/run/y.sock");
            assertBusy(pool, "mode=serving", "/run/y.sock");
        }
    }

    @Test
    void missingDirectoryIsNotFoundAndNobodyHoldsIt() {
        Path none = pool.resolve("none");
        assertThatThrownBy(() -> PoolLock.acquire(none, Mode.OFFLINE, ""))
                .isInstanceOfSatisfying(
                        BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.NOT_FOUND));
        assertThat(PoolLock.holder(none)).isEmpty();
    }

    @Test
    void otherProcessIsNamedAndItsDeathFreesThePool() throws Exception {
        Process holder = startHolder(Mode.SERVING);
        try {
            String facts = "pid=" + holder.pid();
            assertBusy(pool, "another process", facts, "mode=serving");
            assertThat(PoolLock.awaitSettled(pool, h -> {}))
                    .contains(new Holder(holder.pid(), Mode.SERVING, "/run/other.sock"));
            assertBusy(pool, facts);
        } finally {
            // As kill -9: no shutdown hook runs.
            holder.destroyForcibly().waitFor();
        }
        assertThat(PoolLock.holder(pool)).isEmpty();
        assertThat(Files.readString(pool.resolve(PoolLock.FILE_NAME))).contains("pid=" + holder.pid());
        try (PoolLock _ = PoolLock.acquire(pool, Mode.OFFLINE, "")) {
            assertThat(PoolLock.holder(pool)).contains(new Holder(SELF, Mode.OFFLINE, ""));
        }
    }

    @Test
    void holderThatStartsIsWaitedForUntilItIsGone() throws Exception {
        Process holder = startHolder(Mode.STARTING);
        List<Holder> seen = new ArrayList<>();
        Optional<Holder> settled = PoolLock.awaitSettled(pool, waiting -> {
            seen.add(waiting);
            holder.destroyForcibly();
        });
        assertThat(settled).isEmpty();
        assertThat(seen).isNotEmpty().allMatch(h -> h.mode() == Mode.STARTING);
    }

    private Process startHolder(Mode mode) throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        PoolLockHolder.class.getName(),
                        pool.toString(),
                        mode.name())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertThat(process.inputReader().readLine()).isEqualTo("held");
        return process;
    }

    @Test
    void textOfAFreeLockMeansNothingWhateverItSays() throws Exception {
        for (String text : List.of("", "garbage", "crc32c=0\npid=x\nmode=serving\nsocket=\n", "\u0000\u0000")) {
            Files.writeString(pool.resolve(PoolLock.FILE_NAME), text);
            assertThat(PoolLock.holder(pool)).isEmpty();
            PoolLock.acquire(pool, Mode.OFFLINE, "").close();
        }
    }

    @Test
    void socketsOfADeadServerAreRemovedAndNothingElseIs() throws Exception {
        Path elsewhere = pool.resolve("elsewhere.sock");
        PoolLock.acquire(pool, Mode.SERVING, elsewhere.toString()).close();
        for (Path socket : List.of(pool.resolve("control.sock"), elsewhere)) {
            try (ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
                channel.bind(UnixDomainSocketAddress.of(socket));
            }
            assertThat(socket).exists();
        }
        Path noSocket = Files.writeString(pool.resolve("nbd.sock"), "a file");
        PoolLock.acquire(pool, Mode.OFFLINE, "").close();
        assertThat(pool.resolve("control.sock")).doesNotExist();
        assertThat(elsewhere).doesNotExist();
        assertThat(noSocket).exists();
    }

    @Test
    void lockFileThatWasReplacedIsNotLockedByMistake() throws Exception {
        try (PoolLock _ = PoolLock.acquire(pool, Mode.OFFLINE, "")) {
            Files.delete(pool.resolve(PoolLock.FILE_NAME));
            PoolLock.acquire(pool, Mode.OFFLINE, "").close();
        }
    }

    /** An operator who removes the file gets what they asked for; the lock of the data still says no. */
    @Test
    void poolWhoseLockFileWasRemovedIsHeldByItsData() throws Exception {
        Path made = pool.resolve("made");
        BlockSpaceHost.create(made, new PoolSpec(16 << 20, null, 0, false, true));
        try (Pool held = BlockSpaceHost.open(made, HostConfig.offline())) {
            held.create("before", 4096);
            Files.delete(made.resolve(PoolLock.FILE_NAME));
            for (Supplier<Pool> again : List.<Supplier<Pool>>of(
                    () -> BlockSpaceHost.open(made, HostConfig.offline()),
                    () -> BlockSpaceHost.openReadOnly(made, HostConfig.offline()))) {
                assertThatThrownBy(again::get)
                        .isInstanceOfSatisfying(
                                BlockSpaceException.class,
                                e -> assertThat(e.code()).isEqualTo(Code.BUSY));
            }
            held.create("after", 4096);
        }
        try (Pool next = BlockSpaceHost.open(made, HostConfig.offline())) {
            assertThat(next.status().cleanOpen()).isTrue();
            assertThat(next.list()).hasSize(2);
        }
    }
}

package io.blkspc.cli.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code fs mount}: the kernel's view of the sample file system, clones of it, and the end of its server. */
@Timeout(300)
class FsMountTest {

    private static final byte[] CONTENT =
            "what was synced before the end\n".repeat(500).getBytes(java.nio.charset.StandardCharsets.US_ASCII);

    private static final int KILLS = Boolean.getBoolean("blkspc.release") ? 5 : 1;

    @TempDir
    private Path directory;

    @Test
    void filesBehaveAsPosixSays() throws IOException {
        Tools.requireFuse();
        Tools.require("python3");
        try (MountedFiles files = MountedFiles.make(directory, "256M", "96M")) {
            Path posix = Files.createDirectory(files.at("v").resolve("posix"));
            Exec.Result checks = PosixScript.run(posix, directory).ok();
            assertThat(checks.out()).contains("failed=0").contains("ok names");
            files.command()
                    .run("fs", "mount", "v", directory.resolve("pool").toString())
                    .exits(Blkspc.BUSY);
            files.command().run("destroy", "v").exits(Blkspc.BUSY);
            Exec.Result refused = files.command().run("fs", "ls", "v:/").exits(Blkspc.BUSY);
            assertThat(refused.err()).contains("is mounted").hasLineCount(1);
            try (FileChannel open =
                    FileChannel.open(posix.resolve("open"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                files.command().run("fs", "umount", files.at("v").toString()).exits(Blkspc.BUSY);
                open.write(ByteBuffer.wrap(CONTENT));
            }
            files.command().ok("fs", "umount", files.at("v").toString());
            assertThat(files.at("v")).isEmptyDirectory();
            files.command().run("fs", "umount", files.at("v").toString()).exits(Blkspc.NOT_FOUND_OR_EXISTS);
            files.command().ok("fs", "mount", "v", files.at("v").toString());
            assertThat(files.at("v").resolve("posix/open")).hasBinaryContent(CONTENT);
            files.stopAndCheck("v");
        }
    }

    @Test
    void aCloneOfAMountedTreeIsTheTreeOfOneMomentAndApartFromIt() throws Exception {
        Tools.requireFuse();
        try (MountedFiles files = MountedFiles.make(directory, "384M", "128M")) {
            Path tree = files.at("v").resolve("tree");
            FileTree.make(tree, 11);
            Map<String, String> expected = FileTree.fingerprints(tree);
            AtomicBoolean isOver = new AtomicBoolean();
            Path busy = Files.createDirectory(files.at("v").resolve("busy"));
            Thread writer = Thread.ofPlatform().start(() -> churn(busy, isOver, null));
            files.request("clone", Map.of("source", "v", "targets", List.of("c")));
            files.request("snapshot", Map.of("names", List.of("v@s")));
            isOver.set(true);
            writer.join();
            files.mount("c");
            Path copy = files.at("c").resolve("tree");
            assertThat(FileTree.fingerprints(copy)).isEqualTo(expected);
            FileTree.change(copy, 12);
            Map<String, String> changed = FileTree.fingerprints(copy);
            assertThat(changed).isNotEqualTo(expected);
            assertThat(FileTree.fingerprints(tree)).isEqualTo(expected);
            files.unmount("c");
            files.mount("c");
            assertThat(FileTree.fingerprints(copy)).isEqualTo(changed);
            files.pool().server().stopCleanly();
            // Frozen with its file system: nothing waits for a replay.
            assertThat(files.command().object("fs", "fsck", "v@s"))
                    .containsEntry("clean", true)
                    .containsEntry("needs_replay", false);
            files.command().ok("fs", "fsck", "v");
            files.command().ok("fs", "fsck", "c");
            files.command().ok("pool", "check");
        }
    }

    @Test
    void aVolumeIsMountedOrOpenForAClientAndNeverBoth() throws IOException {
        Tools.requireFuse();
        try (MountedFiles files = MountedFiles.make(directory, "256M", "96M")) {
            ServerProcess server = files.pool().server();
            files.request("create", Map.of("name", "other", "size", 1L << 20));
            assertThatThrownBy(() -> server.connect("v")).isInstanceOf(IOException.class);
            server.connect("other").close();
            Files.write(files.at("v").resolve("f"), CONTENT);
            files.unmount("v");
            try (NbdConnection _ = server.connect("v")) {
                assertThatThrownBy(() -> files.mount("v")).hasMessageContaining("connections=1");
            }
            // The server may see the end of a connection later than the client does.
            Await.until("a mount", Duration.ofSeconds(10), () -> isMounted(files));
            assertThat(files.at("v").resolve("f")).hasBinaryContent(CONTENT);
            files.stopAndCheck("v");
        }
    }

    @Test
    void ofSeveralMountsThatFindNoServerOneStartsItForAll() throws Exception {
        Tools.requireFuse();
        int volumes = 5;
        try (MountedFiles files = MountedFiles.none(directory, "1G")) {
            Blkspc command = files.command();
            command.ok("create", "v0", "-s", "32M");
            command.ok("fs", "mkfs", "v0");
            command.ok("clone", "v0", "v1", "v2", "v3", "v4");
            List<FutureTask<Exec.Result>> mounts = new ArrayList<>();
            for (int i = 0; i <= volumes; i++) {
                String volume = "v" + i % volumes; // one of them twice: done already is done
                Path at = Files.createDirectories(files.at(volume));
                FutureTask<Exec.Result> mount =
                        new FutureTask<>(() -> command.run("fs", "mount", volume, at.toString()));
                mounts.add(mount);
                Thread.ofPlatform().start(mount);
            }
            try {
                for (FutureTask<Exec.Result> mount : mounts) {
                    mount.get().ok();
                }
                for (int i = 0; i < volumes; i++) {
                    Files.write(files.at("v" + i).resolve("f"), CONTENT);
                }
            } finally {
                command.run("stop");
            }
            for (int i = 0; i < volumes; i++) {
                command.ok("fs", "fsck", "v" + i);
            }
        }
    }

    private static boolean isMounted(MountedFiles files) {
        try {
            files.mount("v");
            return true;
        } catch (ControlSocket.Refused inUse) {
            return false;
        }
    }

    @Test
    void whatWasSyncedIsThereAfterTheServerWasKilled() throws Exception {
        Tools.requireFuse();
        try (MountedFiles files = MountedFiles.make(directory, "256M", "96M")) {
            for (int round = 0; round < KILLS; round++) {
                Path work = Files.createDirectory(files.at("v").resolve("round" + round));
                ConcurrentMap<String, Integer> synced = new ConcurrentHashMap<>();
                CountDownLatch some = new CountDownLatch(15);
                Thread[] writers = new Thread[3];
                for (int i = 0; i < writers.length; i++) {
                    Path own = Files.createDirectory(work.resolve("w" + i));
                    writers[i] = Thread.ofPlatform()
                            .start(() -> churn(own, new AtomicBoolean(), name -> {
                                synced.merge(name, 1, Integer::sum);
                                some.countDown();
                            }));
                }
                some.await();
                files.pool().server().killHard();
                for (Thread writer : writers) {
                    writer.join(); // its mount is dead
                }
                files.command().ok("pool", "check");
                files.pool().server().start();
                files.mount("v");
                assertThat(synced).hasSizeGreaterThanOrEqualTo(10);
                for (String name : synced.keySet()) {
                    assertThat(Files.readAllBytes(Path.of(name))).as(name).isEqualTo(CONTENT);
                }
            }
            files.stopAndCheck("v");
        }
    }

    private interface Synced {
        void file(String name);
    }

    /** Writes, renames and removes files; every third is synced and stays. Ends when it is over, or when the mount is dead. */
    private static void churn(Path work, AtomicBoolean isOver, Synced synced) {
        try {
            for (int i = 0; !isOver.get(); i++) {
                Path file = work.resolve("f" + i);
                try (FileChannel channel =
                        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                    channel.write(ByteBuffer.wrap(CONTENT));
                    if (i % 3 == 0 && synced != null) {
                        channel.force(true);
                        synced.file(file.toString());
                    }
                }
                if (i % 3 == 1) {
                    Files.move(file, work.resolve("g" + i));
                } else if (i % 3 == 2) {
                    Files.delete(file);
                }
            }
        } catch (IOException dead) {
            // that is what a killed server does to its clients
        }
    }
}

package io.blkspc.xfsish.file;

import static io.blkspc.api.contract.Fixture.BLOCK;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.contract.ContractHost;
import io.blkspc.api.contract.Fixture;
import io.blkspc.api.contract.TestIo;
import io.blkspc.api.model.ModelHost;
import io.blkspc.api.model.ModelOptions;
import io.blkspc.host.core.MemoryHost;
import io.blkspc.xfsish.inode.Inode;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Space: once an operation returned nothing can fail for it, and what is freed goes back. On both hosts. */
class FileSystemSpaceTest {

    /** The hosts. */
    enum Host {
        MODEL,
        REAL;

        ContractHost open() {
            return switch (this) {
                case MODEL -> (ModelHost) ModelOptions::defaults;
                case REAL -> new MemoryHost() {};
            };
        }
    }

    private static void write(FileSystem files, String path, long offset, byte[] data) {
        assertThat(files.write(path, offset, TreeDriver.segment(data), 0, data.length))
                .isEqualTo(data.length);
    }

    /** Another client takes everything there is, and writes it. */
    private static List<Cookie> fill(Fixture fixture, BlockSpace other) {
        return fixture.drain(other);
    }

    @ParameterizedTest
    @EnumSource
    void onceAnOperationReturnedNoLaterWriteBackFailsForSpace(Host host) {
        try (Fixture fixture = host.open().fixture(FileSystemOracleTest.POOL)) {
            BlockSpace space = fixture.space();
            FileSystemOracleTest.mkfs(space, 1000);
            fixture.pool().create("other", FileSystemOracleTest.POOL);
            BlockSpace other = fixture.space("other");
            TreeDriver driver = new TreeDriver(new SplittableRandom(7), FileSystemOracleTest.mount(space));
            for (int round = 0; round < 25; round++) {
                for (int i = 0; i < 20; i++) {
                    driver.step();
                }
                if (round % 3 == 0) { // now every block, of the log too, is shared and has to be written elsewhere
                    fixture.pool().snapshot(List.of("vol@s" + round));
                }
                List<Cookie> taken = fill(fixture, other);
                assertThat(TestIo.codeOf(() -> other.reserve(1, BLOCK))).isEqualTo(Code.OUT_OF_SPACE);
                driver.files.sync(); // all of it, with nothing left in the pool
                if (round % 4 == 0) {
                    driver.files.shutDown();
                    taken.forEach(Cookie::put);
                    FileSystemOracleTest.clean(space);
                    driver.files = FileSystemOracleTest.mount(space);
                } else {
                    taken.forEach(Cookie::put);
                }
                driver.compare();
                if (round % 3 == 2) {
                    fixture.pool().destroy(List.of("vol@s" + (round - 2)), false);
                    fixture.pool().awaitReclaim();
                }
            }
            driver.files.close();
            FileSystemOracleTest.clean(space);
        }
    }

    /** What the file system has reserved itself, and needs no more, is used before it says no. */
    private static long writeUntilItIsFull(FileSystem files, String path, long offset) {
        long done = 0;
        try {
            while (true) {
                done += files.write(path, offset + done, TreeDriver.segment(new byte[BLOCK]), 0, BLOCK);
            }
        } catch (BlockSpaceException full) {
            assertThat(full.code()).isEqualTo(Code.OUT_OF_SPACE);
            return done;
        }
    }

    @ParameterizedTest
    @EnumSource
    void aFullPoolRefusesWritesChangesNothingAndLetsFilesBeRemoved(Host host) {
        try (Fixture fixture = host.open().fixture(FileSystemOracleTest.POOL)) {
            BlockSpace space = fixture.space();
            FileSystemOracleTest.mkfs(space, 1000);
            fixture.pool().create("other", FileSystemOracleTest.POOL);
            BlockSpace other = fixture.space("other");
            FileSystem files = FileSystemOracleTest.mount(space);
            byte[] data = Fixture.bytes(1, 200 * BLOCK);
            files.create("/a", 0644);
            write(files, "/a", 0, data);
            files.checkpoint();
            List<Cookie> taken = fill(fixture, other);
            long size = data.length + writeUntilItIsFull(files, "/a", data.length);
            taken.addAll(fill(fixture, other));
            assertThat(TestIo.codeOf(() -> write(files, "/a", size, new byte[100 * BLOCK])))
                    .isEqualTo(Code.OUT_OF_SPACE);
            assertThat(TestIo.codeOf(() -> files.mkdir("/d", 0755))).isEqualTo(Code.OUT_OF_SPACE);
            assertThat(TreeDriver.read(files, "/a")).isEqualTo(Arrays.copyOf(data, (int) size));
            assertThat(files.space().writableBlocks()).isZero();
            taken.addAll(fill(fixture, other)); // a refusal gave the last of it back
            assertThat(files.space().grantedBlocks()).isZero();
            files.unlink("/a"); // from what was kept for this
            files.checkpoint();
            assertThat(files.list("/")).isEmpty();
            // It went back to the pool. In the real one the other client took all node slots, and keeps them.
            assertThat(files.space().grantedBlocks()).isGreaterThanOrEqualTo(host == Host.MODEL ? 150 : 10);
            files.mkdir("/d", 0755);
            taken.forEach(Cookie::put);
            files.close();
            FileSystemOracleTest.clean(space);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRemovalThatWasNotFinishedIsFinishedByTheNextMountAlsoWithoutAReplay(Host host) {
        try (Fixture fixture = host.open().fixture(FileSystemOracleTest.POOL)) {
            BlockSpace space = fixture.space();
            FileSystemOracleTest.mkfs(space, 1000);
            FileSystem files = FileSystemOracleTest.mount(space);
            files.create("/a", 0644);
            write(files, "/a", 0, Fixture.bytes(1, 20 * BLOCK));
            files.close();
            takeTheNameOnly(space, Names.bytes("a"));
            assertThat(FileSystemOracleTest.clean(space).unlinked()).isEqualTo(1);
            files = FileSystemOracleTest.mount(space);
            assertThat(files.wasReplayed()).isFalse();
            assertThat(files.space().usedInodes()).isEqualTo(1);
            files.close();
            assertThat(FileSystemOracleTest.clean(space).unlinked()).isZero();
        }
    }

    /** As a removal that finds space for its first step and not for the next. */
    private static void takeTheNameOnly(BlockSpace space, byte[] name) {
        FileSystemOptions options = FileSystemOptions.defaults(() -> 1);
        Mounted mounted = Mount.run(space, options).mounted();
        Inode root = mounted.inodes.get(mounted.metadata.superblock().rootInode());
        Inode inode = mounted.inodes.get(mounted.directories.find(root, name).inode());
        mounted.change(() -> mounted.delayed.need(Reservations.OPERATION, 0, 0, true), () -> {
            mounted.directories.replace(root, name, 0, 0);
            inode.fields().links = 0;
            mounted.inodes.countUnlinked(inode, 1);
            mounted.inodes.store(inode);
            mounted.inodes.store(root);
            return null;
        });
        mounted.checkpoints.run(true);
        mounted.reservations.close();
        mounted.subvolume.close();
    }

    @ParameterizedTest
    @EnumSource
    void freedSpaceGoesBackToThePoolAndTheLimitIsAnAccount(Host host) {
        try (Fixture fixture = host.open().fixture(FileSystemOracleTest.POOL)) {
            BlockSpace space = fixture.space();
            FileSystemOracleTest.mkfs(space, 1000);
            try (FileSystem files = FileSystemOracleTest.mount(space)) {
                files.create("/a", 0644);
                files.checkpoint();
                long before = fixture.pool().info("vol").mappedBytes();
                write(files, "/a", 0, Fixture.bytes(1, 500 * BLOCK));
                files.sync();
                assertThat(fixture.pool().info("vol").mappedBytes()).isGreaterThanOrEqualTo(before + 500 * BLOCK);
                files.punch("/a", 100 * BLOCK, 300L * BLOCK);
                files.truncate("/a", 450L * BLOCK);
                files.sync();
                assertThat(fixture.pool().info("vol").mappedBytes()).isLessThan(before + 160 * BLOCK);
                long used = files.space().usableBlocks() - files.space().freeBlocks();
                files.setUsable(used + 40);
                byte[] more = new byte[64 * BLOCK];
                assertThat(files.write("/a", 450L * BLOCK, TreeDriver.segment(more), 0, more.length))
                        .isBetween(35L * BLOCK, 40L * BLOCK); // as much as the limit has room for
                assertThat(TestIo.codeOf(() -> write(files, "/a", 500L * BLOCK, more)))
                        .isEqualTo(Code.OUT_OF_SPACE);
                files.setUsable(used + 400);
                write(files, "/a", 450L * BLOCK, more);
            }
            FileSystemOracleTest.clean(space);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aCloneOfAFrozenFileSystemMountsCleanAndIsApart(Host host) {
        try (Fixture fixture = host.open().fixture(FileSystemOracleTest.POOL)) {
            BlockSpace space = fixture.space();
            FileSystemOracleTest.mkfs(space, 1000);
            TreeDriver driver = new TreeDriver(new SplittableRandom(3), FileSystemOracleTest.mount(space));
            for (int i = 0; i < 300; i++) {
                driver.step();
            }
            driver.files.freeze();
            fixture.pool().clone("vol", List.of("clone"));
            driver.files.thaw();
            TreeModel then = driver.model.copy();
            for (int i = 0; i < 200; i++) {
                driver.step();
            }
            driver.compare();
            BlockSpace clone = fixture.space("clone");
            assertThat(FileSystemOracleTest.clean(clone).needsReplay()).isFalse();
            TreeDriver second = new TreeDriver(new SplittableRandom(4), FileSystemOracleTest.mount(clone), then);
            assertThat(second.files.wasReplayed()).isFalse();
            second.compare();
            for (int i = 0; i < 200; i++) {
                try {
                    second.step();
                } catch (BlockSpaceException e) {
                    assertThat(e.code()).isEqualTo(Code.EXISTS); // names begin anew in this driver
                }
            }
            second.files.sync();
            driver.compare();
            second.files.close();
            driver.files.close();
            FileSystemOracleTest.clean(space);
            FileSystemOracleTest.clean(clone);
        }
    }

    @ParameterizedTest
    @EnumSource
    void unwrittenBlocksReadAsZerosAndTakeWritesWithoutMoreBlocks(Host host) {
        try (Fixture fixture = host.open().fixture(FileSystemOracleTest.POOL)) {
            BlockSpace space = fixture.space();
            FileSystemOracleTest.mkfs(space, 1000);
            try (FileSystem files = FileSystemOracleTest.mount(space)) {
                files.create("/a", 0644);
                files.allocate("/a", 0, 50L * BLOCK, false);
                assertThat(files.status("/a").blocks()).isEqualTo(50);
                assertThat(TreeDriver.read(files, "/a")).containsOnly(0);
                write(files, "/a", 10L * BLOCK + 5, new byte[] {1, 2, 3});
                files.sync();
                byte[] expected = new byte[50 * BLOCK];
                System.arraycopy(new byte[] {1, 2, 3}, 0, expected, 10 * BLOCK + 5, 3);
                assertThat(Arrays.mismatch(TreeDriver.read(files, "/a"), expected))
                        .isEqualTo(-1);
                assertThat(files.status("/a").blocks()).isEqualTo(50);
            }
            FileSystemOracleTest.clean(space);
        }
    }
}

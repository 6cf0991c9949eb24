package io.blkspc.xfsish.file;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.contract.Fixture;
import io.blkspc.api.contract.Seeds;
import io.blkspc.api.contract.TestIo;
import io.blkspc.api.model.ModelHost;
import io.blkspc.api.model.ModelOptions;
import io.blkspc.host.core.HostPool;
import io.blkspc.host.core.SimPool;
import io.blkspc.host.sim.Fault;
import io.blkspc.host.sim.FaultInjector;
import io.blkspc.host.sim.InertScheduler;
import io.blkspc.host.sim.SimDisk;
import io.blkspc.xfsish.SubvolumeConfig;
import io.blkspc.xfsish.file.InodeAccess.Maker;
import io.blkspc.xfsish.inode.Directories;
import io.blkspc.xfsish.inode.IndexLimits;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;

/** What names cost in directories of many, and what an index of them must not say. */
class LargeDirectoryTest {

    private static final int NAMES = 20_000;
    private static final Maker MAKER = new Maker(0644, 0, 0);
    private static final SubvolumeConfig MEMORY = new SubvolumeConfig(1024, 256);
    private static final IndexLimits NEVER = new IndexLimits(Integer.MAX_VALUE, 0);

    private static FileSystem mount(BlockSpace space, IndexLimits limits) {
        return FileSystem.mount(space, new FileSystemOptions(MEMORY, () -> 1_000_000_000L, limits));
    }

    private static byte[] name(int i) {
        return ("a-name-" + i).getBytes(UTF_8);
    }

    private static boolean isThere(InodeAccess inodes, long directory, byte[] name) {
        try {
            inodes.letGo(inodes.lookUp(directory, name).inode(), 1);
            return true;
        } catch (BlockSpaceException e) {
            assertThat(e.code()).isEqualTo(Code.NOT_FOUND);
            return false;
        }
    }

    @Test
    void aNameAmongTwentyThousandCostsSomeBlocks() {
        ModelHost host = ModelOptions::defaults;
        try (Fixture fixture = host.fixture(FileSystemOracleTest.POOL)) {
            FileSystemOracleTest.mkfs(fixture.space(), 8000);
            FileSystem files = mount(fixture.space(), IndexLimits.defaults());
            long directory =
                    files.inodes().mkdir(files.inodes().root(), name(0), MAKER).inode();
            for (int i = 0; i < NAMES; i++) {
                files.inodes().create(directory, name(i), MAKER);
            }
            long made = files.nameWork().blocksViewed();
            assertThat(files.nameWork().built()).isEqualTo(1);
            assertThat(made).as("to make them").isLessThan(3L * NAMES); // before and in the change, and the new block
            files.close();

            files = mount(fixture.space(), IndexLimits.defaults());
            InodeAccess inodes = files.inodes();
            long blocks = inodes.status(directory).sizeBytes() / 4096;
            assertThat(blocks).isGreaterThan(100);
            assertThat(isThere(inodes, directory, name(NAMES - 1))).isTrue();
            long built = files.nameWork().blocksViewed();
            assertThat(built).as("to build the index").isEqualTo(blocks + 1);
            for (int i = 0; i < NAMES; i++) {
                assertThat(isThere(inodes, directory, name(i))).isTrue();
            }
            long found = files.nameWork().blocksViewed();
            assertThat(found - built).as("to find them").isBetween((long) NAMES, NAMES + 100L);
            for (int i = 0; i < NAMES; i++) {
                assertThat(isThere(inodes, directory, name(NAMES + i))).isFalse();
            }
            long missed = files.nameWork().blocksViewed();
            assertThat(missed - found).as("to miss others").isLessThan(100);
            for (int i = 0; i < NAMES; i++) {
                inodes.unlink(directory, name(i));
            }
            assertThat(files.nameWork().blocksViewed() - missed)
                    .as("to remove them")
                    .isBetween(2L * NAMES, 2L * NAMES + 100);
            inodes.rmdir(inodes.root(), name(0));
            assertThat(files.nameWork().kept()).isZero();
            files.close();
            FileSystemOracleTest.clean(fixture.space());
        }
    }

    /** The same changes, with an index and without, give the same names in the same order: the blocks are the same. */
    @Test
    void anIndexChangesNothingOnDisk() {
        long seed = Seeds.next();
        List<String> indexed = churn(seed, new IndexLimits(1, 1 << 20));
        assertThat(indexed).as("-Dblkspc.seed=" + seed).hasSizeGreaterThan(100).isEqualTo(churn(seed, NEVER));
    }

    private static List<String> churn(long seed, IndexLimits limits) {
        SplittableRandom random = new SplittableRandom(seed);
        ModelHost host = ModelOptions::defaults;
        try (Fixture fixture = host.fixture(FileSystemOracleTest.POOL)) {
            FileSystemOracleTest.mkfs(fixture.space(), 1000);
            FileSystem files = mount(fixture.space(), limits);
            List<String> names = new ArrayList<>();
            for (int i = 0; i < 3000; i++) {
                int dice = random.nextInt(names.size() < 400 ? 10 : 20);
                String fresh = "/" + i + "x".repeat(random.nextInt(60));
                if (dice < 8 || names.isEmpty()) {
                    files.create(fresh, 0644);
                    names.add(fresh);
                } else if (dice < 10) {
                    int at = random.nextInt(names.size());
                    files.rename(names.get(at), fresh);
                    names.set(at, fresh);
                } else {
                    files.unlink(names.remove(random.nextInt(names.size())));
                }
            }
            assertThat(files.nameWork().built() > 0).isEqualTo(!limits.equals(NEVER));
            List<String> listed = files.list("/");
            assertThat(listed).hasSameSizeAs(names);
            files.close();
            FileSystemOracleTest.clean(fixture.space());
            return listed;
        }
    }

    @Test
    void aDirectoryWhoseIndexIsTooLargeGoesWithoutOne() {
        ModelHost host = ModelOptions::defaults;
        try (Fixture fixture = host.fixture(FileSystemOracleTest.POOL)) {
            FileSystemOracleTest.mkfs(fixture.space(), 1000);
            FileSystem files = mount(fixture.space(), new IndexLimits(1, 2000));
            for (int i = 0; i < 300; i++) {
                files.create("/f" + i, 0644);
            }
            Directories.Work work = files.nameWork();
            assertThat(List.of(work.built(), work.dropped())).containsExactly(1L, 1L);
            assertThat(work.keptBytes()).isZero();
            files.create("/f300", 0644);
            files.unlink("/f7");
            assertThat(files.list("/")).hasSize(300).doesNotContain("f7").contains("f300");
            files.close();
            FileSystemOracleTest.clean(fixture.space());
        }
    }

    /** Fails in the middle of a change: the clock is asked after the names were changed. */
    private static final class FailingClock implements LongSupplier {
        private int callsLeft = Integer.MAX_VALUE;

        @Override
        public long getAsLong() {
            if (callsLeft-- == 0) {
                throw new IllegalStateException("planted failure");
            }
            return 1_000_000_000L;
        }
    }

    @Test
    void aChangeThatFailsLeavesNoIndexBehind() {
        failInside(1, files -> files.create("/new", 0644));
        failInside(0, files -> files.unlink("/f1"));
        failInside(0, files -> files.rename("/f1", "/new"));
        failInside(0, files -> files.rename("/f1", "/f2"));
        failInside(0, files -> files.link("/f1", "/new"));
        failInside(0, files -> files.rmdir("/d"));
    }

    private static void failInside(int calls, Consumer<FileSystem> change) {
        ModelHost host = ModelOptions::defaults;
        try (Fixture fixture = host.fixture(FileSystemOracleTest.POOL)) {
            FileSystemOracleTest.mkfs(fixture.space(), 1000);
            FailingClock clock = new FailingClock();
            FileSystem files = FileSystem.mount(
                    fixture.space(), new FileSystemOptions(MEMORY, clock, new IndexLimits(1, 1 << 20)));
            for (int i = 0; i < 60; i++) {
                files.create("/f" + i, 0644);
            }
            files.mkdir("/d", 0755);
            files.checkpoint();
            assertThat(files.nameWork().kept()).isEqualTo(1);
            clock.callsLeft = calls;
            assertThatThrownBy(() -> change.accept(files)).hasMessage("planted failure");
            assertThat(files.nameWork().kept()).isZero();
            assertNothingIsAnswered(files);
            files.shutDown();

            FileSystem again = mount(fixture.space(), new IndexLimits(1, 1 << 20));
            assertThat(again.list("/"))
                    .hasSize(61)
                    .allSatisfy(each -> again.status("/" + each))
                    .doesNotContain("new");
            again.close();
            FileSystemOracleTest.clean(fixture.space());
        }
    }

    private static void assertNothingIsAnswered(FileSystem files) {
        for (String path : List.of("/f0", "/f1", "/new", "/never")) {
            assertThatThrownBy(() -> files.status(path))
                    .isInstanceOfSatisfying(
                            BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.CLOSED));
        }
        assertThat(files.nameWork().kept()).isZero();
    }

    @Test
    void anIndexAnswersNothingAfterARecordThatCouldNotBeWritten() {
        InertScheduler scheduler = new InertScheduler();
        SimDisk made = new SimDisk(scheduler, 1);
        SimPool.create(made, scheduler, SimPool.geometry(8 << 20, 6000, 256 << 10), 1);
        SimDisk disk = made.killImage().use(scheduler);
        HostPool pool = SimPool.on(disk, scheduler, 1).open();
        pool.create("vol", 4 << 20);
        BlockSpace space = pool.open("vol");
        Mkfs.run(space, new Mkfs.Spec(new UUID(1, 1), 5, 0, 300, false));
        FileSystem files = mount(space, new IndexLimits(1, 1 << 20));
        files.create("/f0", 0644);
        files.sync();
        files.create("/new", 0644);
        disk.faults(event -> Fault.EIO);
        assertThatThrownBy(files::sync).isInstanceOf(BlockSpaceException.class);
        disk.faults(FaultInjector.NONE);
        assertThat(TestIo.codeOf(files::sync))
                .isIn(Code.IO, Code.FAILED, Code.CLOSED); // a force that fails ends the pool
        assertThat(TestIo.codeOf(files::sync)).isIn(Code.FAILED, Code.CLOSED);
        assertNothingIsAnswered(files);
        files.shutDown();
    }
}

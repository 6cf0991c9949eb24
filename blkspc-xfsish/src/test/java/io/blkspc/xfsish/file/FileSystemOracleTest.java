package io.blkspc.xfsish.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.contract.ContractHost;
import io.blkspc.api.contract.Fixture;
import io.blkspc.api.contract.Seeds;
import io.blkspc.api.model.ModelHost;
import io.blkspc.api.model.ModelOptions;
import io.blkspc.host.core.MemoryHost;
import io.blkspc.xfsish.SubvolumeConfig;
import io.blkspc.xfsish.check.CheckReport;
import io.blkspc.xfsish.check.FileSystemCheck;
import io.blkspc.xfsish.inode.Directories;
import io.blkspc.xfsish.inode.IndexLimits;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Random operations on a file system and on plain maps, with syncs, remounts and crashes of the client in between. */
class FileSystemOracleTest {

    static final long POOL = 64L << 20;
    private static final int STEPS = Boolean.getBoolean("blkspc.release") ? 500_000 : 10_000;

    /** Some directories of up to ten names, or one of some fifty. */
    private static final long INDEX_BYTES = 900;

    static FileSystem mount(BlockSpace space) {
        return FileSystem.mount(space, new FileSystemOptions(new SubvolumeConfig(1024, 256), () -> 1_000_000_000L));
    }

    /** Every directory with a name in it has an index, and few fit into memory, so that some are dropped all the time. */
    static FileSystem mountIndexed(BlockSpace space) {
        return FileSystem.mount(
                space,
                new FileSystemOptions(
                        new SubvolumeConfig(1024, 256), () -> 1_000_000_000L, new IndexLimits(1, INDEX_BYTES)));
    }

    static void mkfs(BlockSpace space, int groupBlocks) {
        Mkfs.run(space, new Mkfs.Spec(new UUID(1, 2), 5, 0, groupBlocks, false));
    }

    static CheckReport clean(BlockSpace space) {
        CheckReport report = FileSystemCheck.run(space);
        assertThat(report.findings()).isEmpty();
        return report;
    }

    private static Directories.Work run(
            ContractHost host, int steps, long seed, Function<BlockSpace, FileSystem> mount) {
        try (Fixture fixture = host.fixture(POOL)) {
            BlockSpace space = fixture.space();
            mkfs(space, 1000);
            TreeDriver driver = new TreeDriver(new SplittableRandom(seed), mount.apply(space));
            for (int i = 0; i < steps; i++) {
                driver.step();
                switch (driver.random.nextInt(800)) {
                    case 0, 1, 2, 3, 4, 5, 6, 7 -> driver.files.sync();
                    case 8 -> driver.files.checkpoint();
                    case 9 -> {
                        driver.files.close();
                        assertThat(clean(space).needsReplay()).isFalse();
                        driver.files = mount.apply(space);
                        assertThat(driver.files.wasReplayed()).isFalse();
                        driver.compare();
                    }
                    case 10 -> {
                        driver.files.sync();
                        driver.files.shutDown(); // as if the process had died
                        clean(space);
                        driver.files = mount.apply(space);
                        driver.compare();
                    }
                    case 11 -> driver.compare();
                    default -> {}
                }
            }
            driver.compare();
            Directories.Work work = driver.files.nameWork();
            driver.files.close();
            clean(space);
            assertThat(fixture.status().reservedBytes()).isZero();
            System.out.println("steps=" + steps + " out-of-space=" + driver.outOfSpace + " indexes " + work);
            return work;
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError("-Dblkspc.seed=" + seed + " " + e.getMessage(), e);
        }
    }

    @Test
    void randomOperationsGiveTheSameTreeOnTheModelHost() {
        ModelHost host = ModelOptions::defaults;
        run(host, STEPS, Seeds.next(), FileSystemOracleTest::mount);
    }

    @Test
    void randomOperationsGiveTheSameTreeOnTheRealHost() {
        run(new MemoryHost() {}, STEPS, Seeds.next(), FileSystemOracleTest::mount);
    }

    @Test
    void randomOperationsGiveTheSameTreeWhenEveryDirectoryHasAnIndexAndSomeAreDropped() {
        ModelHost host = ModelOptions::defaults;
        Directories.Work work = run(host, STEPS, Seeds.next(), FileSystemOracleTest::mountIndexed);
        assertThat(work.built()).isGreaterThan(work.kept());
        assertThat(work.dropped()).isPositive();
        assertThat(work.keptBytes()).isLessThanOrEqualTo(INDEX_BYTES);
    }
}

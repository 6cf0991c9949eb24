package io.blkspc.xfsish.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.contract.ContractHost;
import io.blkspc.api.contract.Fixture;
import io.blkspc.api.contract.Seeds;
import io.blkspc.api.model.ModelHost;
import io.blkspc.api.model.ModelOptions;
import io.blkspc.host.core.MemoryHost;
import io.blkspc.xfsish.SubvolumeConfig;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Once an operation returned, nothing that has to be done for it later runs out of space: data, metadata, the log, its restart,
 * freed blocks. A {@link HostileNeighbour} has the whole pool again before every single step of it, and has had everything
 * shared. On both hosts.
 */
class NoLateShortageTest {

    private static final int SEEDS = Boolean.getBoolean("blkspc.release") ? 60 : 3;
    private static final int STEPS = 40;

    @ParameterizedTest
    @CsvSource({"false,false", "false,true", "true,false", "true,true"})
    void whatWasAnsweredIsWrittenWhoeverHasThePoolMeanwhile(boolean isReal, boolean writes) {
        long seed = Seeds.next();
        Tally tally = new Tally();
        for (int i = 0; i < SEEDS; i++) {
            try {
                run(isReal, writes, new SplittableRandom(seed + i), tally);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("-Dblkspc.seed=" + (seed + i) + " " + e.getMessage(), e);
            }
        }
        System.out.println("real=" + isReal + " writes=" + writes + " " + tally);
        assertThat(tally.done - tally.refused).isGreaterThan(SEEDS * STEPS);
        assertThat(tally.shared).isGreaterThan(SEEDS);
    }

    private static final class Tally {
        int done;
        int refused;
        int shared;
        int fills;

        @Override
        public String toString() {
            return "operations=" + done + " refused=" + refused + " snapshots=" + shared + " fills=" + fills;
        }
    }

    private static void run(boolean isReal, boolean writes, SplittableRandom random, Tally tally) {
        ModelHost model = ModelOptions::defaults;
        ContractHost host = isReal ? new MemoryHost() {} : model;
        try (Fixture fixture = host.fixture(FileSystemOracleTest.POOL)) {
            HostileNeighbour space = new HostileNeighbour(fixture, random, writes);
            Mkfs.run(space, new Mkfs.Spec(new UUID(1, 2), 5, 0, 200 << random.nextInt(6), false));
            FileSystemOptions options = new FileSystemOptions(
                    new SubvolumeConfig(FileSystemOptions.MIN_DIRTY << random.nextInt(3), 64), () -> 1);
            TreeDriver driver = new TreeDriver(random, FileSystem.mount(space, options));
            driver.isSimple = true;
            for (int step = 0; step < STEPS; step++) {
                space.sleep((long) random.nextInt(2000) * Fixture.BLOCK);
                int operations = random.nextInt(6) == 0 ? 150 : 1 + random.nextInt(1 + random.nextInt(14));
                for (int i = 0; i < operations; i++) {
                    driver.step();
                    tally.done++;
                }
                space.wake();
                writeBack(random, space, driver, options);
            }
            space.wake();
            driver.files.close();
            space.leave();
            FileSystemOracleTest.clean(space);
            driver.files = FileSystem.mount(space, options);
            driver.compare();
            driver.files.close();
            tally.refused += driver.outOfSpace;
            tally.shared += space.snapshotsTaken;
            tally.fills += space.fills;
            assertThat(fixture.status().reservedBytes()).isZero();
        }
    }

    private static void writeBack(
            SplittableRandom random, HostileNeighbour space, TreeDriver driver, FileSystemOptions options) {
        switch (random.nextInt(10)) {
            case 0, 1, 2, 3 -> driver.files.sync();
            case 4 -> driver.files.checkpoint();
            case 5 -> {
                driver.files.freeze();
                driver.files.thaw();
            }
            case 6 -> {
                driver.files.close();
                remount(space, driver, options);
            }
            case 7 -> {
                driver.files.sync();
                driver.files.shutDown(); // as if the process had died
                remount(space, driver, options);
            }
            case 8 -> driver.compare();
            default -> {} // more operations before the next
        }
    }

    private static void remount(HostileNeighbour space, TreeDriver driver, FileSystemOptions options) {
        try {
            driver.files = FileSystem.mount(space, options); // a replay needs space, and says so at once
        } catch (BlockSpaceException e) {
            assertThat(e.code()).isEqualTo(Code.OUT_OF_SPACE);
            space.leave();
            driver.files = FileSystem.mount(space, options);
        }
        driver.compare();
    }
}

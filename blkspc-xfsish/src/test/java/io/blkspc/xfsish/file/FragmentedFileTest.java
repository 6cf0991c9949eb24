package io.blkspc.xfsish.file;

import static io.blkspc.api.contract.Fixture.BLOCK;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.contract.Fixture;
import io.blkspc.api.contract.Seeds;
import io.blkspc.api.model.ModelHost;
import io.blkspc.api.model.ModelOptions;
import io.blkspc.xfsish.file.FileSystemException.Reason;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Files of hundreds of extents: leaves are filled, split, emptied and given up. */
class FragmentedFileTest {

    private static final int STEPS = Boolean.getBoolean("blkspc.release") ? 100_000 : 2500;
    private static final int MAX_BLOCKS = 2500;
    private static final String PATH = "/a";

    /** The file as one byte for each block; -1 = past its end. */
    private static final class Blocks {
        final int[] values = new int[MAX_BLOCKS];
        int count;

        void fill(int from, int to, int value) {
            Arrays.fill(values, from, to, value);
            count = Math.max(count, to);
        }

        void cut(int to) {
            Arrays.fill(values, to, MAX_BLOCKS, 0);
            count = to;
        }
    }

    private final MemorySegment buffer = Arena.ofAuto().allocate((long) MAX_BLOCKS * BLOCK);
    private final Blocks blocks = new Blocks();

    private void write(FileSystem files, int from, int to, int value) {
        long length = (long) (to - from) * BLOCK;
        buffer.asSlice(0, length).fill((byte) value);
        assertThat(files.write(PATH, (long) from * BLOCK, buffer, 0, length)).isEqualTo(length);
        blocks.fill(from, to, value);
    }

    private void compare(FileSystem files) {
        assertThat(files.status(PATH).sizeBytes()).isEqualTo((long) blocks.count * BLOCK);
        assertThat(files.read(PATH, 0, buffer, 0, (long) MAX_BLOCKS * BLOCK)).isEqualTo((long) blocks.count * BLOCK);
        MemorySegment expected = Arena.ofAuto().allocate(BLOCK);
        for (int i = 0; i < blocks.count; i++) {
            expected.fill((byte) blocks.values[i]);
            assertThat(buffer.asSlice((long) i * BLOCK, BLOCK).mismatch(expected))
                    .as("file block " + i)
                    .isEqualTo(-1);
        }
    }

    private void step(FileSystem files, SplittableRandom random) {
        int from = random.nextInt(MAX_BLOCKS);
        int length = 1 + random.nextInt(random.nextInt(20) == 0 ? 400 : 20);
        int to = Math.min(MAX_BLOCKS, from + length);
        switch (random.nextInt(20)) {
            case 0 -> {
                int size = random.nextInt(4) == 0 ? from : Math.max(from, blocks.count - length);
                files.truncate(PATH, (long) size * BLOCK);
                blocks.cut(size);
            }
            case 1, 2, 3 -> {
                files.punch(PATH, (long) from * BLOCK, (long) (to - from) * BLOCK);
                Arrays.fill(blocks.values, from, Math.min(to, Math.max(from, blocks.count)), 0);
            }
            case 4 -> {
                files.allocate(PATH, (long) from * BLOCK, (long) (to - from) * BLOCK, false);
                blocks.count = Math.max(blocks.count, to);
            }
            case 5, 6 -> files.sync();
            case 7, 8, 9 -> write(files, from, to, random.nextInt(256));
            default -> { // every other block of a range: that many extents
                for (int i = from; i < Math.min(MAX_BLOCKS, from + 30); i += 2) {
                    write(files, i, i + 1, random.nextInt(256));
                }
            }
        }
    }

    @Test
    void whatWasWrittenInManyExtentsIsReadAgain() {
        long seed = Seeds.next();
        SplittableRandom random = new SplittableRandom(seed);
        ModelHost host = ModelOptions::defaults;
        try (Fixture fixture = host.fixture(FileSystemOracleTest.POOL)) {
            BlockSpace space = fixture.space();
            FileSystemOracleTest.mkfs(space, 1000);
            FileSystem files = FileSystemOracleTest.mount(space);
            files.create(PATH, 0644);
            for (int i = 1; i <= STEPS; i++) {
                step(files, random);
                if (i % 250 == 0) {
                    compare(files);
                    files.close();
                    FileSystemOracleTest.clean(space);
                    files = FileSystemOracleTest.mount(space);
                    compare(files);
                }
            }
            files.close();
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError("-Dblkspc.seed=" + seed + " " + e.getMessage(), e);
        }
    }

    @Test
    void aRunThatReachesIntoTheNextLeafIsFoundInBoth() {
        ModelHost host = ModelOptions::defaults;
        try (Fixture fixture = host.fixture(FileSystemOracleTest.POOL)) {
            BlockSpace space = fixture.space();
            FileSystemOracleTest.mkfs(space, 0);
            FileSystem files = FileSystemOracleTest.mount(space);
            files.create(PATH, 0644);
            for (int i = 0; i < 2000; i += 2) {
                write(files, i, i + 1, i);
                if (i % 64 == 0) {
                    files.sync();
                }
            }
            for (int at = 100; at < 1900; at += 37) {
                files.punch(PATH, (long) at * BLOCK, 12L * BLOCK);
                Arrays.fill(blocks.values, at, at + 12, 0);
                write(files, at - 1, at + 8, at);
                files.sync();
                compare(files);
            }
            files.truncate(PATH, 0);
            blocks.cut(0);
            write(files, 1000, 1001, 1);
            for (int i = 998; i >= 0; i -= 2) { // downwards: below everything there is
                write(files, i, i + 1, i);
            }
            files.sync();
            compare(files);
            files.close();
            FileSystemOracleTest.clean(space);
            files = FileSystemOracleTest.mount(space);
            compare(files);
            files.close();
        }
    }

    @Test
    void aFileAsFragmentedAsAllowedIsReadTruncatedAndRemoved() {
        ModelHost host = ModelOptions::defaults;
        try (Fixture fixture = host.fixture(FileSystemOracleTest.POOL)) {
            BlockSpace space = fixture.space();
            FileSystemOracleTest.mkfs(space, 0);
            FileSystem files = FileSystemOracleTest.mount(space);
            files.create(PATH, 0644);
            MemorySegment one = Arena.ofAuto().allocate(BLOCK).fill((byte) 7);
            long[] at = {0};
            Reason refused = null;
            while (refused == null) {
                refused = TreeDriver.reasonOf(() -> files.write(PATH, at[0], one, 0, BLOCK));
                at[0] += 2L * BLOCK;
            }
            assertThat(refused).isEqualTo(Reason.TOO_LARGE);
            files.sync();
            assertThat(files.status(PATH).blocks()).isGreaterThan(5000);
            files.truncate(PATH, at[0] / 2);
            files.truncate(PATH, at[0]);
            while (TreeDriver.reasonOf(() -> files.write(PATH, at[0], one, 0, BLOCK)) == null) {
                at[0] += 2L * BLOCK;
            }
            files.sync();
            files.unlink(PATH);
            assertThat(files.space().usedInodes()).isEqualTo(1);
            files.close();
            assertThat(FileSystemOracleTest.clean(space).unlinked()).isZero();
        }
    }
}

package io.blkspc.xfsish.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.Cookie;
import io.blkspc.api.PoolEvent;
import io.blkspc.api.Quota;
import io.blkspc.api.contract.ContractHost;
import io.blkspc.api.contract.Fixture;
import io.blkspc.api.model.ModelHost;
import io.blkspc.api.model.ModelOptions;
import io.blkspc.host.core.MemoryHost;
import io.blkspc.xfsish.SubvolumeConfig;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a file system says can be written can be written, however much of the pool others have. */
class WritableSpaceTest {

    private static final int BLOCK = 4096;
    private static final int WINDOW = 1 << 20;

    private static ContractHost host(boolean isReal) {
        ModelHost model = ModelOptions::defaults;
        return isReal ? new MemoryHost() {} : model;
    }

    @ParameterizedTest
    @CsvSource({"false,0,1", "false,40,1", "true,0,1", "true,0,7", "true,30,1", "true,50,3", "true,58,1"})
    void whatIsWritableCanBeWritten(boolean isReal, int othersMegabytes, int files) {
        try (Fixture fixture = host(isReal).fixture(FileSystemOracleTest.POOL)) {
            BlockSpace space = fixture.space();
            FileSystemOracleTest.mkfs(space, 1000);
            fixture.pool().create("other", FileSystemOracleTest.POOL);
            List<Cookie> others = take(fixture.space("other"), othersMegabytes);
            FileSystem mounted = FileSystemOracleTest.mount(space);
            for (int i = 0; i < files; i++) {
                mounted.create("/f" + i, 0644);
            }
            SpaceStatus before = mounted.space();
            assertThat(before.writableBlocks()).isLessThanOrEqualTo(before.freeBlocks());
            MemorySegment piece = TreeDriver.segment(Fixture.bytes(othersMegabytes, 16 * BLOCK));
            for (long done = 0; done < before.writableBlocks(); done += 16) {
                long bytes = Math.min(16, before.writableBlocks() - done) * BLOCK;
                String path = "/f" + done / 16 % files;
                long size = mounted.status(path).sizeBytes();
                assertThat(mounted.write(path, size, piece, 0, bytes)).isEqualTo(bytes);
            }
            mounted.sync();
            System.out.println("others=" + othersMegabytes + "M free=" + before.freeBlocks() + " granted="
                    + before.grantedBlocks() + " writable=" + before.writableBlocks());
            if (othersMegabytes <= 50) {
                assertThat(before.writableBlocks()).isGreaterThan(500);
            }
            mounted.close();
            FileSystemOracleTest.clean(space);
            others.forEach(Cookie::put);
        }
    }

    /** Then the log, and whatever metadata a write changes, takes blocks of its own once more. */
    @ParameterizedTest
    @CsvSource({"false,40,1", "false,58,3", "true,30,1", "true,50,2", "true,56,1"})
    void whatIsWritableAfterASnapshotCanBeWrittenAndSyncedPieceByPiece(boolean isReal, int othersMegabytes, int piece) {
        try (Fixture fixture = host(isReal).fixture(FileSystemOracleTest.POOL)) {
            BlockSpace space = fixture.space();
            FileSystemOracleTest.mkfs(space, 1000);
            fixture.pool().create("other", FileSystemOracleTest.POOL);
            FileSystem mounted = FileSystemOracleTest.mount(space);
            for (int i = 0; i < 7; i++) {
                mounted.create("/f" + i, 0644);
            }
            mounted.freeze();
            fixture.pool().snapshot(List.of("vol@s"));
            mounted.thaw();
            List<Cookie> others = take(fixture.space("other"), othersMegabytes);
            SpaceStatus before = mounted.space();
            System.out.println(
                    "others=" + othersMegabytes + "M piece=" + piece + " writable=" + before.writableBlocks());
            assertThat(before.writableBlocks()).isGreaterThan(150);
            append(mounted, 7, before.writableBlocks(), piece, true);
            mounted.close();
            FileSystemOracleTest.clean(space);
            others.forEach(Cookie::put);
        }
    }

    /** A write that may go to any of many groups reserves for all of them. */
    @ParameterizedTest
    @CsvSource({"false,52,256", "false,56,64", "true,40,64", "true,52,64"})
    void whatIsWritableOfAWideFileSystemCanBeWrittenInLargePieces(boolean isReal, int othersMegabytes, int piece) {
        try (Fixture fixture = host(isReal).fixture(FileSystemOracleTest.POOL)) {
            fixture.pool().create("wide", 4 * FileSystemOracleTest.POOL);
            BlockSpace space = fixture.space("wide");
            FileSystemOracleTest.mkfs(space, 1056);
            fixture.pool().create("other", FileSystemOracleTest.POOL);
            List<Cookie> others = take(fixture.space("other"), othersMegabytes);
            FileSystem mounted = FileSystemOracleTest.mount(space);
            mounted.create("/f0", 0644);
            SpaceStatus before = mounted.space();
            System.out.println(
                    "others=" + othersMegabytes + "M piece=" + piece + " writable=" + before.writableBlocks());
            assertThat(before.writableBlocks()).isGreaterThan(150);
            append(mounted, 1, before.writableBlocks(), piece, false);
            mounted.close();
            FileSystemOracleTest.clean(space);
            others.forEach(Cookie::put);
        }
    }

    /** The more groups a write may go to, the more memory its worst case takes. */
    @Test
    void aWideFileSystemIsWrittenAndPreallocatedWithTheLeastMemory() {
        try (Fixture fixture = host(false).fixture(FileSystemOracleTest.POOL)) {
            fixture.pool().create("wide", 16 * FileSystemOracleTest.POOL);
            BlockSpace space = fixture.space("wide");
            FileSystemOracleTest.mkfs(space, 1056);
            SubvolumeConfig least = new SubvolumeConfig(FileSystemOptions.MIN_DIRTY, 64);
            try (FileSystem mounted = FileSystem.mount(space, new FileSystemOptions(least, () -> 1))) {
                mounted.create("/f0", 0644);
                append(mounted, 1, 512, 256, false);
                mounted.allocate("/f0", 512 * BLOCK, 512 * BLOCK, false);
                append(mounted, 1, 512, 64, false);
            }
            FileSystemOracleTest.clean(space);
        }
    }

    /** However often it was written before: freed blocks are the volume's own, and overwriting takes nothing of the pool. */
    @ParameterizedTest
    @CsvSource({"false,1,false", "false,64,true", "true,1,true", "true,64,false", "true,64,true"})
    void whatIsGuaranteedIsAvailableInAFullPool(boolean isReal, int piece, boolean snapshots) {
        try (Fixture fixture = host(isReal).fixture(FileSystemOracleTest.POOL)) {
            fixture.pool().create("g", 16L << 20, Quota.guarantee(Quota.FULL));
            BlockSpace space = fixture.space("g");
            FileSystemOracleTest.mkfs(space, 1000);
            fixture.pool().create("other", FileSystemOracleTest.POOL);
            FileSystem mounted = FileSystemOracleTest.mount(space);
            mounted.create("/f0", 0644);
            if (snapshots) {
                append(mounted, 1, 1000, 100, false);
                mounted.freeze();
                fixture.pool().snapshot(List.of("g@s"));
                mounted.thaw();
            }
            List<Cookie> others =
                    take(fixture.space("other"), 64); // by windows: one by one, nodes run out before blocks
            others.addAll(fixture.drain(fixture.space("other")));
            assertThat(fixture.available()).isZero();
            mounted.truncate("/f0", 0);
            mounted.checkpoint();
            long writable = mounted.space().writableBlocks();
            assertThat(writable).isGreaterThan(3000);
            for (int round = 0; round < 3; round++) {
                append(mounted, 1, writable, piece, false);
                mounted.sync();
                overwrite(mounted, writable, round);
                mounted.truncate("/f0", 0);
                mounted.checkpoint();
                assertThat(mounted.space().writableBlocks()).isEqualTo(writable);
            }
            append(mounted, 1, writable, piece, true);
            mounted.close();
            FileSystemOracleTest.clean(space);
            others.forEach(Cookie::put);
        }
    }

    /** Every second block, and what was written just now once more. */
    private static void overwrite(FileSystem mounted, long blocks, int seed) {
        MemorySegment bytes = TreeDriver.segment(Fixture.bytes(seed, BLOCK));
        for (int pass = 0; pass < 2; pass++) {
            for (long block = 0; block < blocks; block += 2) {
                assertThat(mounted.write("/f0", block * BLOCK, bytes, 0, BLOCK)).isEqualTo(BLOCK);
            }
            mounted.sync();
        }
    }

    private static void append(FileSystem mounted, int files, long blocks, int piece, boolean syncs) {
        MemorySegment bytes = TreeDriver.segment(Fixture.bytes(piece, piece * BLOCK));
        for (long done = 0; done < blocks; done += piece) {
            long length = Math.min(piece, blocks - done) * BLOCK;
            String path = "/f" + done / piece % files;
            assertThat(mounted.write(path, mounted.status(path).sizeBytes(), bytes, 0, length))
                    .as("block %d of %d", done, blocks)
                    .isEqualTo(length);
            if (syncs) {
                mounted.sync();
            }
        }
    }

    /** A reservation for a moment would refuse the other one now and then, or be refused by it. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whoTakesExactlyWhatIsLeftIsNeverRefusedBesideAnotherWhoAsksHowMuchThatIs(boolean isReal) throws Exception {
        try (Fixture fixture = host(isReal).fixture(FileSystemOracleTest.POOL)) {
            BlockSpace space = fixture.space();
            FileSystemOracleTest.mkfs(space, 1000);
            fixture.pool().create("other", FileSystemOracleTest.POOL);
            BlockSpace other = fixture.space("other");
            FileSystem mounted = FileSystemOracleTest.mount(space);
            mounted.create("/f", 0644);
            mounted.sync();
            long unhindered = mounted.space().grantedBlocks();
            int left = other.reservable(BLOCK);
            Cookie all = other.reserve(left, BLOCK);
            long hindered = mounted.space().grantedBlocks();
            all.put();
            assertThat(hindered).isLessThan(unhindered);
            AtomicBoolean isOver = new AtomicBoolean();
            FutureTask<Set<Long>> asked = Fixture.async(() -> {
                Set<Long> answers = new TreeSet<>();
                while (!isOver.get()) {
                    answers.add(mounted.space().grantedBlocks());
                }
                return answers;
            });
            try {
                for (int i = 0; i < 2000; i++) {
                    assertThat(other.reservable(BLOCK)).isEqualTo(left);
                    other.reserve(left, BLOCK).put();
                }
            } finally {
                isOver.set(true);
            }
            assertThat(Fixture.get(asked)).isSubsetOf(hindered, unhindered);
            assertThat(mounted.space().grantedBlocks()).isEqualTo(unhindered);
            assertThat(fixture.pool().events(0)).noneMatch(event -> event.kind() == PoolEvent.Kind.SHORTAGE);
            mounted.close();
        }
    }

    private static List<Cookie> take(BlockSpace other, int megabytes) {
        List<Cookie> taken = new ArrayList<>();
        try {
            for (int i = 0; i < megabytes; i++) {
                taken.add(other.reserve(1, WINDOW));
            }
        } catch (BlockSpaceException full) {
            assertThat(full.code()).isEqualTo(BlockSpaceException.Code.OUT_OF_SPACE);
        }
        return taken;
    }
}

package io.blkspc.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Pool;
import io.blkspc.api.Quota;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.device.CacheMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A pool in files that is made larger while it is read and written: its files, its map, and what was in them. */
class GrowFilesTest {

    private static final long MIB = 1 << 20;

    @TempDir
    Path dir;

    private static byte[] bytes(long seed, int length) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @ParameterizedTest
    @EnumSource(CacheMode.class)
    void filesAndMapGrowUnderClients(CacheMode mode) throws Exception {
        Path path = dir.resolve("pool");
        HostConfig config = HostConfig.serving("").with(mode);
        BlockSpaceHost.create(path, new PoolSpec(16 * MIB, null, 0, false, true));
        long mapBefore = Files.size(path.resolve("extents.map"));
        byte[] first = bytes(1, 700_000);
        AtomicBoolean done = new AtomicBoolean();
        try (Pool pool = BlockSpaceHost.open(path, config)) {
            pool.create("v", 8 * MIB);
            try (BlockSpace space = pool.open("v")) {
                new TestIo(space).write(777, first);
                CompletableFuture<Void> reader = CompletableFuture.runAsync(() -> {
                    while (!done.get()) {
                        assertThat(new TestIo(space).read(777, first.length)).isEqualTo(first);
                    }
                });
                for (long size = 32 * MIB; size <= 512 * MIB; size *= 4) {
                    pool.grow(size);
                    assertThat(Files.size(path.resolve("data"))).isEqualTo(size);
                }
                done.set(true);
                reader.join();
            }
            assertThat(Files.size(path.resolve("extents.map"))).isGreaterThan(mapBefore);
            pool.create("g", 128 * MIB, Quota.guarantee(Quota.FULL));
            try (BlockSpace space = pool.open("g")) {
                for (long i = 0; i < 8; i++) {
                    new TestIo(space).write(i * 16 * MIB, first);
                }
            }
            assertThat(BlockSpaceHost.check(pool, true).findings()).isEmpty();
        }
        Path halfMade = Files.createFile(path.resolve("extents.map.99999"));
        Files.delete(path.resolve("extents.map"));
        try (Pool pool = BlockSpaceHost.open(path, config);
                BlockSpace v = pool.open("v");
                BlockSpace g = pool.open("g")) {
            assertThat(pool.status().cleanOpen()).isTrue();
            assertThat(pool.status().sizeBytes()).isEqualTo(512 * MIB);
            assertThat(new TestIo(v).read(777, first.length)).isEqualTo(first);
            assertThat(new TestIo(g).read(112 * MIB, first.length)).isEqualTo(first);
        }
        assertThat(halfMade).doesNotExist();
        assertThat(BlockSpaceHost.check(path).findings()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(CacheMode.class)
    void refusedWithoutRoomAndNothingIsLeftOfIt(CacheMode mode) throws Exception {
        Path path = dir.resolve("pool");
        BlockSpaceHost.create(path, new PoolSpec(16 * MIB, null, 0, false, true));
        long segments = Files.size(path.resolve("segments"));
        // The map is made last: a directory that is not empty stands in its way, as a file system without room would.
        Files.createDirectories(
                path.resolve("extents.map." + (16 * MIB / 4096 / 64 + 2048 + 16 * MIB / 4096 / 64) + "/in"));
        try (Pool pool = BlockSpaceHost.open(path, HostConfig.offline().with(mode))) {
            assertThatThrownBy(() -> pool.grow(32 * MIB))
                    .isInstanceOfSatisfying(
                            BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.OUT_OF_BACKING));
            assertThat(pool.status().sizeBytes()).isEqualTo(16 * MIB);
            pool.create("v", 8 * MIB);
        }
        assertThat(Files.size(path.resolve("data"))).isEqualTo(16 * MIB);
        assertThat(Files.size(path.resolve("segments"))).isEqualTo(segments);
        try (Pool pool = BlockSpaceHost.openReadOnly(path, HostConfig.offline())) {
            assertThatThrownBy(() -> pool.grow(32 * MIB))
                    .isInstanceOfSatisfying(
                            BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.READ_ONLY));
        }
    }
}

package io.blkspc.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Pool;
import io.blkspc.api.contract.TestIo;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where the map file cannot be made again, the pool opens all the same, and makes it at a later start. */
class MapInMemoryTest {

    @TempDir
    Path dir;

    private static byte[] bytes(long seed, int length) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @Test
    void poolOpensWithoutAMapFileAndMakesItWhenItCan() throws Exception {
        Path path = dir.resolve("pool");
        BlockSpaceHost.create(path, new PoolSpec(32L << 20, null, 0, false, true));
        byte[] first = bytes(1, 300_000);
        byte[] second = bytes(2, 50_000);
        Path map = path.resolve("extents.map");
        try (Pool pool = BlockSpaceHost.open(path, HostConfig.offline())) {
            pool.create("vol", 8 << 20);
            try (BlockSpace space = pool.open("vol")) {
                new TestIo(space).write(777, first);
            }
        }
        // A directory that is not empty stands in the way, as a file system without room would.
        Files.delete(map);
        Files.createDirectories(map.resolve("in the way"));
        try (Pool pool = BlockSpaceHost.open(path, HostConfig.offline());
                BlockSpace space = pool.open("vol")) {
            TestIo io = new TestIo(space);
            assertThat(io.read(777, first.length)).isEqualTo(first);
            pool.clone("vol", List.of("copy"));
            io.write(100_000, second);
        }
        try (Pool pool = BlockSpaceHost.open(path, HostConfig.offline());
                BlockSpace space = pool.open("copy")) {
            assertThat(new TestIo(space).read(777, first.length)).isEqualTo(first);
        }
        Files.delete(map.resolve("in the way"));
        Files.delete(map);
        try (Pool pool = BlockSpaceHost.open(path, HostConfig.offline());
                BlockSpace space = pool.open("vol")) {
            assertThat(pool.status().cleanOpen()).isTrue();
            assertThat(new TestIo(space).read(100_000, second.length)).isEqualTo(second);
            assertThat(Files.isRegularFile(map)).isTrue();
        }
        assertThat(BlockSpaceHost.check(path).findings()).isEmpty();
    }
}

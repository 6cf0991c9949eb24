package io.blkspc.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Pool;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.device.CacheMode;
import io.blkspc.host.device.FileBlockDevice;
import io.blkspc.host.device.PageCache;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A pool in a directory whose data goes around the page cache. */
class DirectPoolTest {

    @TempDir
    Path dir;

    private static byte[] bytes(long seed, int length) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private Path newPool() throws Exception {
        Path pool = dir.resolve("pool");
        BlockSpaceHost.create(pool, new PoolSpec(32L << 20, null, 0, false, true));
        Path probe = Files.write(dir.resolve("probe"), new byte[4096]);
        try (FileBlockDevice device = FileBlockDevice.openExclusive(probe, CacheMode.DIRECT)) {
            assumeTrue(device.cacheMode() == CacheMode.DIRECT, "skipped: no O_DIRECT at " + dir);
        }
        return pool;
    }

    @Test
    void dataOfAPoolIsNeverInThePageCache() throws Exception {
        Path pool = newPool();
        Path data = pool.resolve("data");
        try (Pool direct = BlockSpaceHost.open(pool, HostConfig.offline().with(CacheMode.DIRECT))) {
            direct.create("vol", 8 << 20);
            try (BlockSpace space = direct.open("vol")) {
                TestIo io = new TestIo(space);
                io.write(0, bytes(1, 1 << 20));
                io.write(5_000, bytes(2, 100));
                direct.snapshot(java.util.List.of("vol@s"));
                io.write(9_000, bytes(3, 10)); // a copy of part of a block
                assertThat(io.read(5_000, 100)).isEqualTo(bytes(2, 100));
                space.flush();
            }
        }
        assertThat(PageCache.pages(data)).isZero();
    }

    @Test
    void eachModeReadsWhatTheOtherWrote() throws Exception {
        Path pool = newPool();
        byte[] first = bytes(1, 300_001);
        byte[] second = bytes(2, 70_003);
        try (Pool cached = BlockSpaceHost.open(pool, HostConfig.offline())) {
            cached.create("vol", 8 << 20);
            try (BlockSpace space = cached.open("vol")) {
                new TestIo(space).write(777, first);
            }
        }
        try (Pool direct = BlockSpaceHost.open(pool, HostConfig.offline().with(CacheMode.DIRECT));
                BlockSpace space = direct.open("vol")) {
            TestIo io = new TestIo(space);
            assertThat(io.read(777, first.length)).isEqualTo(first);
            io.write(1_500, second);
            System.arraycopy(second, 0, first, 1_500 - 777, second.length);
        }
        try (Pool cached = BlockSpaceHost.open(pool, HostConfig.offline());
                BlockSpace space = cached.open("vol")) {
            assertThat(new TestIo(space).read(777, first.length)).isEqualTo(first);
        }
    }
}

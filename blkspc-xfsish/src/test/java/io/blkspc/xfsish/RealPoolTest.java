package io.blkspc.xfsish;

import static io.blkspc.xfsish.Bytes.BLOCK;
import static io.blkspc.xfsish.Bytes.blocks;
import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Pool;
import io.blkspc.host.BlockSpaceHost;
import io.blkspc.host.HostConfig;
import io.blkspc.host.PoolSpec;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The write path over a pool in files, as an operator would have it. */
class RealPoolTest {

    @TempDir
    Path directory;

    @Test
    void aCloneOfAFrozenSubvolumeIsApartAndBothAreThereAfterReopening() {
        Path path = directory.resolve("pool");
        BlockSpaceHost.create(path, new PoolSpec(64L << 20, null, 0, false, true));
        try (Pool pool = BlockSpaceHost.open(path, HostConfig.offline())) {
            writeAndClone(pool);
            assertThat(pool.status().reservedBytes()).isZero();
        }
        try (Pool pool = BlockSpaceHost.open(path, HostConfig.offline());
                BlockSpace space = pool.open("vol");
                BlockSpace clone = pool.open("clone");
                Subvolume subvolume = Subvolume.open(space, SubvolumeConfig.defaults());
                Subvolume cloned = Subvolume.open(clone, SubvolumeConfig.defaults())) {
            byte[] expected = blocks(1, 1000);
            assertThat(Bytes.read(cloned, 100, expected.length)).isEqualTo(expected);
            System.arraycopy(blocks(2, 100), 0, expected, 500 * BLOCK - 100, 100 * BLOCK);
            assertThat(Bytes.read(subvolume, 100, expected.length)).isEqualTo(expected);
        }
    }

    private static void writeAndClone(Pool pool) {
        pool.create("vol", 32L << 20);
        try (BlockSpace space = pool.open("vol");
                Subvolume subvolume = Subvolume.open(space, SubvolumeConfig.defaults())) {
            Bytes.writeRange(subvolume, 100, blocks(1, 1000));
            try (Freeze _ = subvolume.freeze()) {
                pool.clone("vol", List.of("clone"));
            }
            Bytes.write(subvolume, 500L * BLOCK, blocks(2, 100));
        }
    }
}

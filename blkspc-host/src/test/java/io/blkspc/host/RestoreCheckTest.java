package io.blkspc.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.Pool;
import io.blkspc.api.contract.TestIo;
import io.blkspc.host.core.RestoreReport;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A restored pool is checked where memory allows; where not, the pool is there and who restores is told. */
class RestoreCheckTest {

    private static final int EXTENTS = 3; // of the volume, and as many of its snapshot

    @TempDir
    private Path directory;

    private byte[] dump() {
        Path path = directory.resolve("pool");
        BlockSpaceHost.create(path, new PoolSpec(16 << 20, null, 0, false, true));
        ByteArrayOutputStream dump = new ByteArrayOutputStream();
        try (Pool pool = BlockSpaceHost.open(path, HostConfig.offline())) {
            pool.create("v", 1 << 20);
            try (BlockSpace space = pool.open("v")) {
                for (int i = 0; i < EXTENTS; i++) {
                    new TestIo(space).write(2L * i * 4096, new byte[4096]);
                }
            }
            pool.snapshot(List.of("v@one"));
            BlockSpaceHost.dump(pool, dump, words -> {});
        }
        return dump.toByteArray();
    }

    private void restore(byte[] dump, String name, long memoryBytes, boolean isChecked) {
        List<String> steps = new ArrayList<>();
        Path path = directory.resolve(name);
        RestoreReport report = BlockSpaceHost.restore(
                new ByteArrayInputStream(dump), path, null, false, true, memoryBytes, steps::add);
        assertThat(report.isChecked()).isEqualTo(isChecked);
        assertThat(steps.contains("checking")).isEqualTo(isChecked);
        assertThat(report.made().snapshots()).isEqualTo(1);
        assertThat(BlockSpaceHost.check(path, true).findings()).isEmpty();
    }

    @Test
    void poolIsCheckedWhereMemoryIsEnoughForEachExtentOfEachVersion() {
        byte[] dump = dump();
        long enough = 2L * EXTENTS * BlockSpaceHost.CHECK_BYTES_PER_EXTENT;
        restore(dump, "enough", enough, true);
        restore(dump, "short", enough - 1, false);
    }
}

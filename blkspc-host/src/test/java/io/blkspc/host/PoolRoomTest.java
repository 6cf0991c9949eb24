package io.blkspc.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Geometry;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A pool whose files have no room together, though each has alone. */
class PoolRoomTest {

    @TempDir
    Path dir;

    /** Else the last file would take all there is before it failed, and everybody else found the file system full for that moment. */
    @Test
    void aPoolThatDoesNotFitIsRefusedBeforeAnyOfItIsMade() throws Exception {
        FileStore store = Files.getFileStore(dir);
        assumeTrue(List.of("ext4", "xfs", "tmpfs").contains(store.type()), "skipped: has " + store.type());
        Path pool = dir.resolve("pool");
        long free = store.getUnallocatedSpace();
        for (long size : new long[] {free / 100 * 99, 20 * free}) { // the metadata of the second is nearly all there is
            PoolSpec spec = new PoolSpec(size & -Geometry.BLOCK_BYTES, null, 0, false, false);
            assertThatThrownBy(() -> BlockSpaceHost.create(pool, spec))
                    .isInstanceOfSatisfying(
                            BlockSpaceException.class, e -> assertThat(e.code()).isEqualTo(Code.OUT_OF_BACKING))
                    .hasMessageMatching("not enough room: file=" + pool + ", size=\\d+, free=[1-9]\\d*");
            assertThat(pool).doesNotExist();
        }
    }
}

package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.CommitBatch;
import io.blkspc.api.CommitType;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** R1: never more than 256 MiB lie above the durable mark, however a client commits; commits wait for it. */
class UnpersistedBoundTest {

    private static final int WINDOW = Geometry.MAX_WINDOW_BYTES;
    private static final int WINDOWS = 300;

    /** Nobody but the client raises the mark: this pool has no background. */
    @ParameterizedTest
    @ValueSource(ints = {1, 7, WINDOWS})
    void commitsWaitForTheMark(int windowsPerCommit) {
        try (CountingPool at = new CountingPool(1L << 30)) {
            at.pool.create("v", (long) WINDOWS * WINDOW);
            at.quiet();
            try (BlockSpace space = at.pool.open("v")) {
                Cookie cookie = space.reserve(WINDOWS, WINDOW);
                CommitBatch batch = new CommitBatch();
                Map<String, Long> counts = at.countsOf(() -> {
                    for (int window = 0; window < WINDOWS; window += windowsPerCommit) {
                        int end = Math.min(WINDOWS, window + windowsPerCommit);
                        space.commit(cookie, CommitType.UNWRITTEN, staged(space, cookie, window, end, batch.clear()));
                        assertThat(at.pool.engine().recent.blocks())
                                .as("blocks above the mark")
                                .isLessThanOrEqualTo(Persistence.MAX_UNPERSISTED_BLOCKS);
                    }
                });
                cookie.put();
                assertThat(counts.get("DATA forces")).isPositive(); // and each 200 ms
                assertThat(counts).as("no checkpoint").doesNotContainKey("SUPERBLOCK writes");
            }
            assertThat(at.pool.info("v").mappedBytes()).isEqualTo((long) WINDOWS * WINDOW);
        }
    }

    /** Nothing is written: what the blocks hold is of no matter here. */
    private static CommitBatch staged(BlockSpace space, Cookie cookie, int first, int end, CommitBatch batch) {
        Mapping mapping = new Mapping();
        try (Lease _ = space.writeLease()) {
            for (long offset = (long) first * WINDOW; offset < (long) end * WINDOW; offset = mapping.endOffsetBytes()) {
                long rest = (offset / WINDOW + 1) * WINDOW - offset;
                assertThat(space.allocate(cookie, offset, rest, mapping)).isEqualTo(Allocation.UNWRITTEN);
                batch.add(offset, (int) mapping.lengthBytes(), 0);
            }
        }
        return batch;
    }
}

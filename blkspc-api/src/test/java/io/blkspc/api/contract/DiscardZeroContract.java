package io.blkspc.api.contract;

import static io.blkspc.api.contract.Fixture.BLOCK;
import static io.blkspc.api.contract.Fixture.assertCode;
import static io.blkspc.api.contract.Fixture.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.Allocation;
import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.Mapping;
import io.blkspc.api.MappingState;
import io.blkspc.api.contract.TestIo.Staged;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

/** discard, zero and preallocate (S13). */
public interface DiscardZeroContract extends ContractHost {

    @Test
    default void discardedRangeReadsZerosAndItsSpaceIsBack() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, 600 * BLOCK));
            BlockSpace space = f.space();
            space.discard(100L * BLOCK, 400L * BLOCK);
            assertThat(f.io().read(100L * BLOCK, 400 * BLOCK)).containsOnly(0);
            assertThat(f.map(space, 100L * BLOCK, BLOCK).state()).isEqualTo(MappingState.HOLE);
            assertThat(f.status().allocatedBytes()).isEqualTo(200L * BLOCK);
            assertThat(f.pool().info("vol").mappedBytes()).isEqualTo(200L * BLOCK);
            assertThat(f.pool().info("vol").exclusiveBytes()).isEqualTo(200L * BLOCK);
            assertThat(f.io().read(0, BLOCK)).isEqualTo(Arrays.copyOf(bytes(1, 600 * BLOCK), BLOCK));
        }
    }

    @Test
    default void discardOfAHoleIsNothing() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            space.discard(0, space.sizeBytes());
            space.zero(0, space.sizeBytes(), true);
            space.zero(0, space.sizeBytes(), false);
            assertThat(f.status().allocatedBytes()).isZero();
            assertThat(f.map(space, 0, BLOCK).state()).isEqualTo(MappingState.HOLE);
        }
    }

    @Test
    default void discardOfSharedBlocksLeavesThemToTheSnapshot() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, 4 * BLOCK));
            f.pool().snapshot(List.of("vol@s"));
            f.space().discard(0, 2L * BLOCK);
            assertThat(f.io("vol@s").read(0, 4 * BLOCK)).isEqualTo(bytes(1, 4 * BLOCK));
            assertThat(f.io().read(0, 2 * BLOCK)).containsOnly(0);
            assertThat(f.status().allocatedBytes()).isEqualTo(4L * BLOCK);
            assertThat(f.pool().info("vol").mappedBytes()).isEqualTo(2L * BLOCK);
        }
    }

    @Test
    default void zeroKeepingBlocksLeavesOwnedOnesAllocatedAndUnwritten() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, 4 * BLOCK));
            BlockSpace space = f.space();
            space.zero(BLOCK, 2L * BLOCK, true);
            assertThat(f.io().read(BLOCK, 2 * BLOCK)).containsOnly(0);
            assertThat(f.map(space, BLOCK, BLOCK).state()).isEqualTo(MappingState.UNWRITTEN);
            assertThat(f.status().allocatedBytes()).isEqualTo(4L * BLOCK);
            assertThat(f.pool().info("vol").mappedBytes()).isEqualTo(4L * BLOCK);
        }
    }

    @Test
    default void zeroKeepingBlocksMakesSharedOnesHoles() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, 2 * BLOCK));
            f.pool().snapshot(List.of("vol@s"));
            BlockSpace space = f.space();
            space.zero(0, BLOCK, true);
            assertThat(f.io().read(0, BLOCK)).containsOnly(0);
            assertThat(f.map(space, 0, BLOCK).state()).isEqualTo(MappingState.HOLE);
            assertThat(f.io("vol@s").read(0, 2 * BLOCK)).isEqualTo(bytes(1, 2 * BLOCK));
        }
    }

    @Test
    default void zeroWithoutKeepingGivesTheSpaceBack() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, 4 * BLOCK));
            f.space().zero(0, 4L * BLOCK, false);
            assertThat(f.io().read(0, 4 * BLOCK)).containsOnly(0);
            assertThat(f.status().allocatedBytes()).isZero();
        }
    }

    @Test
    default void zeroedAndDiscardedBlocksCanBeWrittenAgain() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            for (int round = 0; round < 3; round++) {
                f.io().write(0, bytes(round, 3 * BLOCK));
                space.zero(0, BLOCK, true);
                space.discard(BLOCK, BLOCK);
                f.io().write(100, bytes(7, BLOCK));
                byte[] expected = new byte[3 * BLOCK];
                System.arraycopy(bytes(7, BLOCK), 0, expected, 100, BLOCK);
                System.arraycopy(bytes(round, 3 * BLOCK), 2 * BLOCK, expected, 2 * BLOCK, BLOCK);
                assertThat(f.io().read(0, 3 * BLOCK)).isEqualTo(expected);
                assertThat(f.status().allocatedBytes()).isEqualTo(3L * BLOCK);
            }
        }
    }

    @Test
    default void discardWaitsForAStageInItsRange() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(1, BLOCK);
            f.io().write(5L * BLOCK, bytes(2, BLOCK));
            Staged staged = f.stage(space, cookie, 0, bytes(1, BLOCK));
            FutureTask<Void> discard = Fixture.async(() -> {
                space.discard(0, 2L * BLOCK);
                return null;
            });
            space.discard(5L * BLOCK, BLOCK);
            Fixture.assertWaits(discard);
            f.commit(space, cookie, staged);
            Fixture.get(discard);
            cookie.put();
            assertThat(f.io().read(0, BLOCK)).containsOnly(0);
            assertThat(f.status().allocatedBytes()).isZero();
        }
    }

    @Test
    default void preallocateGivesHolesBlocksOfTheirOwn() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            f.io().write(BLOCK, bytes(1, BLOCK));
            Cookie cookie = space.reserve(3, BLOCK);
            space.preallocate(cookie, 0, 4L * BLOCK);
            assertThat(cookie.creditsRemaining()).isZero();
            cookie.put();
            assertThat(f.map(space, 0, BLOCK).state()).isEqualTo(MappingState.UNWRITTEN);
            assertThat(f.map(space, BLOCK, BLOCK).state()).isEqualTo(MappingState.WRITTEN);
            assertThat(f.io().read(0, BLOCK)).containsOnly(0);
            assertThat(f.io().read(BLOCK, BLOCK)).isEqualTo(bytes(1, BLOCK));
            assertThat(f.status().allocatedBytes()).isEqualTo(4L * BLOCK);
            f.io().write(0, bytes(2, 4 * BLOCK));
            assertThat(f.status().allocatedBytes()).isEqualTo(4L * BLOCK);
            assertThat(f.io().read(0, 4 * BLOCK)).isEqualTo(bytes(2, 4 * BLOCK));
        }
    }

    @Test
    default void preallocateStopsWithItsCreditAndKeepsWhatItDid() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(2, BLOCK);
            assertCode(Code.NO_CREDIT, () -> space.preallocate(cookie, 0, 4L * BLOCK));
            assertThat(f.pool().info("vol").mappedBytes()).isEqualTo(2L * BLOCK);
            cookie.put();
            Cookie cancelled = space.reserve(2, BLOCK);
            cancelled.cancel();
            assertCode(Code.CANCELLED, () -> space.preallocate(cancelled, 8L * BLOCK, BLOCK));
            cancelled.put();
            assertThat(f.status().allocatedBytes()).isEqualTo(2L * BLOCK);
        }
    }

    @Test
    default void preallocatedBlocksSharedWithASnapshotStayApart() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(2, BLOCK);
            space.preallocate(cookie, 0, 2L * BLOCK);
            cookie.put();
            f.pool().snapshot(List.of("vol@s"));
            f.io().write(0, bytes(1, BLOCK));
            assertThat(f.io().read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
            assertThat(f.io("vol@s").read(0, BLOCK)).containsOnly(0);
            assertThat(f.status().allocatedBytes()).isEqualTo(3L * BLOCK);
        }
    }

    @Test
    default void unwrittenBlockAnswersUnwritten() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(2, BLOCK);
            space.preallocate(cookie, 0, BLOCK);
            Staged staged = f.stage(space, cookie, 0, bytes(1, BLOCK));
            assertThat(staged.kind()).isEqualTo(Allocation.UNWRITTEN);
            assertThat(f.io().read(0, BLOCK)).containsOnly(0);
            f.commit(space, cookie, staged);
            cookie.put();
            assertThat(f.io().read(0, BLOCK)).isEqualTo(bytes(1, BLOCK));
            assertThat(f.status().allocatedBytes()).isEqualTo(BLOCK);
            assertThat(f.status().reservedBytes()).isZero();
        }
    }

    @Test
    default void rangesThatAreNotWholeBlocksInsideAreRefused() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            Cookie cookie = space.reserve(1, BLOCK);
            for (long[] range : new long[][] {{1, BLOCK}, {0, 100}, {-BLOCK, BLOCK}, {0, -BLOCK}, {0, 0}}) {
                assertThatThrownBy(() -> space.discard(range[0], range[1]))
                        .isInstanceOf(IllegalArgumentException.class);
                assertThatThrownBy(() -> space.zero(range[0], range[1], true))
                        .isInstanceOf(IllegalArgumentException.class);
                assertThatThrownBy(() -> space.preallocate(cookie, range[0], range[1]))
                        .isInstanceOf(IllegalArgumentException.class);
            }
            long size = space.sizeBytes();
            for (long[] range : new long[][] {{size, BLOCK}, {0, size + BLOCK}, {1L << 60, BLOCK}}) {
                assertCode(Code.OUT_OF_RANGE, () -> space.discard(range[0], range[1]));
                assertCode(Code.OUT_OF_RANGE, () -> space.zero(range[0], range[1], false));
                assertCode(Code.OUT_OF_RANGE, () -> space.preallocate(cookie, range[0], range[1]));
            }
            cookie.put();
        }
    }

    @Test
    default void discardZeroAndPreallocateSurviveTheProcess() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            f.io().write(0, bytes(1, 4 * BLOCK));
            space.discard(0, BLOCK);
            space.zero(BLOCK, BLOCK, true);
            Cookie cookie = space.reserve(1, BLOCK);
            space.preallocate(cookie, 9L * BLOCK, BLOCK);
            f.kill();
            BlockSpace again = f.space();
            assertThat(f.io().read(0, 2 * BLOCK)).containsOnly(0);
            assertThat(f.map(again, 0, BLOCK).state()).isEqualTo(MappingState.HOLE);
            assertThat(f.map(again, BLOCK, BLOCK).state()).isEqualTo(MappingState.UNWRITTEN);
            assertThat(f.map(again, 9L * BLOCK, BLOCK).state()).isEqualTo(MappingState.UNWRITTEN);
            assertThat(f.status().allocatedBytes()).isEqualTo(4L * BLOCK);
        }
    }

    @Test
    default void mappingOfWhatWasDiscardedNeedsCreditAgain() {
        try (Fixture f = fixture()) {
            BlockSpace space = f.space();
            f.io().write(0, bytes(1, BLOCK));
            space.discard(0, BLOCK);
            Cookie cookie = space.reserve(0, BLOCK);
            assertThat(f.allocate(space, cookie, 0, BLOCK, new Mapping())).isEqualTo(Allocation.NO_CREDIT);
            cookie.put();
        }
    }
}

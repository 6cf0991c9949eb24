package io.blkspc.api.contract;

import static io.blkspc.api.contract.Fixture.BLOCK;
import static io.blkspc.api.contract.Fixture.assertCode;
import static io.blkspc.api.contract.Fixture.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Changes;
import io.blkspc.api.Comparison;
import io.blkspc.api.MappingState;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Where versions read differently. */
public interface ChangedSinceContract extends ContractHost {

    /** State of each changed block. */
    private static Map<Long, MappingState> changed(Fixture f, String name, String since) {
        Map<Long, MappingState> blocks = new TreeMap<>();
        long size = f.pool().info(name).sizeBytes();
        for (long from = 0; from < size; ) {
            Changes changes = f.pool().changedSince(name, since, from);
            for (Changes.Range range : changes.ranges()) {
                for (long at = range.offsetBytes(); at < range.endBytes(); at += BLOCK) {
                    assertThat(blocks.put(at / BLOCK, range.state())).isNull();
                }
            }
            assertThat(changes.nextOffsetBytes()).isGreaterThan(from);
            from = changes.nextOffsetBytes();
        }
        return blocks;
    }

    @Test
    default void changesAreWhatWasWrittenAndGivenUpSinceTheSnapshot() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, 8 * BLOCK));
            f.pool().snapshot(List.of("vol@a"));
            assertThat(changed(f, "vol", "vol@a")).isEmpty();
            f.io().write(2L * BLOCK, bytes(2, BLOCK));
            f.pool().snapshot(List.of("vol@b"));
            f.space().discard(4L * BLOCK, BLOCK);
            f.io().write(300L * BLOCK, bytes(3, BLOCK));
            f.space().flush();
            f.io().write(300L * BLOCK, bytes(4, BLOCK)); // maybe in place: not changed again
            assertThat(changed(f, "vol", "vol@a"))
                    .containsOnlyKeys(2L, 4L, 300L)
                    .containsEntry(4L, MappingState.HOLE);
            assertThat(changed(f, "vol", "vol@b")).containsOnlyKeys(4L, 300L);
            assertThat(changed(f, "vol@b", "vol@a")).containsOnlyKeys(2L).containsEntry(2L, MappingState.WRITTEN);
            assertThat(changed(f, "vol@a", "vol@b")).containsOnlyKeys(2L);
            assertThat(changed(f, "vol@a", null)).hasSize(8);
        }
    }

    @Test
    default void whatReadsAsZerosBeforeAndAfterIsNoChange() {
        try (Fixture f = fixture()) {
            f.pool().snapshot(List.of("vol@a"));
            f.io().write(0, bytes(1, 2 * BLOCK));
            f.space().zero(0, BLOCK, true);
            assertThat(changed(f, "vol", "vol@a")).containsOnlyKeys(1L);
        }
    }

    @Test
    default void changesAreExactAfterRollbackAndDestroyedSnapshots() {
        try (Fixture f = fixture()) {
            f.io().write(0, bytes(1, 4 * BLOCK));
            f.pool().snapshot(List.of("vol@a"));
            f.io().write(0, bytes(2, BLOCK));
            f.pool().snapshot(List.of("vol@b"));
            f.io().write(BLOCK, bytes(3, BLOCK));
            f.pool().snapshot(List.of("vol@c"));
            f.closeSpaces();
            f.pool().destroy(List.of("vol@b"), false);
            f.pool().rollback("vol@a", null);
            f.io().write(3L * BLOCK, bytes(4, BLOCK));
            f.pool().awaitReclaim();
            assertThat(changed(f, "vol", "vol@a")).containsOnlyKeys(3L);
            assertThat(changed(f, "vol", "vol@c")).containsOnlyKeys(0L, 1L, 3L);
            assertThat(changed(f, "vol@c", "vol@a")).containsOnlyKeys(0L, 1L);
        }
    }

    private static Comparison comparison(Fixture f, String name, String since) {
        return new Comparison(
                name, f.pool().info(name).uuid(), since, f.pool().info(since).uuid());
    }

    @Test
    default void aRangeOfChangesIsThatPartOfAllChangesWhateverItsLimits() {
        try (Fixture f = fixture()) {
            f.pool().snapshot(List.of("vol@a"));
            for (long block : new long[] {0, 1, 3, 255, 256, 257, 300}) {
                f.io().write(block * BLOCK, bytes(1, BLOCK));
            }
            f.space().discard(BLOCK, BLOCK);
            Comparison comparison = comparison(f, "vol", "vol@a");
            TreeMap<Long, MappingState> all = new TreeMap<>(changed(f, "vol", "vol@a"));
            assertThat(all).hasSize(6);
            for (int maxRanges : new int[] {1, 2, 100}) {
                for (long from : new long[] {0, 2, 3, 255, 256, 299, 301}) {
                    for (long to : new long[] {302, 400, Long.MAX_VALUE / BLOCK}) {
                        TreeMap<Long, MappingState> told = new TreeMap<>();
                        long end = Math.min(to * BLOCK, f.pool().info("vol").sizeBytes());
                        for (long at = from * BLOCK; at < end; ) {
                            Changes part = f.pool().changedSince(comparison, at, to * BLOCK, maxRanges);
                            assertThat(part.nextOffsetBytes()).isGreaterThan(at).isLessThanOrEqualTo(end);
                            for (Changes.Range range : part.ranges()) {
                                assertThat(range.offsetBytes()).isGreaterThanOrEqualTo(at);
                                assertThat(range.endBytes()).isLessThanOrEqualTo(part.nextOffsetBytes());
                                for (long block = range.offsetBytes(); block < range.endBytes(); block += BLOCK) {
                                    assertThat(told.put(block / BLOCK, range.state()))
                                            .isNull();
                                }
                            }
                            at = part.nextOffsetBytes();
                        }
                        assertThat(told).isEqualTo(all.subMap(from, to));
                    }
                }
            }
        }
    }

    @Test
    default void aComparisonMeansVersionsAndNotNames() {
        try (Fixture f = fixture()) {
            f.pool().snapshot(List.of("vol@a"));
            Comparison comparison = comparison(f, "vol", "vol@a");
            assertThat(f.pool().changedSince(comparison, 0, BLOCK, 1).ranges()).isEmpty();
            f.pool().rename("vol@a", "vol@b");
            assertCode(Code.NOT_FOUND, () -> f.pool().changedSince(comparison, 0, BLOCK, 1));
            f.pool().snapshot(List.of("vol@a"));
            assertCode(Code.NOT_FOUND, () -> f.pool().changedSince(comparison, 0, BLOCK, 1));
            assertThatThrownBy(() -> f.pool().changedSince(comparison(f, "vol", "vol@b"), BLOCK, BLOCK, 1))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    default void badQuestionsAreRefused() {
        try (Fixture f = fixture()) {
            f.pool().snapshot(List.of("vol@a"));
            long size = f.pool().info("vol").sizeBytes();
            assertThat(f.pool().changedSince("vol", "vol@a", size).ranges()).isEmpty();
            assertCode(Code.OUT_OF_RANGE, () -> f.pool().changedSince("vol", "vol@a", size + BLOCK));
            assertCode(Code.NOT_FOUND, () -> f.pool().changedSince("vol", "vol@b", 0));
            assertCode(Code.NOT_FOUND, () -> f.pool().changedSince("other", "vol@a", 0));
            assertThatThrownBy(() -> f.pool().changedSince("vol", "vol", 0))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> f.pool().changedSince("vol", "vol@a", 1))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}

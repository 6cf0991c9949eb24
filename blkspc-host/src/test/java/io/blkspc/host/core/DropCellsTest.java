package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

/** Cells in chunks are what an array with one place for each key would be: as many chunks fill and empty as there are here. */
class DropCellsTest {

    private static final int KEYS = 40 * DropChunk.MOST_CELLS;
    private static final int CHILDREN = 3;
    private static final int ALL = 1 << CHILDREN;

    private final DropCells cells = new DropCells();
    private final int[] tags = new int[KEYS]; // a bit for each child: the sum of their tags
    private final boolean[] gone = new boolean[KEYS];

    /** One cell as text, so that a difference can be read. */
    private static String cell(long start, long end, long birth, long tags) {
        return start + "-" + end + " birth=" + birth + " tags=" + tags;
    }

    private static long birth(int key) {
        return 1 + (long) key / (KEYS / 2);
    }

    private List<String> delivered(int count, int from, int to) {
        List<String> delivered = new ArrayList<>();
        cells.forEach(count, from, to, (start, end, birth, sum) -> delivered.add(cell(start, end, birth, sum)));
        return delivered;
    }

    /** What is the same is one cell, wherever it began: all that {@link DropCells#setGone(long)} did not cut. */
    private List<String> expected(int count, int from, int to) {
        List<String> expected = new ArrayList<>();
        for (int key = 0, end; key < KEYS; key = end) {
            end = key + 1;
            while (end < KEYS && tags[end] == tags[key] && gone[end] == gone[key] && birth(end) == birth(key)) {
                end++;
            }
            if (!gone[key] && Integer.bitCount(tags[key]) == count && key < to && end > from) {
                expected.add(cell(key, end, birth(key), tags[key]));
            }
        }
        return expected;
    }

    private void check(Random random) {
        int from = random.nextInt(KEYS);
        int to = from + random.nextInt(KEYS - from);
        for (int count = 1; count <= CHILDREN; count++) {
            List<String> all = expected(count, 0, KEYS);
            assertThat(delivered(count, 0, KEYS)).isEqualTo(all);
            assertThat(cells.countOf(count)).isEqualTo(all.size());
            assertThat(delivered(count, from, to)).as("%d to %d", from, to).isEqualTo(expected(count, from, to));
        }
    }

    /** All keys of one child and one birth in {@code [start, start + most)}, from the first on, that are in one state. */
    private int sameFrom(int start, int most, int child, boolean isGiven) {
        int end = start;
        while (end < Math.min(KEYS, start + most)
                && ((tags[end] & child) != 0) == isGiven
                && birth(end) == birth(start)) {
            end++;
        }
        return end;
    }

    private void give(int start, int end, int child) {
        cells.add(start, end, birth(start), 1, child);
        for (int key = start; key < end; key++) {
            tags[key] |= child;
        }
    }

    private void take(int start, int end, int child) {
        cells.add(start, end, 0, -1, -child);
        for (int key = start; key < end; key++) {
            tags[key] &= ~child;
        }
    }

    @RepeatedTest(6)
    void chunksAreWhatTheirKeysAre(RepetitionInfo repetition) {
        Random random = new Random(Long.getLong("blkspc.seed", repetition.getCurrentRepetition()));
        int longest = repetition.getCurrentRepetition() % 2 == 0 ? 1 : 9;
        for (int phase = 0; phase < 6; phase++) {
            boolean grows = phase % 2 == 0;
            for (int step = 0; step < 2 * KEYS; step++) {
                int child = 1 << random.nextInt(CHILDREN);
                int start = random.nextInt(KEYS);
                int end = sameFrom(start, 1 + random.nextInt(longest), child, !grows);
                if (end > start && grows) {
                    give(start, end, child);
                } else if (end > start) {
                    take(start, end, child);
                }
                if (step % (KEYS / 4) == 0) {
                    check(random);
                }
            }
        }
        for (int child = 1; child < ALL; child <<= 1) {
            for (int start = 0, end; start < KEYS; start = end) {
                end = Math.max(start + 1, sameFrom(start, KEYS, child, true));
                if ((tags[start] & child) != 0) {
                    take(start, end, child);
                }
            }
        }
        check(random);
        assertThat(cells.countOf(1)).isZero();
    }

    @RepeatedTest(3)
    void whatIsGoneIsNotDelivered(RepetitionInfo repetition) {
        Random random = new Random(Long.getLong("blkspc.seed", repetition.getCurrentRepetition()));
        for (int key = 0; key < KEYS; key += 2) {
            give(key, key + 1, 1);
        }
        for (int key : random.ints(KEYS / 3, 0, KEYS / 2).map(half -> 2 * half).toArray()) {
            if (!gone[key]) {
                cells.setGone(key);
                gone[key] = true;
            }
        }
        check(random);
        int from = KEYS / 4;
        cells.setGone(from, KEYS / 2);
        Arrays.fill(gone, from, KEYS / 2, true);
        check(random);
        assertThatThrownBy(() -> cells.setGone(KEYS - 1)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void whatIsGoneIsNotJoinedToWhatIsNot() {
        cells.add(10, 20, 1, 1, 1);
        cells.setGone(15, 20);
        assertThat(delivered(1, 0, KEYS)).containsExactly(cell(10, 15, 1, 1));
    }

    @Test
    void aCutLeavesBothParts() {
        cells.add(10, 20, 1, 2, 7);
        cells.cut(14);
        cells.cut(20);
        cells.cut(5);
        assertThat(delivered(2, 0, KEYS)).containsExactly(cell(10, 14, 1, 7), cell(14, 20, 1, 7));
        assertThat(cells.countOf(2)).isEqualTo(2);
    }

    @Test
    void whatWasNeverGivenUpCannotBeTakenBack() {
        cells.add(10, 20, 1, 1, 1);
        assertThatThrownBy(() -> cells.add(15, 25, 1, -1, -1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("never counted");
    }
}

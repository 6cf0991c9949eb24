package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;

/** Counts by interval are what counts of each key would be, in random histories of children that give up what they have. */
class DropCountsTest {

    private static final int KEYS = 600;
    private static final int STEPS = 600;
    private static final int BIRTHS = 3;
    private static final int LONGEST = 12;

    private final Version[] children = new Version[3];
    private final boolean[][] gaveUp = new boolean[children.length][KEYS];
    private final boolean[] gone = new boolean[KEYS];
    private final DropCounts counts = new DropCounts(version());

    private static Version version() {
        return new Version(1, new UUID(1, 1));
    }

    /** Blocks of an extent are born together. */
    private static long birth(int key) {
        return 1 + (long) key * BIRTHS / KEYS;
    }

    @RepeatedTest(20)
    void intervalsAreWhatTheirKeysAre(RepetitionInfo repetition) {
        Random random = new Random(Long.getLong("blkspc.seed", repetition.getCurrentRepetition()));
        for (int i = 0; i < children.length; i++) {
            children[i] = version();
            counts.addChild(children[i]);
        }
        for (int step = 0; step < STEPS; step++) {
            giveUp(random);
            if (random.nextInt(20) == 0) {
                giveHere(random.nextInt(KEYS));
            }
            check();
        }
    }

    private void giveUp(Random random) {
        int child = random.nextInt(children.length);
        int start = random.nextInt(KEYS);
        int most = Math.min(KEYS, start + 1 + random.nextInt(LONGEST));
        int end = start;
        while (end < most && !gaveUp[child][end] && birth(end) == birth(start)) {
            gaveUp[child][end++] = true;
        }
        if (end > start) {
            counts.add(children[child].tag, start, end, birth(start));
        }
    }

    private void giveHere(int bound) {
        for (DropCounts.Cell cell : counts.complete(bound)) {
            assertThat(cell.end()).isLessThanOrEqualTo(bound);
            for (long key = cell.start(); key < cell.end(); key++) {
                gone[(int) key] = true;
            }
            counts.give(cell);
        }
        for (int key = 0; key < bound; key++) {
            assertThat(gone[key]).as("key=%d", key).isEqualTo(count(key) == children.length);
        }
    }

    private int count(int key) {
        int count = 0;
        for (boolean[] child : gaveUp) {
            count += child[key] ? 1 : 0;
        }
        return count;
    }

    private void check() {
        List<Integer> complete = new ArrayList<>();
        List<Integer> completeByKey = new ArrayList<>();
        counts.forEachComplete((start, end, birth) -> collect(start, end, birth, complete));
        for (int key = 0; key < KEYS; key++) {
            if (count(key) == children.length && !gone[key]) {
                completeByKey.add(key);
            }
        }
        assertThat(complete).isEqualTo(completeByKey);
        assertThat(counts.hasComplete()).isEqualTo(!complete.isEmpty());
        for (int i = 0; i < children.length; i++) {
            List<Integer> sole = new ArrayList<>();
            List<Integer> soleByKey = new ArrayList<>();
            List<Integer> soleInPart = new ArrayList<>();
            counts.forEachSole(children[i], (start, end, birth) -> collect(start, end, birth, sole));
            counts.forEachSole(
                    children[i], KEYS / 3, KEYS / 2, (start, end, birth) -> collect(start, end, birth, soleInPart));
            for (int key = 0; key < KEYS; key++) {
                if (count(key) == children.length - 1 && !gaveUp[i][key]) {
                    soleByKey.add(key);
                }
            }
            assertThat(sole).isEqualTo(soleByKey);
            soleByKey.removeIf(key -> key < KEYS / 3 || key >= KEYS / 2);
            assertThat(soleInPart).isEqualTo(soleByKey);
        }
    }

    private static void collect(long start, long end, long birth, List<Integer> keys) {
        for (long key = start; key < end; key++) {
            assertThat(birth).as("key=%d", key).isEqualTo(birth((int) key));
            keys.add((int) key);
        }
    }
}

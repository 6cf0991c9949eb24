package io.blkspc.host.extent;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Random histories of many versions over real trees, against plain maps and a count of every object. */
class VersionTreesTest {

    private static final long SEED = Long.getLong("blkspc.seed", 7_000);
    private static final int HISTORIES = Integer.getInteger("blkspc.histories", 8);
    private static final int STEPS = 250;

    /** Places where a range crosses the spans of each level. */
    private static final long[] PLACES = {0, 200, 256, 1024, (1 << 16) - 300, (1 << 24) - 300, (1L << 32) - 1100};

    private final long[] changed = new long[4];

    @Test
    void everyObjectIsFreedExactlyOnceAndEveryVersionKeepsItsContent() {
        for (int history = 0; history < HISTORIES; history++) {
            long seed = SEED + history;
            try {
                run(seed);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("failed with -Dblkspc.seed=" + seed, e);
            }
        }
        assertThat(changed).as("histories did something of every kind").doesNotContain(0);
    }

    private void run(long seed) {
        Random random = new Random(seed);
        VersionModel model = new VersionModel(random, random.nextBoolean() ? 0 : 1 << 20);
        for (int step = 0; step < STEPS; step++) {
            step(model, random);
            if (step % 5 == 0) {
                model.verify();
            }
        }
        model.settleAll();
        for (VersionModel.Version version : model.visible()) {
            for (long place : PLACES) {
                model.verifyLookups(version, place, Math.min(place + 1100, Node.SPACE_BLOCKS));
            }
        }
        model.visible().forEach(model::destroy);
        model.settleAll();
        assertThat(model.allocated)
                .as("nothing is left when every version is gone")
                .isEmpty();
    }

    private void step(VersionModel model, Random random) {
        List<VersionModel.Version> visible = model.visible();
        List<VersionModel.Version> heads =
                visible.stream().filter(VersionModel.Version::isHead).toList();
        VersionModel.Version any = pick(visible, random);
        VersionModel.Version head = pick(heads, random);
        long start = PLACES[random.nextInt(PLACES.length)] + random.nextInt(500);
        long count = random.nextInt(3) == 0 ? 1 + random.nextInt(600) : 1 + random.nextInt(4);
        if (random.nextInt(6) == 0) {
            start &= -256;
            count = 256L * (1 + random.nextInt(2));
        }
        int choice = random.nextInt(100);
        if (choice < 45 && head != null) {
            model.write(head, start, count, random.nextInt(3) == 0 ? ExtentRun.UNWRITTEN : ExtentRun.WRITTEN);
            changed[0]++;
        } else if (choice < 55 && head != null) {
            model.punch(head, start, random.nextInt(8) == 0 ? Node.SPACE_BLOCKS - start : count);
            changed[1]++;
        } else if (choice < 60 && head != null) {
            model.convert(head, unwritten(head, start));
            changed[2]++;
        } else if (choice < 66 && head != null) {
            model.freeze(head);
        } else if (choice < 74 && any != null && visible.size() < 12) {
            model.clone(any);
        } else if (choice < 80 && visible.size() > 2) {
            model.destroy(any);
            changed[3]++;
        } else if (choice < 92) {
            model.background(1 + random.nextInt(3));
        } else {
            model.checkpoint();
        }
    }

    /** The next unwritten block of a head, if there is one. */
    private static long unwritten(VersionModel.Version head, long from) {
        return head.oracle.tailMap(from).entrySet().stream()
                .filter(entry -> entry.getValue().state() == ExtentRun.UNWRITTEN)
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse(from);
    }

    private static VersionModel.Version pick(List<VersionModel.Version> from, Random random) {
        return from.isEmpty() ? null : from.get(random.nextInt(from.size()));
    }
}

package io.blkspc.cli.e2e;

import java.util.List;
import java.util.Random;

/** Which of the sectors that no flush covers are on the disks after a power cut. */
enum CutKind {
    /** None. */
    NONE,
    /** All. */
    ALL,
    /** Only those of the last write. */
    ONLY_LAST,
    /** All but those of one write, chosen at random. */
    ALL_BUT_ONE,
    /** Those of the newer half of the writes, as if the disk worked from the end. */
    NEWEST_HALF,
    /** Each on its own, with a probability chosen at random; of several versions any. */
    RANDOM;

    private static final List<CutKind> KINDS = List.of(values());

    static CutKind any(Random random) {
        return KINDS.get(random.nextInt(KINDS.size()));
    }
}

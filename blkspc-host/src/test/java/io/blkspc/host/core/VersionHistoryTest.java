package io.blkspc.host.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.contract.Seeds;
import org.junit.jupiter.api.Test;

/** The algebra of versions against maps: after any history the space in use is what live versions hold, block for block. */
class VersionHistoryTest {

    private static final int HISTORIES =
            Integer.getInteger("blkspc.histories", Boolean.getBoolean("blkspc.release") ? 50_000 : 1_500);
    private static final int STEPS = 40;

    /** A replay gave up more than the reaper, which was about to detach a child. */
    private static final long GIVEN_UP_WHILE_FORGETTING = -2691418663191054832L;

    @Test
    void spaceInUseIsWhatLiveVersionsHoldAfterEveryStep() {
        VersionHistory.Counts counts = new VersionHistory.Counts();
        long first = Seeds.next();
        for (long i = -1; i < HISTORIES; i++) {
            long seed = i < 0 ? GIVEN_UP_WHILE_FORGETTING : first + i;
            try {
                new VersionHistory(seed, counts).run(STEPS);
            } catch (AssertionError e) {
                throw new AssertionError("-Dblkspc.seed=" + seed + " " + e.getMessage(), e);
            }
        }
        System.out.println("version histories: " + counts);
        assertThat(counts.givenUp).as("given up at branch points").isPositive();
        assertThat(counts.twins).isPositive();
        assertThat(counts.cuts).isPositive();
    }
}

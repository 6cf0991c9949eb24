package io.blkspc.host.core.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.contract.Seeds;
import io.blkspc.host.core.crash.CrashHistory.Counts;
import org.junit.jupiter.api.Test;

/**
 * Contract D1 to D8 on the engine: every crash state of many histories shows what a client may see, and no more; and is, in
 * mappings, versions and space, what the rules R1 to R11 come to on flat maps.
 */
class EngineCrashTest {

    private static final long STATES =
            Long.getLong("blkspc.crashStates", Boolean.getBoolean("blkspc.release") ? 1_000_000 : 5_000);

    @Test
    void everyCrashStateIsLegal() {
        Counts counts = CrashHistory.campaign(Seeds.next(), STATES);
        System.out.println("crash states: " + counts);
        System.out.println("rules met: " + counts.coverage);
        assertThat(counts.nested).isPositive();
        assertThat(counts.recuts).isPositive();
        assertThat(counts.exact).isPositive();
        assertThat(counts.coverage.neverMet()).as("rules never at work").isEmpty();
    }

    @Test
    void oneSeedIsOneHistory() {
        Counts first = new Counts();
        Counts second = new Counts();
        CrashHistory.once(7, first);
        CrashHistory.once(7, second);
        assertThat(second).hasToString(first.toString());
    }
}

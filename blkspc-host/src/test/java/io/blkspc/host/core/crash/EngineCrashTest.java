package io.blkspc.host.core.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.contract.Seeds;
import io.blkspc.host.core.crash.CrashHistory.Counts;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Contract D1 to D8 on the engine: every crash state of many histories shows what a client may see, and no more. */
class EngineCrashTest {

    private static final long STATES = Boolean.getBoolean("blkspc.release") ? 1_000_000 : 5_000;

    @Test
    void everyCrashStateIsLegal() {
        Counts counts = CrashHistory.campaign(Seeds.next(), STATES);
        System.out.println("crash states: " + counts);
        assertThat(counts.nested).isPositive();
        assertThat(counts.recuts).isPositive();
        assertThat(counts.exact).isPositive();
    }

    /** Histories that showed a mistake once; see the log of the engine for what it was. */
    @ParameterizedTest
    @ValueSource(longs = {42, 95})
    void historiesThatOnceFailedPass(long seed) {
        CrashHistory.once(seed, new Counts());
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

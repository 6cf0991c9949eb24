package io.blkspc.host.core.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.blkspc.api.contract.Seeds;
import io.blkspc.host.core.crash.ShortSequence.Step;
import io.blkspc.host.sim.SimDisk;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Bounded exhaustive: every sequence of at most two operations, cut at every barrier in every kind of cut. */
class ShortSequenceTest {

    /** Crash states of one push; the long proofs take every sequence. */
    private static final long STATES = Boolean.getBoolean("blkspc.release") ? Long.MAX_VALUE : 12_000;

    @Test
    void everyCutOfAShortSequenceIsLegal() {
        long seed = Seeds.next();
        List<List<Step>> sequences = ShortSequence.all();
        Collections.shuffle(sequences, new Random(seed));
        SimDisk base = ShortSequence.base(1);
        long states = 0;
        int done = 0;
        while (done < sequences.size() && states < STATES) {
            states += ShortSequence.run(base, sequences.get(done), seed);
            done++;
        }
        System.out.println("short sequences: " + done + " of " + sequences.size() + ", crash states: " + states);
        assertThat(states).isPositive();
    }
}

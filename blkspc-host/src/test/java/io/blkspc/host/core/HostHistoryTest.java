package io.blkspc.host.core;

import io.blkspc.api.contract.HistoryDriver;
import io.blkspc.api.contract.Seeds;
import io.blkspc.api.model.ModelHost;
import io.blkspc.api.model.ModelOptions;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Long histories, done to the model and to the engine at once. */
class HostHistoryTest {

    private static final long POOL_BYTES = 16L << 20;
    private static final int HISTORIES =
            Integer.getInteger("blkspc.histories", Boolean.getBoolean("blkspc.release") ? 25_000 : 250);
    private static final int STEPS = 400;

    @Test
    void modelAndEngineSayTheSameAfterEachStep() {
        SplittableRandom seeds = new SplittableRandom(Seeds.next());
        for (int i = 0; i < HISTORIES; i++) {
            new HistoryDriver(seeds.nextLong())
                    .add((ModelHost) ModelOptions::defaults, POOL_BYTES)
                    .add(new SmallJournal(), POOL_BYTES)
                    .run(STEPS);
        }
    }

    /** Checkpoints come all the time. */
    private static final class SmallJournal implements MemoryHost {
        @Override
        public long journalBytes() {
            return 256 << 10;
        }
    }
}

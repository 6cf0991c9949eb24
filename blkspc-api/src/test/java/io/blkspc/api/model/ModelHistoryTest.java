package io.blkspc.api.model;

import io.blkspc.api.contract.HistoryDriver;
import io.blkspc.api.contract.Seeds;
import io.blkspc.api.model.ModelOptions.InPlaceRule;
import org.junit.jupiter.api.Test;

class ModelHistoryTest {

    private static final long POOL_BYTES = 16L << 20;
    private static final int STEPS = Boolean.getBoolean("blkspc.release") ? 5000 : 120;

    /** Where a block is written in place or to a new one is nobody's business but the host's. */
    @Test
    void everyInPlaceRuleLeadsToTheSameBytesAndNumbers() {
        HistoryDriver driver = new HistoryDriver(Seeds.next());
        for (InPlaceRule rule : InPlaceRule.values()) {
            ModelOptions options = ModelOptions.defaults().with(rule);
            driver.add((ModelHost) () -> options, POOL_BYTES);
        }
        driver.run(STEPS);
    }

    @Test
    void rareAnswersLeadToTheSameBytesAndNumbers() {
        HistoryDriver driver = new HistoryDriver(Seeds.next());
        driver.add((ModelHost) ModelOptions::defaults, POOL_BYTES);
        driver.add(new Faulty(), POOL_BYTES);
        driver.run(STEPS);
    }

    private static final class Faulty implements ModelHost {
        @Override
        public ModelOptions options() {
            return ModelOptions.defaults();
        }

        @Override
        public void arm(ModelFaults faults) {
            faults.seed(3).shortMappings(0.5).busyAnswers(0.2);
        }
    }
}

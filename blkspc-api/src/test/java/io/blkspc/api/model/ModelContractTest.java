package io.blkspc.api.model;

import io.blkspc.api.contract.BlockSpaceContractTest;
import io.blkspc.api.model.ModelOptions.InPlaceRule;
import org.junit.jupiter.api.Nested;

/** The contract on the model, for each rule of writing in place, and with short answers. */
@SuppressWarnings("ClassCanBeStatic") // nested tests are inner classes
class ModelContractTest {

    private static final long PATIENCE_NANOS = 300_000_000;

    private static ModelOptions with(InPlaceRule rule) {
        return ModelOptions.defaults().with(rule).withPatienceNanos(PATIENCE_NANOS);
    }

    @Nested
    class InPlaceWhenDurable extends BlockSpaceContractTest implements ModelHost {
        @Override
        public ModelOptions options() {
            return with(InPlaceRule.WHEN_DURABLE);
        }
    }

    @Nested
    class InPlaceWhenOwned extends BlockSpaceContractTest implements ModelHost {
        @Override
        public ModelOptions options() {
            return with(InPlaceRule.WHEN_OWNED);
        }
    }

    @Nested
    class InPlaceOnlyWithoutCredit extends BlockSpaceContractTest implements ModelHost {
        @Override
        public ModelOptions options() {
            return with(InPlaceRule.ONLY_WITHOUT_CREDIT);
        }
    }

    @Nested
    class ShortMappings extends BlockSpaceContractTest implements ModelHost {
        @Override
        public ModelOptions options() {
            return with(InPlaceRule.WHEN_DURABLE);
        }

        @Override
        public void arm(ModelFaults faults) {
            faults.seed(42).shortMappings(0.6);
        }
    }
}

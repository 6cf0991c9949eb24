package io.blkspc.api.model;

import io.blkspc.api.Pool;
import io.blkspc.api.contract.BlockSpaceContractTest;
import io.blkspc.api.model.ModelOptions.InPlaceRule;
import org.junit.jupiter.api.Nested;

/** The contract on the model, for each rule of writing in place, and with short answers. */
class ModelContractTest {

    private static final long PATIENCE_NANOS = 300_000_000;

    /** One configuration. */
    abstract static class OnModel extends BlockSpaceContractTest {

        private final ModelOptions options;

        OnModel(InPlaceRule rule) {
            this.options = ModelOptions.defaults().with(rule).withPatienceNanos(PATIENCE_NANOS);
        }

        void arm(ModelFaults faults) {}

        @Override
        public Pool newPool(long dataBytes) {
            ModelPool pool = ModelPool.create(dataBytes, options);
            arm(pool.faults());
            return pool;
        }

        @Override
        public Pool reopen(Pool pool) {
            pool.close();
            return ((ModelPool) pool).restart();
        }

        @Override
        public Pool kill(Pool pool) {
            return ((ModelPool) pool).restart();
        }

        @Override
        public void assertConsistent(Pool pool) {
            ((ModelPool) pool).assertConsistent();
        }
    }

    @Nested
    class InPlaceWhenDurable extends OnModel {
        InPlaceWhenDurable() {
            super(InPlaceRule.WHEN_DURABLE);
        }
    }

    @Nested
    class InPlaceWhenOwned extends OnModel {
        InPlaceWhenOwned() {
            super(InPlaceRule.WHEN_OWNED);
        }
    }

    @Nested
    class InPlaceOnlyWithoutCredit extends OnModel {
        InPlaceOnlyWithoutCredit() {
            super(InPlaceRule.ONLY_WITHOUT_CREDIT);
        }
    }

    @Nested
    class ShortMappings extends OnModel {
        ShortMappings() {
            super(InPlaceRule.WHEN_DURABLE);
        }

        @Override
        void arm(ModelFaults faults) {
            faults.seed(42).shortMappings(0.6);
        }
    }
}

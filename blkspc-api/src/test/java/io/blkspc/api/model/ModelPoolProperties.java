package io.blkspc.api.model;

import io.blkspc.api.contract.PoolProperties;
import io.blkspc.api.model.ModelOptions.InPlaceRule;
import net.jqwik.api.Group;

/** The properties on the model, for each rule of writing in place, with some answers short. */
@SuppressWarnings("ClassCanBeStatic") // groups are inner classes
class ModelPoolProperties {

    @Group
    class InPlaceWhenDurable extends OnModel {
        @Override
        public ModelOptions options() {
            return ModelOptions.defaults();
        }
    }

    @Group
    class InPlaceWhenOwned extends OnModel {
        @Override
        public ModelOptions options() {
            return ModelOptions.defaults().with(InPlaceRule.WHEN_OWNED);
        }
    }

    @Group
    class InPlaceOnlyWithoutCredit extends OnModel {
        @Override
        public ModelOptions options() {
            return ModelOptions.defaults().with(InPlaceRule.ONLY_WITHOUT_CREDIT);
        }
    }

    /** One configuration. */
    abstract static class OnModel extends PoolProperties implements ModelHost {
        @Override
        public void arm(ModelFaults faults) {
            faults.seed(1).shortMappings(0.2);
        }
    }
}

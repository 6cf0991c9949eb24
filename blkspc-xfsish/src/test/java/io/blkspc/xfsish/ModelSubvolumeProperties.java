package io.blkspc.xfsish;

import io.blkspc.api.model.ModelFaults;
import io.blkspc.api.model.ModelHost;
import io.blkspc.api.model.ModelOptions;
import io.blkspc.api.model.ModelOptions.InPlaceRule;
import net.jqwik.api.Group;

/** The properties on the model, for each rule of writing in place, with some answers short and some BUSY. */
@SuppressWarnings("ClassCanBeStatic") // groups are inner classes
class ModelSubvolumeProperties {

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
    abstract static class OnModel extends SubvolumeProperties implements ModelHost {
        @Override
        public void arm(ModelFaults faults) {
            faults.seed(1).shortMappings(0.3).busyAnswers(0.1);
        }
    }
}

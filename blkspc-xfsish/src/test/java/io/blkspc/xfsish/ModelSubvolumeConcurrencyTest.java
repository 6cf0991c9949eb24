package io.blkspc.xfsish;

import io.blkspc.api.model.ModelFaults;
import io.blkspc.api.model.ModelHost;
import io.blkspc.api.model.ModelOptions;

/** Many threads on the model, which answers short and BUSY now and then. */
class ModelSubvolumeConcurrencyTest extends SubvolumeConcurrencyContract implements ModelHost {
    @Override
    public ModelOptions options() {
        return ModelOptions.defaults();
    }

    @Override
    public void arm(ModelFaults faults) {
        faults.seed(5).shortMappings(0.2).busyAnswers(0.1);
    }
}

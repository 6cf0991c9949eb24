package io.blkspc.xfsish;

import io.blkspc.api.model.ModelHost;
import io.blkspc.api.model.ModelOptions;

/** The write path on the model, which checks its client: leases, checksums, what may be waited for. */
class ModelSubvolumeTest extends SubvolumeContract implements ModelHost {
    @Override
    public ModelOptions options() {
        return ModelOptions.defaults();
    }
}

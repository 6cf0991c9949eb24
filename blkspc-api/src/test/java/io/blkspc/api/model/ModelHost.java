package io.blkspc.api.model;

import io.blkspc.api.Pool;
import io.blkspc.api.contract.ContractHost;

/** The model as a host under test. */
public interface ModelHost extends ContractHost {

    /** How its pools behave. */
    ModelOptions options();

    /** Asks for rare answers. */
    default void arm(ModelFaults faults) {}

    @Override
    default Pool newPool(long dataBytes) {
        ModelPool pool = ModelPool.create(dataBytes, options());
        arm(pool.faults());
        return pool;
    }

    @Override
    default Pool reopen(Pool pool) {
        pool.close();
        return ((ModelPool) pool).restart();
    }

    @Override
    default Pool kill(Pool pool) {
        return ((ModelPool) pool).restart();
    }

    @Override
    default void assertConsistent(Pool pool) {
        ((ModelPool) pool).assertConsistent();
    }
}

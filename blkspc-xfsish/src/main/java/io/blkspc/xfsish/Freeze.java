package io.blkspc.xfsish;

import io.blkspc.xfsish.transaction.Transactions;

/** A moment between transactions that lasts until {@link #close}; made by {@link Subvolume#freeze}. */
public final class Freeze implements AutoCloseable {

    private final Transactions transactions;
    private boolean ended;

    Freeze(Transactions transactions) {
        this.transactions = transactions;
    }

    /** Lets transactions begin again. Idempotent; by one thread. */
    @Override
    public void close() {
        if (!ended) {
            ended = true;
            transactions.thaw();
        }
    }
}

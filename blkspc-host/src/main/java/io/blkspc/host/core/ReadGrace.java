package io.blkspc.host.core;

import io.blkspc.api.Lease;
import io.blkspc.host.sched.Scheduler;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Tells when every reader that may have mapped a freed block has ended its lease, without readers ever waiting. Readers count
 * themselves under the parity of the current epoch; the epoch advances only when the readers of the epoch before it are gone.
 * A block freed in epoch f is quiet from epoch f + 2 on. The scheme is the sleepable read-copy-update of the Linux kernel.
 *
 * <p>Entering and leaving are lock-free and allocate nothing; {@link #tryAdvance} is called under the order lock.
 */
final class ReadGrace {

    static final int STRIPES = 16; // power of two
    static final int SPREAD = 8; // longs between counters, so that stripes do not share a cache line

    /** Readers by parity, then stripe. */
    private final AtomicLongArray counters = new AtomicLongArray(2 * STRIPES * SPREAD);

    private final Scheduler scheduler;
    private final Hold[] holds = new Hold[2 * STRIPES];
    private volatile long epoch = 2;

    /** One preallocated lease: leaving undoes exactly the count entering made. */
    private final class Hold implements Lease {
        private final int index;

        Hold(int index) {
            this.index = index;
        }

        @Override
        public void close() {
            leave(index);
        }
    }

    ReadGrace(Scheduler scheduler) {
        this.scheduler = scheduler;
        for (int i = 0; i < holds.length; i++) {
            holds[i] = new Hold(i);
        }
    }

    Lease enter() {
        return holds[count()];
    }

    /** Counts the current thread in; the answer, 0 to {@code 2 * STRIPES - 1}, goes to {@link #leave}. */
    int count() {
        int stripe = scheduler.stripe() & (STRIPES - 1);
        while (true) {
            long seen = epoch;
            int index = (int) (seen & 1) * STRIPES + stripe;
            counters.getAndIncrement(index * SPREAD);
            if (epoch == seen) {
                return index;
            }
            counters.getAndDecrement(index * SPREAD); // the epoch moved on in between: count under the new one
        }
    }

    void leave(int index) {
        counters.getAndDecrement(index * SPREAD);
    }

    /** Epoch to remember with a block freed now. */
    long epoch() {
        return epoch;
    }

    /** Newest epoch whose readers have all ended. */
    long quietEpoch() {
        return epoch - 2;
    }

    /** Moves on by one epoch if the readers of the previous one are gone. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // only ever written under the order lock
    boolean tryAdvance() {
        int previous = (int) ((epoch + 1) & 1);
        for (int stripe = 0; stripe < STRIPES; stripe++) {
            if (counters.get((previous * STRIPES + stripe) * SPREAD) != 0) {
                return false;
            }
        }
        epoch = epoch + 1;
        return true;
    }
}

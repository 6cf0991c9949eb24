package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Lease;
import io.blkspc.host.sched.Scheduler;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Counts the write leases of one head and keeps new ones out while it is being frozen (SEMANTICS S8). A write lease also
 * holds the read grace, so that a block written in place is not reused under the write.
 *
 * <p>{@link #enter} is lock-free unless the gate is up. A stage on a mapped unwritten block counts as a write lease for as
 * long as it lives: {@link #addStageHold}.
 */
final class WriteGate {

    /** How long anybody waits here before it gives up with BUSY. */
    static final long PATIENCE_NANOS = 5_000_000_000L;

    private static final long POLL_NANOS = 50_000;
    private static final int STRIPES = ReadGrace.STRIPES;
    private static final int SPREAD = ReadGrace.SPREAD;

    private final Scheduler scheduler;
    private final ReadGrace grace;
    private final AtomicLongArray counters = new AtomicLongArray(STRIPES * SPREAD);
    private volatile boolean raised;

    /** One for each count of the grace, made in advance: leaving undoes both counts that entering made. */
    private final Hold[] holds = new Hold[2 * STRIPES];

    private final class Hold implements Lease {
        private final int reading;

        Hold(int reading) {
            this.reading = reading;
        }

        @Override
        public void close() {
            counters.getAndDecrement(reading % STRIPES * SPREAD);
            grace.leave(reading);
        }
    }

    WriteGate(Scheduler scheduler, ReadGrace grace) {
        this.scheduler = scheduler;
        this.grace = grace;
        for (int i = 0; i < holds.length; i++) {
            holds[i] = new Hold(i);
        }
    }

    Lease enter(String name) {
        int stripe = scheduler.stripe() & (STRIPES - 1);
        long deadline = 0;
        while (true) {
            counters.getAndIncrement(stripe * SPREAD);
            if (!raised) {
                return holds[grace.count()];
            }
            counters.getAndDecrement(stripe * SPREAD);
            long now = scheduler.nanoTime();
            if (deadline == 0) {
                deadline = now + PATIENCE_NANOS;
            } else if (now - deadline > 0) {
                throw new BlockSpaceException(Code.BUSY, "volume is being frozen: name=" + name);
            }
            scheduler.pause(POLL_NANOS);
        }
    }

    /** Keeps new write leases out. Under the order lock; at most one caller at a time. */
    void raise() {
        if (raised) {
            throw new BlockSpaceException(Code.BUSY, "volume is already being frozen");
        }
        raised = true;
    }

    boolean isRaised() {
        return raised;
    }

    void lower() {
        raised = false;
    }

    /** Waits, without any lock, until no write lease is left; {@code false} when the patience ended first. */
    boolean drain() {
        long deadline = scheduler.nanoTime() + PATIENCE_NANOS;
        while (!isDrained()) {
            if (scheduler.nanoTime() - deadline > 0) {
                return false;
            }
            scheduler.pause(POLL_NANOS);
        }
        return true;
    }

    boolean isDrained() {
        long sum = 0;
        for (int stripe = 0; stripe < STRIPES; stripe++) {
            sum += counters.get(stripe * SPREAD);
        }
        return sum == 0;
    }

    /** Stages hold the gate once for each mapped unwritten block, so that splitting a stage changes nothing. */
    void addStageHold(long blocks) {
        counters.getAndAdd(0, blocks);
    }

    void dropStageHold(long blocks) {
        counters.getAndAdd(0, -blocks);
    }
}

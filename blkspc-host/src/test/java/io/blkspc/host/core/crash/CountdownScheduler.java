package io.blkspc.host.core.crash;

import io.blkspc.host.sched.OrderLock;
import io.blkspc.host.sched.Scheduler;
import io.blkspc.host.sim.InertScheduler;

/** One thread alone, stopped dead at a step: for crashes inside recovery. */
final class CountdownScheduler implements Scheduler {

    /** Ends the recovery. */
    static final class Stopped extends Error {
        private static final long serialVersionUID = 1L;

        Stopped() {
            super("stopped", null, false, false);
        }
    }

    private final InertScheduler inert = new InertScheduler();
    private long left;

    CountdownScheduler(long steps) {
        left = steps;
    }

    /** From now on nothing stops. */
    void disarm() {
        left = Long.MAX_VALUE;
    }

    @Override
    public OrderLock newLock(String name) {
        return inert.newLock(name);
    }

    @Override
    public long nanoTime() {
        return inert.nanoTime();
    }

    @Override
    public void pause(long nanos) {
        inert.pause(nanos);
    }

    @Override
    public void yieldPoint(String what) {
        if (left-- <= 0) {
            left = 0;
            throw new Stopped();
        }
    }
}

package io.blkspc.host.sim;

import io.blkspc.host.sched.OrderLock;
import io.blkspc.host.sched.Scheduler;
import io.blkspc.host.sched.Waiters;

/** For one thread alone: locks are only checked for correct use, and waiting moves a clock. Never switches, never crashes. */
public final class InertScheduler implements Scheduler {

    private long now = 1;

    /** A scheduler whose clock stands at one nanosecond. */
    public InertScheduler() {}

    @Override
    public OrderLock newLock(String name) {
        return new InertLock(name);
    }

    @Override
    public long nanoTime() {
        return now;
    }

    @Override
    public void pause(long nanos) {
        now += Math.max(0, nanos);
    }

    @Override
    public void yieldPoint(String what) {}

    private final class InertLock implements OrderLock {
        private final String name;
        private boolean isHeld;

        InertLock(String name) {
            this.name = name;
        }

        @Override
        public void lock() {
            if (isHeld) {
                throw new IllegalStateException("lock is not reentrant: lock=" + name);
            }
            isHeld = true;
        }

        @Override
        public void unlock() {
            checkHeld();
            isHeld = false;
        }

        @Override
        public boolean await(long nanos) {
            checkHeld();
            if (nanos == Long.MAX_VALUE) {
                throw new IllegalStateException("waits for ever, and nobody else is there to signal: lock=" + name);
            }
            pause(nanos);
            return false;
        }

        @Override
        public void signal() {
            checkHeld();
        }

        @Override
        public void signalAll() {
            checkHeld();
        }

        /** Nobody else is there: one queue is as good as another. */
        @Override
        public Waiters newWaiters() {
            return this;
        }

        @Override
        public boolean isHeld() {
            return isHeld;
        }

        private void checkHeld() {
            if (!isHeld) {
                throw new IllegalMonitorStateException("lock is not held: lock=" + name);
            }
        }
    }
}

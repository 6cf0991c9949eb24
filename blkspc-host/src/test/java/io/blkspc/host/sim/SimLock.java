package io.blkspc.host.sim;

import io.blkspc.host.sched.OrderLock;
import io.blkspc.host.sched.Waiters;
import io.blkspc.host.sim.SimTask.State;
import java.util.ArrayList;
import java.util.List;

/** A lock between the tasks of one {@link SimScheduler}. Who gets it next is the scheduler's choice. */
final class SimLock implements OrderLock {

    private final SimScheduler scheduler;
    private final String name;
    private final List<SimTask> locking = new ArrayList<>();
    private final List<Queue> queues = new ArrayList<>();
    private final Waiters waiters = newWaiters();
    private SimTask owner;
    // Held by code that is no task: set-up before run() or checks after it.
    private boolean isHeldOutside;

    SimLock(SimScheduler scheduler, String name) {
        this.scheduler = scheduler;
        this.name = name;
    }

    @Override
    public void lock() {
        SimTask self = scheduler.current();
        if (self == null) {
            if (owner != null || isHeldOutside) {
                throw new IllegalStateException("lock is held, and no task runs that could free it: " + describe());
            }
            isHeldOutside = true;
            return;
        }
        if (owner == self) {
            throw new IllegalStateException("lock is not reentrant: " + describe());
        }
        scheduler.yieldPoint(name);
        acquire(self);
    }

    private void acquire(SimTask self) {
        while (owner != null || isHeldOutside) {
            locking.add(self);
            scheduler.block(self, State.LOCKING, this, SimTask.NEVER);
        }
        owner = self;
    }

    @Override
    public void unlock() {
        SimTask self = scheduler.current();
        if (self == null && isHeldOutside) {
            isHeldOutside = false;
            return;
        }
        if (scheduler.isUnwinding()) {
            // The crash may have struck inside await, where the lock is not held.
            owner = owner == self ? null : owner;
            return;
        }
        checkHeld();
        release();
        scheduler.yieldPoint(name);
    }

    private void release() {
        owner = null;
        locking.forEach(scheduler::wake);
        locking.clear();
    }

    @Override
    public Waiters newWaiters() {
        Queue queue = new Queue();
        queues.add(queue);
        return queue;
    }

    @Override
    public boolean await(long nanos) {
        return waiters.await(nanos);
    }

    @Override
    public void signal() {
        waiters.signal();
    }

    @Override
    public void signalAll() {
        waiters.signalAll();
    }

    private final class Queue implements Waiters {

        private final List<SimTask> waiting = new ArrayList<>();

        @Override
        public boolean await(long nanos) {
            checkHeld();
            SimTask self = scheduler.current();
            if (self == null) {
                if (nanos == Long.MAX_VALUE) {
                    throw new IllegalStateException("waits for ever outside a task: " + describe());
                }
                scheduler.pause(nanos);
                return false;
            }
            release();
            self.isSignalled = false;
            waiting.add(self);
            scheduler.block(self, State.WAITING, SimLock.this, scheduler.deadlineAfter(nanos));
            boolean isSignalled = self.isSignalled;
            acquire(self);
            return isSignalled;
        }

        @Override
        public void signal() {
            if (scheduler.isUnwinding()) {
                return;
            }
            checkHeld();
            if (!waiting.isEmpty()) {
                wake(waiting.removeFirst());
            }
        }

        @Override
        public void signalAll() {
            if (scheduler.isUnwinding()) {
                return;
            }
            checkHeld();
            waiting.forEach(this::wake);
            waiting.clear();
        }

        private void wake(SimTask task) {
            task.isSignalled = true;
            scheduler.wake(task);
        }
    }

    /** Called when the wait of a task ran out of time. */
    void timedOut(SimTask task) {
        queues.forEach(queue -> queue.waiting.remove(task));
    }

    @Override
    public boolean isHeld() {
        SimTask self = scheduler.current();
        return self == null ? isHeldOutside : owner == self;
    }

    private void checkHeld() {
        if (!isHeld()) {
            throw new IllegalMonitorStateException("lock is not held by this task: " + describe());
        }
    }

    String describe() {
        return "lock=" + name + " owner=" + (isHeldOutside ? "outside" : owner == null ? "none" : owner.name);
    }
}

package io.blkspc.host.sim;

import io.blkspc.host.sched.OrderLock;
import io.blkspc.host.sim.SimTask.State;
import java.util.ArrayList;
import java.util.List;

/** A lock between the tasks of one {@link SimScheduler}. Who gets it next is the scheduler's choice. */
final class SimLock implements OrderLock {

    private final SimScheduler scheduler;
    private final String name;
    private final List<SimTask> locking = new ArrayList<>();
    private final List<SimTask> waiting = new ArrayList<>();
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
        scheduler.block(self, State.WAITING, this, scheduler.deadlineAfter(nanos));
        boolean isSignalled = self.isSignalled;
        acquire(self);
        return isSignalled;
    }

    @Override
    public void signalAll() {
        if (scheduler.isUnwinding()) {
            return;
        }
        checkHeld();
        for (SimTask task : waiting) {
            task.isSignalled = true;
            scheduler.wake(task);
        }
        waiting.clear();
    }

    /** Called when the wait of a task ran out of time. */
    void timedOut(SimTask task) {
        waiting.remove(task);
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

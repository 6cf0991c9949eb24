package io.blkspc.host.core;

import io.blkspc.host.sched.OrderLock;
import io.blkspc.host.sched.Waiters;

/**
 * Group commit: a caller is served by any run that began after it called; one caller runs, the others wait. The end of a run
 * wakes those it served, and one of those who came meanwhile, to run for the rest: nobody is woken only to wait again. A run that
 * ends by an exception, whatever it is, fails the engine, and all who wait see that; where the pool was closed meanwhile they see
 * that instead.
 *
 * <p>A device shares its forces too, but below this: it knows neither the locks of the scheduler nor the engine, and what it shares is
 * one call of the kernel, where a run here is a force of data and journal and what is concluded from it.
 */
@SuppressWarnings("checkstyle:IllegalCatch") // whatever ends a run must not pass for its end
final class ForceGroup {

    private static final long WAIT_NANOS = 1_000_000_000L;

    private final Engine engine;
    private final Runnable force;
    private final OrderLock lock;
    // Those served by runs of even and of odd number. While one runs, everybody who comes waits for the next.
    private final Waiters[] served;
    private long runsStarted;
    private long runsCompleted;
    private boolean running;

    /**
     * A group.
     *
     * @param force one run, without a lock; one at a time
     */
    ForceGroup(Engine engine, String name, Runnable force) {
        this.engine = engine;
        this.force = force;
        this.lock = engine.scheduler.newLock(name);
        this.served = new Waiters[] {lock.newWaiters(), lock.newWaiters()};
    }

    /**
     * Returns when a run that began after this call has ended. Holds no lock.
     *
     * @param joins the run under way is enough, if there is one
     */
    void await(boolean joins) {
        lock.lock();
        try {
            long mine = joins && running ? runsStarted : runsStarted + 1;
            while (runsCompleted < mine) {
                engine.checkWritable();
                if (running) {
                    served(mine).await(WAIT_NANOS);
                } else {
                    run();
                }
            }
            engine.checkWritable();
        } finally {
            lock.unlock();
        }
    }

    /** Under the lock, which is let go meanwhile. */
    private void run() {
        running = true;
        runsStarted++;
        long run = runsStarted;
        lock.unlock();
        try {
            force.run();
        } catch (RuntimeException | Error e) {
            engine.fail(e); // whatever it was, and wherever: what this run was to cover nobody forces again
            throw e;
        } finally {
            lock.lock();
            running = false;
            runsCompleted = run; // a failed run served nobody: every waiter sees the engine failed, or closed
            served(run).signalAll();
            if (engine.isEnded()) {
                served(run + 1).signalAll();
            } else {
                served(run + 1).signal(); // it runs for the others
            }
        }
    }

    private Waiters served(long run) {
        return served[(int) (run & 1)];
    }
}

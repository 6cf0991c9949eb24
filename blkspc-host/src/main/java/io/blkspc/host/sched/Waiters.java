package io.blkspc.host.sched;

/** The threads that wait for something an {@link OrderLock} guards. Every method is called by a holder of that lock. */
public interface Waiters {

    /**
     * Gives the lock back, waits for a signal, and takes it again before returning. May wake without a signal: call it in a
     * loop that looks at the condition.
     *
     * @param nanos longest wait in nanoseconds; {@link Long#MAX_VALUE} for no limit
     * @return {@code false} when the time passed without a signal
     * @throws IllegalMonitorStateException when this thread does not hold the lock
     */
    boolean await(long nanos);

    /**
     * Wakes one thread in {@link #await}, if there is one.
     *
     * @throws IllegalMonitorStateException when this thread does not hold the lock
     */
    void signal();

    /**
     * Wakes every thread in {@link #await}.
     *
     * @throws IllegalMonitorStateException when this thread does not hold the lock
     */
    void signalAll();
}

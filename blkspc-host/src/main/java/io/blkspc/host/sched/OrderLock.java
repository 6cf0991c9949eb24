package io.blkspc.host.sched;

/**
 * A mutual exclusion lock with one condition. Not reentrant: taking it twice in one thread is a mistake of the caller and
 * an {@link IllegalStateException}. Interrupts neither end a wait nor get lost.
 */
public interface OrderLock {

    /** Takes the lock, waiting as long as it takes. Memory effects as {@link java.util.concurrent.locks.Lock#lock}. */
    void lock();

    /**
     * Gives the lock back.
     *
     * @throws IllegalMonitorStateException when this thread does not hold it
     */
    void unlock();

    /**
     * Gives the lock back, waits for {@link #signalAll}, and takes it again before returning. May wake without a signal:
     * call it in a loop that looks at the condition.
     *
     * @param nanos longest wait in nanoseconds; {@link Long#MAX_VALUE} for no limit
     * @return {@code false} when the time passed without a signal
     * @throws IllegalMonitorStateException when this thread does not hold the lock
     */
    boolean await(long nanos);

    /**
     * Wakes every thread in {@link #await}.
     *
     * @throws IllegalMonitorStateException when this thread does not hold the lock
     */
    void signalAll();

    /** {@code true} when the current thread holds the lock. */
    boolean isHeld();
}

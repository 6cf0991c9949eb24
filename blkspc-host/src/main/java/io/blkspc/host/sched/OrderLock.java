package io.blkspc.host.sched;

/**
 * A mutual exclusion lock with one queue of waiters of its own, and more where not all wait for the same. Not reentrant:
 * taking it twice in one thread is a mistake of the caller and an {@link IllegalStateException}. Interrupts neither end a
 * wait nor get lost.
 */
public interface OrderLock extends Waiters {

    /** Takes the lock, waiting as long as it takes. Memory effects as {@link java.util.concurrent.locks.Lock#lock}. */
    void lock();

    /**
     * Gives the lock back.
     *
     * @throws IllegalMonitorStateException when this thread does not hold it
     */
    void unlock();

    /** Another queue; signals of one do not wake those of another. */
    Waiters newWaiters();

    /** {@code true} when the current thread holds the lock. */
    boolean isHeld();
}

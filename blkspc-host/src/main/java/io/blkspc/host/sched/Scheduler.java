package io.blkspc.host.sched;

/**
 * Everything the engine may know of threads and time. Code that takes all its locks, waits and clock readings from here
 * behaves the same under a seeded scheduler for the same seed.
 *
 * <p>Any thread may call anything.
 */
public interface Scheduler {

    /**
     * Makes a lock.
     *
     * @param name what it guards; shown when tasks dead-lock
     */
    OrderLock newLock(String name);

    /** A clock that never goes back, in nanoseconds since an arbitrary moment. */
    long nanoTime();

    /**
     * Lets others run for about {@code nanos} nanoseconds; used between two looks at a counter that has no lock. Not cut
     * short by an interrupt; the interrupt stays pending. Zero or less only yields.
     */
    void pause(long nanos);

    /**
     * A number that tends to differ between threads that run at the same time: to choose one of several counters. Nothing
     * may depend on which one it is.
     */
    default int stripe() {
        return (int) Thread.currentThread().threadId();
    }

    /**
     * A point where another task may run and where a crash may strike. Does nothing in production.
     *
     * @param what a constant that names the place; it goes into the trace hash
     */
    void yieldPoint(String what);
}

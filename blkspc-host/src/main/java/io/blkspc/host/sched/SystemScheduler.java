package io.blkspc.host.sched;

/** Real threads and the real clock. Has no state. */
public final class SystemScheduler implements Scheduler {

    /** A scheduler; any two are equivalent. */
    public SystemScheduler() {}

    @Override
    public OrderLock newLock(String name) {
        return new SystemLock(name);
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    @SuppressWarnings("ThreadPriorityCheck") // to give way is all that is asked
    public void pause(long nanos) {
        if (nanos <= 0) {
            Thread.yield();
            return;
        }
        boolean interrupted = false;
        long deadline = System.nanoTime() + nanos;
        for (long left = nanos; left > 0; left = deadline - System.nanoTime()) {
            try {
                Thread.sleep(left / 1_000_000, (int) (left % 1_000_000));
            } catch (InterruptedException e) {
                // Sleep on, and hand the interrupt to whoever asks for it next.
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void yieldPoint(String what) {}
}

package io.blkspc.host.sched;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** {@link OrderLock} over {@link ReentrantLock}, with the reentrancy refused so that simulation and production agree. */
final class SystemLock implements OrderLock {

    private final String name;
    private final ReentrantLock lock = new ReentrantLock();
    private final Waiters waiters = newWaiters();

    SystemLock(String name) {
        this.name = name;
    }

    @Override
    public void lock() {
        if (lock.isHeldByCurrentThread()) {
            throw new IllegalStateException("lock is not reentrant: lock=" + name);
        }
        lock.lock();
    }

    @Override
    public void unlock() {
        lock.unlock();
    }

    @Override
    public Waiters newWaiters() {
        return new Queue(lock.newCondition());
    }

    @Override
    @SuppressWarnings("WaitNotInLoop") // the caller loops, as the contract of await asks
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

    @Override
    public boolean isHeld() {
        return lock.isHeldByCurrentThread();
    }

    @Override
    public String toString() {
        return "lock " + name;
    }

    private static final class Queue implements Waiters {

        private final Condition signalled;
        // Guarded by the lock. Tells an interrupted waiter of a signal that came after it had left the condition's
        // queue.
        private long signals;

        Queue(Condition signalled) {
            this.signalled = signalled;
        }

        @Override
        @SuppressWarnings("WaitNotInLoop") // as above
        public boolean await(long nanos) {
            if (nanos == Long.MAX_VALUE) {
                signalled.awaitUninterruptibly();
                return true;
            }
            boolean interrupted = false;
            long seen = signals;
            long deadline = System.nanoTime() + nanos;
            try {
                for (long left = nanos; ; left = deadline - System.nanoTime()) {
                    try {
                        return signalled.awaitNanos(left) > 0;
                    } catch (InterruptedException e) {
                        // Wait on, and hand the interrupt to whoever asks for it next.
                        interrupted = true;
                        if (signals != seen) {
                            return true;
                        }
                    }
                }
            } finally {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }

        @Override
        public void signal() {
            signals++;
            signalled.signal();
        }

        @Override
        public void signalAll() {
            signals++;
            signalled.signalAll();
        }
    }
}

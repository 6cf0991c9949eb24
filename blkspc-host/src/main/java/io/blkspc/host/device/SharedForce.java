package io.blkspc.host.device;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Lets concurrent callers share one force of the medium. A caller is served by a force that <em>began</em> after its call,
 * never by one already under way: that one may have passed by the caller's writes.
 *
 * <pre>
 *  force 1   |-----------|
 *  caller A    ?          |~~~~ force 2 ~~~~|  returns     A and B called during force 1:
 *  caller B        ?      |~~~~~~~~~~~~~~~~~|  returns     one second force serves both
 * </pre>
 *
 * <p>After the first failure nothing is forced again: the kernel reports lost pages once and then forgets them, so a second
 * force could succeed without the data. Those who waited for the failing force get {@code false}, as everyone after.
 *
 * <p>The group commit of the engine is the same idea once more, and above this: it waits on the locks of the scheduler, which a
 * simulation replaces and a device does not know, and has the engine to remember a failure.
 */
final class SharedForce {

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    private long begun;
    private long completed;
    private boolean isRunning;
    private boolean isFailed;

    /** One force of the medium; {@code false} or an exception when it failed. */
    interface Action {
        boolean force();
    }

    /**
     * Returns when a force that began after this call has completed.
     *
     * @return {@code false} when a force failed, this time or earlier
     */
    boolean force(Action action) {
        lock.lock();
        try {
            long wanted = begun + 1;
            while (isRunning && completed < wanted) {
                ended.awaitUninterruptibly();
            }
            if (completed >= wanted || isFailed) {
                return completed >= wanted;
            }
            isRunning = true;
            begun++;
        } finally {
            lock.unlock();
        }
        boolean isDone = false;
        try {
            isDone = action.force();
        } finally {
            end(isDone);
        }
        return isDone;
    }

    /** Number of callers that wait for a force of someone else. */
    int waiting() {
        lock.lock();
        try {
            return lock.getWaitQueueLength(ended);
        } finally {
            lock.unlock();
        }
    }

    private void end(boolean isDone) {
        lock.lock();
        try {
            isRunning = false;
            if (isDone) {
                completed = begun;
            } else {
                isFailed = true;
            }
            ended.signalAll();
        } finally {
            lock.unlock();
        }
    }
}

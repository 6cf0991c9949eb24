package io.blkspc.nbd;

import io.blkspc.nbd.handshake.Admission;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.transport.Link;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The clients of a server. Those in transmission are counted apart from those in the handshake, and these in two rooms of
 * equal size: in the first are clients that have not sent one option, in the other those that have, the one that was
 * silent for longest first. A room that is full makes its first guest leave, so a crowd of silent clients pushes out
 * silent ones, and one of slow clients slow ones. Any thread may call anything.
 *
 * <p>Every guest of the first room may stay for {@link #GRACE_NANOS}, whatever the crowd: who wants to enter waits for that
 * long. So a client that speaks at once is served, however fast others come.
 */
final class Connections {

    private static final long GRACE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private static final long LEAVE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final NbdLimits limits;
    private final int roomSize;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition empty = lock.newCondition();
    private final Set<Link> all = new LinkedHashSet<>(); // also those that were evicted and have not left yet
    private final Set<Link> established = new LinkedHashSet<>();
    private final Map<Link, Long> silent = new LinkedHashMap<>(); // when they came; oldest first
    private final Set<Link> talking = new LinkedHashSet<>(); // by their last option; oldest first
    private boolean closing;
    private long accepted;
    private long requests;

    Connections(NbdLimits limits) {
        this.limits = limits;
        this.roomSize = Math.max(1, limits.maxNegotiating() / 2);
    }

    /** Lets a client in, at the cost of the one that has been silent longest; {@code false} while closing. */
    boolean enter(Link link) {
        Link evicted = null;
        long waitNanos = 0;
        do {
            LockSupport.parkNanos(waitNanos);
            lock.lock();
            try {
                if (closing) {
                    return false;
                }
                waitNanos = waitNanos();
                if (waitNanos <= 0) {
                    evicted = silent.size() < roomSize ? null : leaveFirst(silent.keySet());
                    accepted++;
                    silent.put(link, System.nanoTime());
                    all.add(link);
                }
            } finally {
                lock.unlock();
            }
        } while (waitNanos > 0);
        abort(evicted);
        return true;
    }

    /** Those that were made to leave take a moment; they are not counted as guests, but as threads and memory. */
    private long waitNanos() {
        if (all.size() >= limits.maxConnections() + 2 * limits.maxNegotiating()) {
            return LEAVE_NANOS;
        }
        return silent.size() < roomSize ? 0 : graceLeft();
    }

    private long graceLeft() {
        return silent.values().iterator().next() + GRACE_NANOS - System.nanoTime();
    }

    /** A client in the handshake has sent a whole option. */
    void spoke(Link link) {
        Link evicted = null;
        lock.lock();
        try {
            boolean wasSilent = silent.remove(link) != null;
            boolean wasTalking = talking.remove(link);
            if (wasSilent || wasTalking) {
                evicted = talking.size() < roomSize ? null : leaveFirst(talking);
                talking.add(link);
            }
        } finally {
            lock.unlock();
        }
        abort(evicted);
    }

    private static Link leaveFirst(Set<Link> room) {
        Link first = room.iterator().next();
        room.remove(first);
        return first;
    }

    private static void abort(Link evicted) {
        if (evicted != null) {
            evicted.abort("too many clients negotiate");
        }
    }

    /** Moves a client to transmission, if there is room. */
    Admission establish(Link link) {
        lock.lock();
        try {
            if (closing || !talking.contains(link)) {
                return Admission.CLOSING;
            }
            if (established.size() >= limits.maxConnections()) {
                return Admission.FULL;
            }
            talking.remove(link);
            established.add(link);
            return Admission.ADMITTED;
        } finally {
            lock.unlock();
        }
    }

    void leave(Link link, long requestsServed) {
        lock.lock();
        try {
            silent.remove(link);
            talking.remove(link);
            established.remove(link);
            all.remove(link);
            requests += requestsServed;
            if (all.isEmpty()) {
                empty.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    void checkDeadlines() {
        long now = System.nanoTime();
        for (Link link : snapshot()) {
            link.checkDeadlines(now);
        }
    }

    /** What was received of clients in transmission is finished, the others go; nobody enters any more. */
    void beginClosing() {
        lock.lock();
        try {
            closing = true;
        } finally {
            lock.unlock();
        }
        for (Link link : snapshot()) {
            link.stopReceiving();
        }
    }

    void abortAll(String reason) {
        for (Link link : snapshot()) {
            link.abort(reason);
        }
    }

    /** Waits until everybody has left; {@code false} when the time passed first. */
    boolean awaitEmpty(long timeoutNanos) {
        long deadline = System.nanoTime() + timeoutNanos;
        lock.lock();
        try {
            long left = timeoutNanos;
            while (!all.isEmpty() && left > 0) {
                try {
                    left = empty.awaitNanos(left);
                } catch (InterruptedException e) {
                    left = deadline - System.nanoTime(); // closing goes on; its time is bounded anyway
                }
            }
            return all.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    NbdStatus status(long bufferBytes, long faults) {
        lock.lock();
        try {
            int negotiating = silent.size() + talking.size();
            return new NbdStatus(established.size(), negotiating, accepted, requests, bufferBytes, faults);
        } finally {
            lock.unlock();
        }
    }

    private List<Link> snapshot() {
        lock.lock();
        try {
            return new ArrayList<>(all);
        } finally {
            lock.unlock();
        }
    }
}

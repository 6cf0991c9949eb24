package io.blkspc.nbd;

import io.blkspc.nbd.handshake.Admission;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.transport.Link;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The clients of a server. Those in the handshake and those in transmission are counted apart, and a full handshake room
 * makes its oldest guest leave: silent sockets lock nobody out. Any thread may call anything.
 */
final class Connections {

    private final NbdLimits limits;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition empty = lock.newCondition();
    private final Set<Link> all = new LinkedHashSet<>(); // also those that were evicted and have not left yet
    private final Set<Link> established = new LinkedHashSet<>();
    private final Set<Link> negotiating = new LinkedHashSet<>(); // oldest first
    private boolean closing;
    private long accepted;
    private long requests;

    Connections(NbdLimits limits) {
        this.limits = limits;
    }

    /** Lets a client in, at the cost of the one that has been negotiating longest; {@code false} while closing. */
    boolean enter(Link link) {
        Link evicted = null;
        lock.lock();
        try {
            if (closing) {
                return false;
            }
            accepted++;
            if (negotiating.size() >= limits.maxNegotiating()) {
                evicted = negotiating.iterator().next();
                negotiating.remove(evicted);
            }
            negotiating.add(link);
            all.add(link);
        } finally {
            lock.unlock();
        }
        if (evicted != null) {
            evicted.abort("too many clients negotiate");
        }
        return true;
    }

    /** Moves a client to transmission, if there is room. */
    Admission establish(Link link) {
        lock.lock();
        try {
            if (closing || !negotiating.contains(link)) {
                return Admission.CLOSING;
            }
            if (established.size() >= limits.maxConnections()) {
                return Admission.FULL;
            }
            negotiating.remove(link);
            established.add(link);
            return Admission.ADMITTED;
        } finally {
            lock.unlock();
        }
    }

    void leave(Link link, long requestsServed) {
        lock.lock();
        try {
            negotiating.remove(link);
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

    /** Lets clients in transmission finish what they sent, and the others go; nobody enters any more. */
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

    NbdStatus status(long bufferBytes) {
        lock.lock();
        try {
            return new NbdStatus(established.size(), negotiating.size(), accepted, requests, bufferBytes);
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

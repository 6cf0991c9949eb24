package io.blkspc.nbd.transmission;

import io.blkspc.api.BlockSpace;
import io.blkspc.nbd.handshake.Negotiated;
import io.blkspc.nbd.protocol.ReplyStyle;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.transport.BufferPool;
import io.blkspc.nbd.transport.Link;
import io.blkspc.nbd.transport.ReplyMemory;
import io.blkspc.nbd.transport.Workers;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Requests of one connection that wait for the medium while the connection goes on. Workers do them; a sender thread of
 * this connection, started with the first of them, sends the replies, so that a client that does not read holds its own
 * sender and no worker.
 */
final class SlowLane {

    private final BlockSpace space;
    private final ReplyStyle style;
    private final Link link;
    private final Workers workers;
    private final BufferPool buffers;
    private final int maxInFlight;
    private final long maxBytes;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition completed = lock.newCondition();
    private final Condition drained = lock.newCondition();
    private final List<SlowRequest> all = new ArrayList<>();
    private final Deque<SlowRequest> free = new ArrayDeque<>();
    private final Deque<SlowRequest> done = new ArrayDeque<>();
    private int inFlight;
    private long bytesInFlight;
    private Thread sender;
    private boolean closed;

    SlowLane(Negotiated negotiated, Link link, Workers workers, BufferPool buffers, NbdLimits limits) {
        this.space = negotiated.space();
        this.style = negotiated.style();
        this.link = link;
        this.workers = workers;
        this.buffers = buffers;
        this.maxInFlight = limits.maxInFlight();
        this.maxBytes = limits.maxInFlightBytes();
    }

    /** A request to fill and {@link #submit}, or {@code null} when a bound is reached and the caller does it itself. */
    SlowRequest tryBegin(long replyBytes) {
        if (replyBytes > maxBytes) {
            return null;
        }
        lock.lock();
        try {
            ReplyMemory memory = inFlight == maxInFlight ? null : acquire(replyBytes);
            if (memory == null) {
                return null;
            }
            SlowRequest request = free.pollFirst();
            if (request == null) {
                request = new SlowRequest(this, space, style);
                all.add(request);
            }
            request.begin(memory);
            inFlight++;
            return request;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Memory for one reply that the connection's own thread reads and sends, out of the same bounds, or {@code null}. Goes
     * back through {@link #release}.
     */
    ReplyMemory tryAcquire(long replyBytes) {
        lock.lock();
        try {
            return acquire(replyBytes);
        } finally {
            lock.unlock();
        }
    }

    void release(ReplyMemory memory) {
        long bytes = memory.segment().byteSize();
        buffers.release(memory);
        lock.lock();
        try {
            bytesInFlight -= bytes;
        } finally {
            lock.unlock();
        }
    }

    private ReplyMemory acquire(long replyBytes) {
        if (bytesInFlight + BufferPool.sizeOf(replyBytes) > maxBytes) {
            return null;
        }
        ReplyMemory memory = buffers.tryAcquire((int) replyBytes);
        if (memory != null) {
            bytesInFlight += memory.segment().byteSize();
        }
        return memory;
    }

    void submit(SlowRequest request) {
        if (!workers.offer(request)) {
            request.run();
        }
    }

    /** Called by whoever ran the request. */
    void complete(SlowRequest request) {
        lock.lock();
        try {
            done.addLast(request);
            if (sender == null) {
                sender = Thread.ofPlatform()
                        .name("nbd-send-" + link.peer())
                        .daemon(true)
                        .start(this::sendCompleted);
            }
            completed.signal();
        } finally {
            lock.unlock();
        }
    }

    void countFault() {
        workers.countFault();
    }

    boolean isIdle() {
        lock.lock();
        try {
            return inFlight == 0;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until every request is answered, or could not be because the client is gone; then ends the sender. */
    void close() {
        lock.lock();
        try {
            while (inFlight > 0) {
                drained.awaitUninterruptibly();
            }
            closed = true;
            completed.signal();
        } finally {
            lock.unlock();
        }
        for (SlowRequest request : all) {
            request.close();
        }
    }

    private void sendCompleted() {
        while (true) {
            SlowRequest request = awaitCompleted();
            if (request == null) {
                return;
            }
            try {
                link.send(request.memory().view().limit(request.encodedBytes()).position(0));
            } catch (IOException e) {
                link.abort("client is gone: " + e.getMessage()); // the connection's thread ends on the closed socket
            }
            recycle(request);
        }
    }

    private SlowRequest awaitCompleted() {
        lock.lock();
        try {
            while (done.isEmpty()) {
                if (closed) {
                    return null;
                }
                completed.awaitUninterruptibly();
            }
            return done.removeFirst();
        } finally {
            lock.unlock();
        }
    }

    private void recycle(SlowRequest request) {
        release(request.takeMemory());
        lock.lock();
        try {
            free.addFirst(request);
            inFlight--;
            if (inFlight == 0) {
                drained.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }
}

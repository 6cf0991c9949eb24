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
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Requests of one connection that wait for the medium while the connection goes on. Workers do them; a sender thread of
 * this connection, started before the first of them, sends the replies, so that a client that does not read holds its own
 * sender and no worker. It sends what is complete as one piece, and waits for nothing more to complete. Where there is no thread
 * for the sender, nothing is begun here.
 */
final class SlowLane implements AutoCloseable {

    /** Replies that are sent together. */
    private static final int GATHERED_BYTES = 64 << 10;

    /** Up to here a copy costs less than a system call. */
    static final int MAX_COPIED_BYTES = 16 << 10;

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
    // These two are the sender's.
    private final SlowRequest[] sending;
    private final ReplyBuffer gathered;
    private int inFlight;
    private long bytesInFlight;
    private boolean isSenderStarted;
    private boolean closed;

    /** Takes memory of {@code arena}, which must not be closed before this is. */
    SlowLane(Negotiated negotiated, Link link, Arena arena, Workers workers, BufferPool buffers, NbdLimits limits) {
        this.space = negotiated.space();
        this.style = negotiated.style();
        this.link = link;
        this.workers = workers;
        this.buffers = buffers;
        this.maxInFlight = limits.maxInFlight();
        this.maxBytes = limits.maxInFlightBytes();
        this.sending = new SlowRequest[maxInFlight];
        this.gathered = new ReplyBuffer(link, arena, GATHERED_BYTES, style);
    }

    /** A request to fill and {@link #submit}, or {@code null} when a bound is reached and the caller does it itself. */
    SlowRequest tryBegin(long replyBytes) {
        if (replyBytes > maxBytes) {
            return null;
        }
        lock.lock();
        try {
            if (inFlight == maxInFlight || !hasSender()) {
                return null;
            }
            if (free.isEmpty()) {
                SlowRequest made = new SlowRequest(this, space, style);
                all.add(made);
                free.addFirst(made);
            }
            ReplyMemory memory = acquire(replyBytes);
            if (memory == null) {
                return null;
            }
            SlowRequest request = free.removeFirst();
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

    private boolean hasSender() {
        if (!isSenderStarted) {
            isSenderStarted = workers.tryStart("nbd-send-" + link.peer(), this::sendCompleted);
        }
        return isSenderStarted;
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
    @Override
    public void close() {
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
            int count = awaitCompleted();
            if (count == 0) {
                return;
            }
            try {
                send(count);
            } catch (IOException e) {
                link.abort("client is gone: " + e.getMessage()); // the connection's thread ends on the closed socket
            }
            recycle(count);
        }
    }

    /** Moves all that is complete to {@link #sending}; 0 when nothing will be any more. */
    private int awaitCompleted() {
        lock.lock();
        try {
            while (done.isEmpty()) {
                if (closed) {
                    return 0;
                }
                completed.awaitUninterruptibly();
            }
            int count = 0;
            while (!done.isEmpty()) {
                sending[count++] = done.removeFirst();
            }
            return count;
        } finally {
            lock.unlock();
        }
    }

    private void send(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            SlowRequest request = sending[i];
            int bytes = request.encodedBytes();
            if (count == 1 || bytes > MAX_COPIED_BYTES) {
                link.send(request.memory().view().limit(bytes).position(0));
            } else {
                gathered.ensure(bytes);
                int end = gathered.end();
                MemorySegment.copy(request.memory().segment(), 0, gathered.segment(), end, bytes);
                gathered.end(end + bytes);
            }
        }
        gathered.send();
    }

    private void recycle(int count) {
        long bytes = 0;
        for (int i = 0; i < count; i++) {
            ReplyMemory memory = sending[i].takeMemory();
            bytes += memory.segment().byteSize();
            buffers.release(memory);
        }
        lock.lock();
        try {
            bytesInFlight -= bytes;
            for (int i = 0; i < count; i++) {
                free.addFirst(sending[i]);
            }
            inFlight -= count;
            if (inFlight == 0) {
                drained.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }
}

package io.blkspc.nbd.transport;

import java.util.concurrent.Semaphore;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/**
 * Waits a moment for the next request before its thread goes to sleep. A client that works in step, one request after the
 * other, sends the next one some microseconds after a reply, and to be woken for it costs more than that.
 *
 * <p>The moment is learned as KVM learns how long to poll before it halts a processor ({@code halt_poll_ns}): it grows while
 * requests come soon and is nothing once one came late, so that an idle client costs nothing. One connection at a time polls,
 * and gives way to every thread that can run.
 *
 * <p>Belongs to the thread that receives.
 */
final class Arrivals {

    /** Longest moment; also what counts as soon. */
    static final long MAX_WINDOW_NANOS = 50_000;

    private static final long FIRST_WINDOW_NANOS = 10_000;

    private static final Semaphore POLLER = new Semaphore(1);

    private final IntSupplier waiting;
    private final LongSupplier nanoTime;
    private final Semaphore poller;
    private long windowNanos;
    private long sinceNanos;

    /**
     * For one socket.
     *
     * @param waiting how many bytes can be received at once; negative when that cannot be known
     */
    Arrivals(IntSupplier waiting) {
        this(waiting, System::nanoTime, POLLER);
    }

    Arrivals(IntSupplier waiting, LongSupplier nanoTime, Semaphore poller) {
        this.waiting = waiting;
        this.nanoTime = nanoTime;
        this.poller = poller;
    }

    /** Before a blocking receive: returns as soon as there is something, or the moment is over. */
    void await() {
        sinceNanos = nanoTime.getAsLong();
        if (windowNanos == 0 || !poller.tryAcquire()) {
            return;
        }
        try {
            while (waiting.getAsInt() == 0 && nanoTime.getAsLong() - sinceNanos < windowNanos) {
                Thread.yield();
            }
        } finally {
            poller.release();
        }
    }

    /** After it. */
    void received() {
        boolean soon = nanoTime.getAsLong() - sinceNanos <= MAX_WINDOW_NANOS;
        windowNanos = soon ? Math.min(MAX_WINDOW_NANOS, Math.max(FIRST_WINDOW_NANOS, windowNanos * 2)) : 0;
    }

    long windowNanos() {
        return windowNanos;
    }
}

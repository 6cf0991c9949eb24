package io.blkspc.nbd.transport;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/**
 * Waits a moment for the next request before its thread goes to sleep. A client that works in step, one request after the
 * other, sends the next one some microseconds after a reply, and to be woken for it costs more than that.
 *
 * <p>The moment is learned as KVM learns how long to poll before it halts a processor ({@code halt_poll_ns}): it grows while
 * requests come soon and is nothing once one came late, so that an idle client costs nothing. One connection at a time polls,
 * and gives way to every thread that can run; where several would, nobody does for a while, because then there is other work to
 * do than to look.
 *
 * <p>Belongs to the thread that receives.
 */
final class Arrivals {

    /** Longest moment; also what counts as soon. */
    static final long MAX_WINDOW_NANOS = 50_000;

    private static final long FIRST_WINDOW_NANOS = 10_000;

    private static final long CROWDED_NANOS = 1_000_000;

    /** What the connections of a process share. */
    static final class Turn {
        private final AtomicBoolean taken = new AtomicBoolean();
        private volatile long crowdedUntilNanos = System.nanoTime();

        boolean tryTake(long now) {
            if (isCrowded(now)) {
                return false;
            }
            boolean free = taken.compareAndSet(false, true);
            if (!free) {
                crowdedUntilNanos = now + CROWDED_NANOS;
            }
            return free;
        }

        boolean isCrowded(long now) {
            return crowdedUntilNanos - now > 0;
        }

        void giveBack() {
            taken.set(false);
        }
    }

    private static final Turn TURN = new Turn();

    private final IntSupplier waiting;
    private final LongSupplier nanoTime;
    private final Turn turn;
    private long windowNanos;
    private long sinceNanos;

    /**
     * For one socket.
     *
     * @param waiting how many bytes can be received at once; negative when that cannot be known
     */
    Arrivals(IntSupplier waiting) {
        this(waiting, System::nanoTime, TURN);
    }

    Arrivals(IntSupplier waiting, LongSupplier nanoTime, Turn turn) {
        this.waiting = waiting;
        this.nanoTime = nanoTime;
        this.turn = turn;
    }

    /** Before a blocking receive: returns as soon as there is something, or the moment is over. */
    @SuppressWarnings("ThreadPriorityCheck") // correct without: yielding only leaves the processor to others
    void await() {
        long now = nanoTime.getAsLong();
        sinceNanos = now;
        if (windowNanos == 0 || !turn.tryTake(now)) {
            return;
        }
        try {
            while (now - sinceNanos < windowNanos && !turn.isCrowded(now) && waiting.getAsInt() == 0) {
                Thread.yield();
                now = nanoTime.getAsLong();
            }
        } finally {
            turn.giveBack();
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

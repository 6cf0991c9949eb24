package io.blkspc.api;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A counted reference to reserved space, made by {@link BlockSpace#reserve} with one reference for the caller. One cookie
 * serves many objects and many IOs of one transaction and outlives the stack frame that made it.
 *
 * <p>Source: {@code struct blkspc_cookie} with its {@code get}, {@code put} and {@code cancel}, linux-fsdevel, January
 * 2018. Safe for use by any number of threads; every transition is one compare-and-set.
 */
public abstract class Cookie {

    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(Cookie.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final int CANCELLED_BIT = 1 << 31;
    private static final int MAX_REFERENCES = Integer.MAX_VALUE - 1;

    /** Reference count in the low 31 bits, cancelled in the sign bit. */
    @SuppressWarnings("FieldMayBeFinal")
    private volatile int state = 1;

    /** What happens to a cookie, in the order of its life. */
    public enum Event {
        /** It was made. */
        RESERVE,
        /** A reference was taken. */
        GET,
        /** Allocate handed out blocks from it, or preallocate made them the volume's. */
        ALLOCATE,
        /** Blocks it staged were published. */
        COMMIT,
        /** It was cancelled. */
        CANCEL,
        /** A reference was given back. */
        PUT,
        /** The last reference is gone: stages and credit went back. */
        UNRESERVE
    }

    /** For hosts. */
    protected Cookie() {}

    /**
     * Takes a reference.
     *
     * @return this cookie, or {@code null} when it was cancelled or its last reference is gone: it never comes back
     */
    public final Cookie get() {
        while (true) {
            int seen = state;
            if (seen <= 0) { // cancelled (sign bit), or no reference left
                return null;
            }
            if (seen == MAX_REFERENCES) {
                throw new IllegalStateException("too many references to one cookie");
            }
            if (STATE.compareAndSet(this, seen, seen + 1)) {
                happened(Event.GET);
                return this;
            }
        }
    }

    /**
     * Gives a reference back. The last one returns the stages and the unused credit to the pool, exactly once.
     *
     * @throws IllegalStateException when there is no reference to give back
     */
    public final void put() {
        while (true) {
            int seen = state;
            int references = seen & ~CANCELLED_BIT;
            if (references == 0) {
                throw new IllegalStateException("put without a reference");
            }
            if (STATE.compareAndSet(this, seen, seen - 1)) {
                try {
                    happened(Event.PUT);
                } finally { // the last one gives back, whatever a trace throws
                    if (references == 1) {
                        unreserve();
                    }
                }
                return;
            }
        }
    }

    /**
     * No more {@code get} and no more {@code allocate}. Ranges already allocated may still be committed, so IO in flight
     * can finish. Moves no space and is not a {@code put}. Idempotent.
     */
    public final void cancel() {
        while (true) {
            int seen = state;
            if (seen < 0) {
                return;
            }
            if (STATE.compareAndSet(this, seen, seen | CANCELLED_BIT)) {
                happened(Event.CANCEL);
                return;
            }
        }
    }

    /** {@code true} after {@link #cancel}. */
    public final boolean isCancelled() {
        return state < 0;
    }

    /** References held now. For tests and diagnostics: stale as soon as it returns. */
    public final int references() {
        return state & ~CANCELLED_BIT;
    }

    /** Identity of this reservation in its pool, for diagnostics. */
    public abstract long id();

    /** Allocations of {@link #blockSizeBytes} this cookie can still make. */
    public abstract int creditsRemaining();

    /** The {@code blockSize} it was reserved with, in bytes. */
    public abstract int blockSizeBytes();

    /** Called after each event, for traces; must not change anything. */
    protected void happened(Event event) {}

    /** Called once, by the last {@link #put}. */
    protected abstract void unreserve();
}

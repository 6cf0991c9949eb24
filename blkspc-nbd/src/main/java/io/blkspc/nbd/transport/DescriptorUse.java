package io.blkspc.nbd.transport;

import java.util.concurrent.atomic.AtomicReference;

/**
 * Keeps a descriptor from being closed while it is used by its number: the kernel hands the number of a closed one to the next
 * that is opened, and what is sent then goes to a stranger. One user at a time; any thread may ask to close.
 */
final class DescriptorUse {

    private enum State {
        FREE,
        USED,
        USED_AND_CLOSING,
        CLOSED
    }

    private final AtomicReference<State> state = new AtomicReference<>(State.FREE);

    /** {@code false} once it is closed, or is to be. */
    boolean tryBegin() {
        return state.compareAndSet(State.FREE, State.USED);
    }

    /** {@code true} when the caller closes it now. */
    boolean end() {
        if (state.compareAndSet(State.USED, State.FREE)) {
            return false;
        }
        state.set(State.CLOSED);
        return true;
    }

    /** {@code true} when the caller closes it now; else its user does at the end. */
    boolean askToClose() {
        while (true) {
            State now = state.get();
            if (now == State.CLOSED || (now == State.FREE && state.compareAndSet(State.FREE, State.CLOSED))) {
                return true;
            }
            if (now == State.USED_AND_CLOSING
                    || (now == State.USED && state.compareAndSet(State.USED, State.USED_AND_CLOSING))) {
                return false;
            }
        }
    }
}

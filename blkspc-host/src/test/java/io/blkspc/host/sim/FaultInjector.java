package io.blkspc.host.sim;

/**
 * Decides which IO fails. Called once per IO, at the moment it begins, from the task that makes it; to make an IO slow, it
 * may pause.
 */
@FunctionalInterface
public interface FaultInjector {

    /** No faults. */
    FaultInjector NONE = event -> null;

    /** The fault of this IO, or null. */
    Fault onIo(IoEvent event);

    /** Only the IO with this ordinal fails. */
    static FaultInjector once(long ordinal, Fault fault) {
        return event -> event.ordinal() == ordinal ? fault : null;
    }

    /** Every IO from this ordinal on fails. */
    static FaultInjector sticky(long ordinal, Fault fault) {
        return event -> event.ordinal() >= ordinal ? fault : null;
    }
}

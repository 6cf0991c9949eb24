package io.blkspc.cli.e2e;

/**
 * The time between sending a clone command and its return. Every write replied to before it began is in the clone, every
 * write submitted after it ended is not, each other one may be in or out.
 */
final class CloneWindow {

    private final History history;
    private final VolumeOracle origin;
    private final VolumeOracle clone;
    private final long beginTick;

    CloneWindow(History history, VolumeOracle origin, VolumeOracle clone, long beginTick) {
        this.history = history;
        this.origin = origin;
        this.clone = clone;
        this.beginTick = beginTick;
    }

    /** To be called right after the clone command returned; gives the judge of the clone. */
    VolumeOracle end() {
        synchronized (history) {
            clone.cutAt(history.tick(), origin);
            return clone;
        }
    }

    long beginTick() {
        return beginTick;
    }
}

package io.blkspc.host.core;

/** Finds or makes the run-time state of versions. Guarded by the order lock. */
final class Heads {

    private final Engine engine;

    Heads(Engine engine) {
        this.engine = engine;
    }

    Head of(Version version) {
        if (version.head == null) {
            version.head = new Head(version, new WriteGate(engine.scheduler, engine.grace));
        }
        return version.head;
    }

    /** The version is gone: its handles and cookies fail from now on; stages stay until their last put. */
    void close(Version version) {
        Head head = version.head;
        if (head != null) {
            head.closed = true;
            head.closedEpoch = engine.grace.epoch();
            head.bumpGeneration();
            engine.closed(head);
        }
    }
}

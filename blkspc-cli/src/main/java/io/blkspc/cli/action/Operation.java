package io.blkspc.cli.action;

import java.util.Locale;

/** The operations a server runs for a command. The lower-case name is the one on the wire. */
public enum Operation {
    /** Facts of the pool. */
    STATUS(false),
    /** Every volume and snapshot. */
    LIST(false),
    /** One volume or snapshot. */
    INFO(false),
    /** A page of the extents of one volume or snapshot. */
    MAP(false),
    /** A part of what changed since a snapshot. */
    CHANGES(false),
    /** What it would free to destroy something. */
    FREED(false),
    /** What is promised to whom. */
    RESERVATIONS(false),
    /** What happened since the pool was opened. */
    EVENTS(false),
    /** What gives space back. */
    JOBS(false),
    /** Wait for that, or for one job. */
    WAIT(true),
    /** A new, empty volume. */
    CREATE(true),
    /** Snapshots of several volumes at one moment. */
    SNAPSHOT(true),
    /** Clones of a volume or a snapshot. */
    CLONE(true),
    /** Another name for a volume or snapshot. */
    RENAME(true),
    /** A volume back to one of its snapshots. */
    ROLLBACK(true),
    /** A tag that keeps a snapshot. */
    HOLD(true),
    /** One such tag less. */
    RELEASE(true),
    /** Another size for a volume. */
    RESIZE(true),
    /** A larger pool. */
    GROW(true),
    /** Away with volumes and snapshots. */
    DESTROY(true);

    private final boolean changes;

    Operation(boolean changes) {
        this.changes = changes;
    }

    /** {@code true} when it changes the pool. */
    public boolean changes() {
        return changes;
    }

    /** Name on the wire. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The operation of that name on the wire, or {@code null}. */
    public static Operation named(String wireName) {
        for (Operation operation : values()) {
            if (operation.wireName().equals(wireName)) {
                return operation;
            }
        }
        return null;
    }
}

package io.blkspc.nbd.protocol;

/**
 * The metadata contexts of this server. A client selects one by its exact name; in a list its namespace with a colon stands
 * for all contexts of the namespace.
 */
public enum MetaContext {
    /** Flags {@link #HOLE} and {@link #ZERO}; defined by the NBD protocol. */
    BASE_ALLOCATION(1, "base:allocation"),
    /**
     * No flags but a number: 0 nothing is allocated, 1 allocated in this version alone, 2 in blocks that it shares with
     * another version. Defined by QEMU, docs/interop/nbd.txt.
     */
    ALLOCATION_DEPTH(2, "qemu:allocation-depth"),
    /** Flag {@link #GUARANTEED}; defined by docs/nbd.md. */
    GUARANTEE(3, "blkspc:guarantee");

    /** base:allocation: nothing is allocated here, so that a write may run out of space. */
    public static final int HOLE = 1;

    /** base:allocation: reads as zeros. */
    public static final int ZERO = 1 << 1;

    /** blkspc:guarantee: a write here does not fail for lack of space in the pool. */
    public static final int GUARANTEED = 1;

    private static final MetaContext[] BY_ID = values();

    private final int id;
    private final String contextName;

    MetaContext(int id, String contextName) {
        this.id = id;
        this.contextName = contextName;
    }

    /** Number of contexts. */
    public static int count() {
        return BY_ID.length;
    }

    /** The context of an id on the wire, or {@code null} when there is none. */
    public static MetaContext of(int id) {
        return id >= 1 && id <= BY_ID.length ? BY_ID[id - 1] : null;
    }

    /** Name on the wire. */
    public String contextName() {
        return contextName;
    }

    /** Id in replies, from 1 on. */
    public int id() {
        return id;
    }

    /** Its bit in a set of contexts. */
    public int bit() {
        return 1 << (id - 1);
    }

    /** {@code true} for the query that selects it. */
    public boolean isSelectedBy(String query) {
        return query.equals(contextName);
    }

    /** {@code true} for a query that lists it: its name, or its namespace and a colon. */
    public boolean isListedBy(String query) {
        return isSelectedBy(query) || query.equals(contextName.substring(0, contextName.indexOf(':') + 1));
    }
}

package io.blkspc.nbd.protocol;

/**
 * The metadata contexts that say what changed since a snapshot, one for each: a context named by {@link #PREFIX} and the
 * snapshot. Its one flag is {@link #DIRTY}. Defined by QEMU, docs/interop/nbd.txt. Their ids follow those of {@link MetaContext}.
 */
public final class DirtyBitmap {

    /** Begins the name of every such context. */
    public static final String PREFIX = "qemu:dirty-bitmap:";

    /** The extent reads differently than the snapshot. */
    public static final int DIRTY = 1;

    /** Most of them on one connection. */
    public static final int MAX_CHOSEN = 8;

    private static final String NAMESPACE = "qemu:";

    private DirtyBitmap() {}

    /** Id in replies of the one chosen as number {@code index}, from 0 on. */
    public static int id(int index) {
        return MetaContext.count() + 1 + index;
    }

    /** The number of the one with an id; negative for the id of a {@link MetaContext}. */
    public static int index(int id) {
        return id - MetaContext.count() - 1;
    }

    /** Bits of the first {@code count} of them in a set of contexts. */
    public static int bits(int count) {
        return ((1 << count) - 1) << MetaContext.count();
    }

    /** {@code true} for a query that lists all of them. */
    public static boolean isListedBy(String query) {
        return query.equals(PREFIX) || query.equals(NAMESPACE);
    }

    /**
     * Name of the context for a snapshot: one of the export's own volume goes by its last part, others by their full name.
     *
     * @param export {@code VOLUME} or {@code VOLUME@SNAP}
     * @param snapshot {@code VOLUME@SNAP}
     */
    public static String contextName(String export, String snapshot) {
        String own = volume(export) + '@';
        return PREFIX + (snapshot.startsWith(own) ? snapshot.substring(own.length()) : snapshot);
    }

    /** Full name of the snapshot that a query selects, or {@code null} when it is not for such a context. */
    public static String snapshot(String export, String query) {
        if (!query.startsWith(PREFIX) || query.length() == PREFIX.length()) {
            return null;
        }
        String name = query.substring(PREFIX.length());
        return name.indexOf('@') < 0 ? volume(export) + '@' + name : name;
    }

    private static String volume(String export) {
        int at = export.indexOf('@');
        return at < 0 ? export : export.substring(0, at);
    }
}

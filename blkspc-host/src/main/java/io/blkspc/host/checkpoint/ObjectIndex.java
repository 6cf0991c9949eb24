package io.blkspc.host.checkpoint;

import org.agrona.collections.Long2LongHashMap;

/**
 * Where the live image of each object is: one primitive long per key. Key = kind (8 bits), id (56 bits); location =
 * segment (24 bits), entry (16 bits), length (17 bits).
 */
final class ObjectIndex {

    /** What {@link #get} returns for an object that does not exist. */
    static final long MISSING = -1;

    private static final int ID_BITS = 56;
    private static final int LENGTH_BITS = 17;
    private static final int ENTRY_BITS = 16;

    private final Long2LongHashMap locations = new Long2LongHashMap(MISSING);

    static long key(ObjectKind kind, long id) {
        if (id >>> ID_BITS != 0) {
            throw new IllegalArgumentException("id has more than 56 bits: kind=" + kind + ", id=" + id);
        }
        return ((long) kind.code() << ID_BITS) | id;
    }

    static long location(int segment, int entry, int length) {
        return ((((long) segment << ENTRY_BITS) | entry) << LENGTH_BITS) | length;
    }

    static int segment(long location) {
        return (int) (location >>> (ENTRY_BITS + LENGTH_BITS));
    }

    static int entry(long location) {
        return (int) (location >>> LENGTH_BITS) & ((1 << ENTRY_BITS) - 1);
    }

    static int length(long location) {
        return (int) location & ((1 << LENGTH_BITS) - 1);
    }

    long get(long key) {
        return locations.get(key);
    }

    /** Sets the location and returns the one before, or {@link #MISSING}. */
    long put(long key, long location) {
        return locations.put(key, location);
    }

    /** Forgets the object and returns its location, or {@link #MISSING}. */
    long remove(long key) {
        return locations.remove(key);
    }

    int size() {
        return locations.size();
    }
}

package io.blkspc.xfsish.inode;

/**
 * Which block of one directory holds a name, and which has room for another. It knows names by a hash only: the block says
 * whether the name is there, and bytes of the medium stay the only truth. Guarded by the lock of the file system.
 *
 * <p>I1: for each name there is one slot with its hash and its block. I2: the room of each block is that of its bytes.
 */
final class DirectoryIndex {

    private static final int MIN_SLOTS = 16;
    /** Objects and headers of arrays. */
    private static final int OWN_BYTES = 128;

    private final long seed;
    private final RoomTree room = new RoomTree();
    /** Open addressing: hash in the upper half, block + 1 in the lower one, 0 = empty. */
    private long[] slots = new long[MIN_SLOTS];

    private int used;

    /** An index of a directory without blocks; with another seed other names have the same hash. */
    DirectoryIndex(long seed) {
        this.seed = seed;
    }

    int hash(byte[] name) {
        long hash = seed;
        for (byte letter : name) {
            hash = (hash ^ (letter & 0xff)) * 0x9E3779B97F4A7C15L;
            hash ^= hash >>> 29;
        }
        return (int) (hash ^ hash >>> 32);
    }

    private int home(long slot) {
        return (int) (slot >>> 32) & slots.length - 1;
    }

    private int after(int at) {
        return at + 1 & slots.length - 1;
    }

    /** The first slot with this hash, or -1. */
    int first(int hash) {
        return from(hash & slots.length - 1, hash);
    }

    /** The next slot with this hash, or -1. */
    int next(int slot, int hash) {
        return from(after(slot), hash);
    }

    private int from(int start, int hash) {
        for (int at = start; slots[at] != 0; at = after(at)) {
            if ((int) (slots[at] >>> 32) == hash) {
                return at;
            }
        }
        return -1;
    }

    /** The block a slot tells. */
    int blockOf(int slot) {
        return (int) slots[slot] - 1;
    }

    /** A name is in this block from now on. */
    void add(byte[] name, int block) {
        if (3 * ++used > 2 * slots.length) {
            grow();
        }
        put((long) hash(name) << 32 | block + 1);
    }

    private void put(long slot) {
        int at = home(slot);
        while (slots[at] != 0) {
            at = after(at);
        }
        slots[at] = slot;
    }

    private void grow() {
        long[] old = slots;
        slots = new long[2 * old.length];
        for (long slot : old) {
            if (slot != 0) {
                put(slot);
            }
        }
    }

    /** A name is not in this block any more. */
    void remove(byte[] name, int block) {
        int hash = hash(name);
        int at = first(hash);
        while (at >= 0 && blockOf(at) != block) {
            at = next(at, hash);
        }
        if (at < 0) {
            throw new IllegalStateException("index does not know a name that was there: block=" + block);
        }
        used--;
        // What follows without a gap moves up where its home allows, so that no search ends at the hole.
        int hole = at;
        int mask = slots.length - 1;
        for (int next = after(hole); slots[next] != 0; next = after(next)) {
            if ((next - home(slots[next]) & mask) >= (next - hole & mask)) {
                slots[hole] = slots[next];
                hole = next;
            }
        }
        slots[hole] = 0;
    }

    /** Largest free room of each block. */
    RoomTree room() {
        return room;
    }

    /** Names in it. */
    int names() {
        return used;
    }

    /** What it takes of the heap. */
    long bytes() {
        return OWN_BYTES + (long) slots.length * Long.BYTES + room.bytes();
    }
}

package io.blkspc.host.extent;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * One part of a {@link NodeCache}: an open-addressed table of nodes. Readers probe it without a lock; everything that
 * changes it holds this object's monitor, briefly and without calling out, except to read the store on a miss.
 *
 * <p>C1 Inside one table a key never moves, so a probe that meets a null slot has seen every key that was there when it
 * began. C2 A table that is full of dead slots is replaced by a copy and never touched again, so a reader still in it sees the
 * state of the moment it was replaced, which lies inside the reader's call. C3 A slot with a mark other than 0 is pinned: the
 * store does not have it yet. C4 A removed id keeps its slot, as {@link Removed}, until the store has removed it too, so a miss
 * cannot bring it back.
 */
final class CacheStripe {

    private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(Object[].class);
    private static final int MIN_CAPACITY = 64;

    /** An id that is gone, though the store may still have it. */
    private record Removed(long nodeId) {}

    /** What a slot holds that once held a key: no node has the id 0. */
    private static final Removed DEAD = new Removed(0);

    /** Slots, with the CLOCK bit and the interval of the last change (0 = clean) of each. */
    private static final class Table {
        final Object[] slots;
        final byte[] referenced;
        final long[] marks;
        final int mask;

        Table(int capacity) {
            slots = new Object[capacity];
            referenced = new byte[capacity];
            marks = new long[capacity];
            mask = capacity - 1;
        }
    }

    private final NodeStore store;
    private final long poolTag;
    private final long budgetBytes;
    private final MemorySegment image = MemorySegment.ofArray(new byte[NodeFormat.BYTES]);

    private volatile Table table = new Table(MIN_CAPACITY);

    private int usedSlots;
    private int liveKeys;
    private long cleanBytes;
    private long pinnedBytes;
    private int hand;

    CacheStripe(NodeStore store, long poolTag, long budgetBytes) {
        this.store = store;
        this.poolTag = poolTag;
        this.budgetBytes = budgetBytes;
    }

    Node get(long nodeId, int hash) {
        Table current = table;
        Object[] slots = current.slots;
        for (int slot = hash & current.mask; ; slot = (slot + 1) & current.mask) {
            Object found = SLOT.getAcquire(slots, slot);
            if (found instanceof Node node) {
                if (node.id() == nodeId) {
                    if (current.referenced[slot] == 0) {
                        current.referenced[slot] = 1;
                    }
                    return node;
                }
            } else if (found == null) {
                return load(nodeId, hash);
            } else if (found instanceof Removed removed && removed.nodeId == nodeId) {
                return null;
            }
        }
    }

    private synchronized Node load(long nodeId, int hash) {
        Object found = find(nodeId, hash);
        if (found != null) {
            return found instanceof Node node ? node : null;
        }
        if (!store.read(nodeId, image)) {
            return null;
        }
        Node node = NodeFormat.decode(image, nodeId, poolTag);
        set(slotFor(nodeId, hash), node, 0);
        evict();
        return node;
    }

    /**
     * Sets the newest image of an id, or with {@code null} that it is gone.
     *
     * @return memory of the image it replaces that was set in the same interval; -1 at the first change in the interval
     */
    synchronized int change(long nodeId, int hash, Node node, long interval) {
        int slot = slotFor(nodeId, hash);
        int replacedBytes = -1;
        if (table.marks[slot] == interval) {
            replacedBytes = table.slots[slot] instanceof Node old ? old.heapBytes() : 0;
        }
        set(slot, node == null ? new Removed(nodeId) : node, interval);
        return replacedBytes;
    }

    /** The newest image of a pinned id, or {@code null} when it is removed. */
    synchronized Node pinned(long nodeId, int hash) {
        return find(nodeId, hash) instanceof Node node ? node : null;
    }

    /** The store now has what was captured at the end of {@code interval}; a later change stays pinned. */
    synchronized void settle(long nodeId, int hash, long interval) {
        Object found = find(nodeId, hash);
        if (found == null) {
            return;
        }
        int slot = slotFor(nodeId, hash);
        if (table.marks[slot] != interval) {
            return;
        }
        if (found instanceof Node node) {
            set(slot, node, 0);
            evict();
        } else {
            kill(slot);
        }
    }

    synchronized long pinnedBytes() {
        return pinnedBytes;
    }

    synchronized long cleanBytes() {
        return cleanBytes;
    }

    private Object find(long nodeId, int hash) {
        Table current = table;
        for (int slot = hash & current.mask; ; slot = (slot + 1) & current.mask) {
            Object found = current.slots[slot];
            if (found == null || idOf(found) == nodeId) {
                return found;
            }
        }
    }

    /** The slot that holds an id, or else a free one, which {@link #set} must fill at once. */
    private int slotFor(long nodeId, int hash) {
        if (usedSlots + 1 > (table.slots.length >> 2) * 3) {
            rebuild();
        }
        Table current = table;
        int free = -1;
        for (int slot = hash & current.mask; ; slot = (slot + 1) & current.mask) {
            Object found = current.slots[slot];
            if (found == null) {
                return free >= 0 ? free : slot;
            }
            if (idOf(found) == 0) {
                free = free >= 0 ? free : slot;
            } else if (idOf(found) == nodeId) {
                return slot;
            }
        }
    }

    private void set(int slot, Object value, long mark) {
        Object old = table.slots[slot];
        if (old == null) {
            usedSlots++;
        }
        if (old == null || idOf(old) == 0) {
            liveKeys++;
        } else {
            account(old, table.marks[slot], -1);
        }
        account(value, mark, 1);
        table.marks[slot] = mark;
        table.referenced[slot] = 1;
        SLOT.setRelease(table.slots, slot, value);
    }

    private void kill(int slot) {
        account(table.slots[slot], table.marks[slot], -1);
        liveKeys--;
        table.marks[slot] = 0;
        SLOT.setRelease(table.slots, slot, DEAD);
    }

    private void account(Object value, long mark, int sign) {
        long bytes = value instanceof Node node ? (long) sign * node.heapBytes() : 0;
        if (mark == 0) {
            cleanBytes += bytes;
        } else {
            pinnedBytes += bytes;
        }
    }

    /** CLOCK: a clean node that was not used since the hand last passed goes. Two rounds pass every clean node twice. */
    private void evict() {
        Table current = table;
        for (int steps = 2 * current.slots.length; cleanBytes > budgetBytes && steps > 0; steps--) {
            hand = (hand + 1) & current.mask;
            if (current.slots[hand] instanceof Node && current.marks[hand] == 0) {
                if (current.referenced[hand] != 0) {
                    current.referenced[hand] = 0;
                } else {
                    kill(hand);
                }
            }
        }
    }

    /** Copies the live keys into a new table at most half full (C2). */
    private void rebuild() {
        int capacity = MIN_CAPACITY;
        while (capacity < 2 * (liveKeys + 1)) {
            capacity <<= 1;
        }
        Table old = table;
        Table fresh = new Table(capacity);
        for (int from = 0; from < old.slots.length; from++) {
            Object value = old.slots[from];
            if (value == null || idOf(value) == 0) {
                continue;
            }
            int slot = NodeCache.hash(idOf(value)) & fresh.mask;
            while (fresh.slots[slot] != null) {
                slot = (slot + 1) & fresh.mask;
            }
            fresh.slots[slot] = value;
            fresh.marks[slot] = old.marks[from];
            fresh.referenced[slot] = old.referenced[from];
        }
        usedSlots = liveKeys;
        hand = 0;
        table = fresh;
    }

    /** Id of what a slot holds; 0, which is no id, for a dead one. */
    private static long idOf(Object found) {
        return found instanceof Node node ? node.id() : found instanceof Removed removed ? removed.nodeId : 0;
    }
}

package io.blkspc.host.alloc;

/**
 * What is promised, per resource (SEMANTICS A1). Invariant I1, for each resource, after every operation:
 *
 * <pre>  promised = Σ cookies + Σ guarantees not drawn + slop  ≤  free + quarantined  = capacity - used</pre>
 *
 * Slop is promised to nobody and only {@link #takeSlop} touches it: it exists so that deletes, trims and merges never need
 * what is exhausted. Guarded by the order lock.
 */
public final class Ledger {

    /** The three resources. */
    public enum Resource {
        /** Data blocks. */
        DATA_BLOCKS(0),
        /** Nodes of the extent tree. */
        NODE_SLOTS(1),
        /** Bytes of deadlists and version records. */
        LOG_BYTES(2);

        private final int index;

        Resource(int index) {
            this.index = index;
        }
    }

    private static final int KINDS = Resource.values().length;

    private final long[] capacity = new long[KINDS];
    private final long[] used = new long[KINDS];
    private final long[] promised = new long[KINDS];
    private final long[] slop = new long[KINDS];

    /** Capacities and slop in the units of each resource. */
    public Ledger(long dataBlocks, long nodeSlots, long logBytes, long slopBlocks, long slopSlots, long slopLogBytes) {
        set(Resource.DATA_BLOCKS, dataBlocks, slopBlocks);
        set(Resource.NODE_SLOTS, nodeSlots, slopSlots);
        set(Resource.LOG_BYTES, logBytes, slopLogBytes);
    }

    private void set(Resource r, long total, long kept) {
        capacity[r.index] = total;
        slop[r.index] = Math.min(kept, total);
    }

    /** There is more of everything; all that is added may be promised at once. */
    public void grow(Ledger larger) {
        for (int i = 0; i < KINDS; i++) {
            if (larger.capacity[i] - larger.slop[i] < capacity[i] - slop[i]) {
                throw new IllegalArgumentException("ledger cannot shrink: " + larger);
            }
            capacity[i] = larger.capacity[i];
            slop[i] = larger.slop[i];
        }
    }

    /** Units in all. */
    public long capacity(Resource r) {
        return capacity[r.index];
    }

    /** Units held by versions, stages and deadlists; not resting ones. */
    public long used(Resource r) {
        return used[r.index];
    }

    /** Units promised to cookies and guarantees, without slop. */
    public long promised(Resource r) {
        return promised[r.index];
    }

    /** Units kept back. */
    public long slop(Resource r) {
        return slop[r.index];
    }

    /** Units that could be promised now. */
    public long available(Resource r) {
        int i = r.index;
        return capacity[i] - used[i] - promised[i] - slop[i];
    }

    /** {@code true} when all three amounts could be promised now. */
    public boolean canPromise(long blocks, long slots, long logBytes) {
        return canPromise(Resource.DATA_BLOCKS, blocks)
                && canPromise(Resource.NODE_SLOTS, slots)
                && canPromise(Resource.LOG_BYTES, logBytes);
    }

    /** Nothing can always be promised: what is available is below zero while slop is used up. */
    private boolean canPromise(Resource r, long units) {
        return units <= 0 || units <= available(r);
    }

    /** Promises all three amounts or none. */
    public boolean tryPromise(long blocks, long slots, long logBytes) {
        if (!canPromise(blocks, slots, logBytes)) {
            return false;
        }
        promised[0] += blocks;
        promised[1] += slots;
        promised[2] += logBytes;
        return true;
    }

    /** As {@link #tryPromise}, but may draw on slop: only for work that gives space back. */
    public boolean takeSlop(long slots, long logBytes) {
        if (slots > available(Resource.NODE_SLOTS) + slop[1] || logBytes > available(Resource.LOG_BYTES) + slop[2]) {
            return false;
        }
        promised[1] += slots;
        promised[2] += logBytes;
        return true;
    }

    /** Gives back promises. */
    public void unpromise(long blocks, long slots, long logBytes) {
        promised[0] -= blocks;
        promised[1] -= slots;
        promised[2] -= logBytes;
        checkNotNegative();
    }

    /** Gives back promises of one resource; a negative amount takes what the caller knows to be there. */
    public void unpromise(Resource r, long units) {
        promised[r.index] -= units;
        checkNotNegative();
    }

    /** Turns one resource's promised units into used ones. */
    public void draw(Resource r, long units) {
        promised[r.index] -= units;
        used[r.index] += units;
        checkNotNegative();
    }

    /** Turns used units back into promised ones, as when a stage is returned to its cookie. */
    public void undraw(Resource r, long units) {
        draw(r, -units);
    }

    /** Units newly used without a promise (recovery) or, negative, no longer used. */
    public void use(Resource r, long units) {
        used[r.index] += units;
        checkNotNegative();
    }

    /** Executes I1; slop may be drawn down while space is given back, so it is not part of this check. */
    public boolean isConsistent() {
        for (int i = 0; i < KINDS; i++) {
            if (promised[i] < 0 || used[i] < 0 || promised[i] + used[i] > capacity[i]) {
                return false;
            }
        }
        return true;
    }

    private void checkNotNegative() {
        for (int i = 0; i < KINDS; i++) {
            if (promised[i] < 0 || used[i] < 0) {
                throw new IllegalStateException("ledger below zero: " + this);
            }
        }
    }

    /** The facts of an out-of-space message. */
    public String facts(long blocks, long slots, long logBytes) {
        StringBuilder text = new StringBuilder();
        long[] asked = {blocks, slots, logBytes};
        for (Resource r : Resource.values()) {
            if (!canPromise(r, asked[r.index])) {
                text.append(text.isEmpty() ? "" : ", ")
                        .append("resource=")
                        .append(r.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-'))
                        .append(", asked=")
                        .append(asked[r.index])
                        .append(", available=")
                        .append(Math.max(0, available(r)));
            }
        }
        return text.toString();
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("ledger[");
        for (Resource r : Resource.values()) {
            text.append(r).append(" used=").append(used(r)).append(" promised=").append(promised(r));
            text.append(" of ").append(capacity(r)).append(' ');
        }
        return text.append(']').toString();
    }
}

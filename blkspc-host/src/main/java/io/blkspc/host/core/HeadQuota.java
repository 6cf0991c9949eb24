package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.host.alloc.Ledger;
import io.blkspc.host.alloc.Ledger.Resource;

/**
 * What the quota of one head stands for at this moment. With G blocks guaranteed, E blocks of its own, and H blocks promised
 * to its cookies or newly staged, these stand promised in the ledger besides H:
 *
 * <pre>
 *  need    = max(G - E, H)                          blocks the head may still make its own, and must be able to map
 *  blocks  = max(0, G - E - H)
 *  slots   = min(4 × need, nodes of the whole tree - nodes of its own)
 *  log     = 16 × (min(need, blocks it shares) + slots)      what it drops of what it shares
 * </pre>
 *
 * <p>All cookies of a guaranteed head are paid from this one {@link #budget}. Why that is enough: a block becomes the head's
 * own with at most four nodes of its own above it, so that {@code need} falls by one for four slots drawn; and the tree of a
 * head has only so many nodes. Writing a block that is its own already draws at most what its cookie's H stands for.
 *
 * <p>What a head owns beyond the end it was given by a shrink says nothing of what it has yet to make its own: until that is
 * given up, {@code need} is counted with E = 0.
 *
 * <p>Every change that lets one of the formulas grow gives the ledger back as much at the same moment (a stage returned, a
 * node dropped), except a freeze, which asks {@link #tryPromiseForFreeze} before anything changes. So {@link #rebalance}
 * always finds what it needs. Guarded by the order lock.
 */
final class HeadQuota {

    private final Version version;
    private final Ledger ledger;
    private final Budget budget;
    private long guaranteeBlocks;
    private long sizeBlocks;
    private boolean hasTail;
    private long standing;
    private long outstanding;
    private boolean closed;

    HeadQuota(Version version, Ledger ledger) {
        this.version = version;
        this.ledger = ledger;
        this.budget = new Budget(ledger);
        readVersion();
    }

    private void readVersion() {
        guaranteeBlocks = version.guaranteeBlocks;
        sizeBlocks = version.sizeBlocks();
        hasTail = version.tailBlocks > 0;
    }

    /**
     * Promises what will stand once the head has another size. {@code false}: short, nothing changed. What is too much then
     * goes back with the next {@link #rebalance}.
     */
    boolean tryResize(long newSizeBlocks) {
        long shared = version.mappedBlocks - version.exclusiveBlocks;
        return tryPromiseFor(newSizeBlocks, version.exclusiveBlocks, version.ownedNodes, shared);
    }

    private boolean tryPromiseFor(long newSizeBlocks, long own, long ownNodes, long shared) {
        sizeBlocks = newSizeBlocks;
        guaranteeBlocks = version.guaranteeFor(newSizeBlocks);
        hasTail |= newSizeBlocks < version.sizeBlocks();
        if (guaranteeBlocks == 0 || tryPromise(own, outstanding, ownNodes, shared, 0)) {
            return true;
        }
        readVersion();
        return false;
    }

    /** Facts of a refusal by {@link #tryResize}. */
    String resizeFacts(long newSizeBlocks) {
        return "reason=guarantee, volume=" + version.name + ", guarantee=" + version.guaranteeFor(newSizeBlocks)
                + ", available=" + Math.max(0, ledger.available(Resource.DATA_BLOCKS));
    }

    /** What a new head asks for before it exists; all zero without a guarantee. */
    record Asked(long blocks, long slots, long logBytes) {

        static Asked of(long guaranteeBlocks, long sizeBlocks, long sharedBlocks) {
            long slots = Math.min(HostCookie.SLOTS_PER_CREDIT * guaranteeBlocks, treeNodes(sizeBlocks));
            long log = DeadList.ENTRY_BYTES * (Math.min(guaranteeBlocks, sharedBlocks) + slots);
            return new Asked(guaranteeBlocks, slots, guaranteeBlocks == 0 ? 0 : log);
        }

        Asked times(int heads) {
            return new Asked(blocks * heads, slots * heads, logBytes * heads);
        }
    }

    /** Most nodes a tree over so many blocks can have. */
    static long treeNodes(long sizeBlocks) {
        long nodes = 0;
        long spans = sizeBlocks;
        for (int level = 0; level < HostCookie.SLOTS_PER_CREDIT; level++) {
            spans = Math.ceilDiv(spans, 256L);
            nodes += spans;
        }
        return nodes;
    }

    boolean isGuaranteed() {
        return guaranteeBlocks > 0;
    }

    /** Pays for every allocation of a guaranteed head. */
    Budget budget() {
        return budget;
    }

    /** Blocks of the guarantee that nobody has drawn. */
    long standing() {
        return standing;
    }

    /** Takes over what was promised before the head existed. */
    void adopt(Asked asked) {
        standing = asked.blocks;
        budget.credit(asked.slots, asked.logBytes);
    }

    /**
     * Refuses a reservation that would pass the limit.
     *
     * @throws BlockSpaceException {@code OUT_OF_SPACE}
     */
    void checkLimit(long blocks) {
        if (!isInLimit(blocks)) {
            throw BlockSpaceException.outOfSpace("reason=limit, asked=" + blocks + ", own=" + version.exclusiveBlocks
                    + ", reserved=" + outstanding + ", limit=" + version.limitBlocks);
        }
    }

    /** {@code true} when a reservation of so many blocks would not pass the limit. */
    boolean isInLimit(long blocks) {
        return version.limitBlocks == 0
                || blocks == 0
                || version.exclusiveBlocks + outstanding + blocks <= version.limitBlocks;
    }

    /** {@code true} when a client could reserve one block now. */
    boolean isRoomy(boolean poolIsRoomy) {
        return isInLimit(1) && !isPinned() && (standing > 0 || poolIsRoomy);
    }

    /**
     * {@code true} when all of the volume is guaranteed and its own: it has what any write of it takes, so it is overwritten
     * where it lies, after a persist point if need be, and takes nothing of the pool even where there is room.
     */
    private boolean isPinned() {
        return guaranteeBlocks >= sizeBlocks && version.exclusiveBlocks >= sizeBlocks;
    }

    /** Promises blocks to a cookie of a guaranteed head, from the guarantee first. {@code false}: short, nothing changed. */
    boolean tryReserve(long blocks) {
        long own = version.exclusiveBlocks;
        long shared = version.mappedBlocks - own;
        return tryPromise(own, outstanding + blocks, version.ownedNodes, shared, blocks);
    }

    /** {@code true} when {@link #tryReserve} would promise so many; changes nothing. */
    boolean canReserve(long blocks) {
        long own = version.exclusiveBlocks;
        long held = outstanding + blocks;
        return ledger.canPromise(
                blocks(own, held) - standing + blocks,
                missingSlots(own, held, version.ownedNodes),
                missingLogBytes(own, held, version.ownedNodes, version.mappedBlocks - own));
    }

    /**
     * Promises what will stand once the head is frozen: then it owns nothing, and shares all it maps. {@code false}: short,
     * nothing changed.
     */
    boolean tryPromiseForFreeze() {
        return !isGuaranteed() || tryPromise(0, outstanding, 0, version.mappedBlocks, 0);
    }

    /** As {@link #tryPromiseForFreeze}, where the head will have the size of a snapshot and share so many blocks of it. */
    boolean tryPromiseForRollback(long newSizeBlocks, long sharedBlocks) {
        return tryPromiseFor(newSizeBlocks, 0, 0, sharedBlocks);
    }

    private boolean tryPromise(long own, long held, long ownNodes, long shared, long cookieBlocks) {
        long blocks = blocks(own, held);
        long slots = missingSlots(own, held, ownNodes);
        long log = missingLogBytes(own, held, ownNodes, shared);
        if (!ledger.tryPromise(blocks - standing + cookieBlocks, slots, log)) {
            return false;
        }
        budget.credit(slots, log);
        standing = blocks;
        outstanding = held;
        return true;
    }

    /** Facts of a refusal by {@link #tryReserve}. */
    String facts(long blocks) {
        long shared = version.mappedBlocks - version.exclusiveBlocks;
        long held = outstanding + blocks;
        return facts(version.exclusiveBlocks, held, version.ownedNodes, shared, blocks);
    }

    /** Facts of a refusal by {@link #tryPromiseForFreeze}. */
    String freezeFacts() {
        return "reason=guarantee, volume=" + version.name + ", " + facts(0, outstanding, 0, version.mappedBlocks, 0);
    }

    private String facts(long own, long held, long ownNodes, long shared, long cookieBlocks) {
        return ledger.facts(
                blocks(own, held) - standing + cookieBlocks,
                missingSlots(own, held, ownNodes),
                missingLogBytes(own, held, ownNodes, shared));
    }

    private long missingSlots(long own, long held, long ownNodes) {
        return Math.max(0, slots(own, held, ownNodes) - budget.slots());
    }

    private long missingLogBytes(long own, long held, long ownNodes, long shared) {
        return Math.max(0, logBytes(own, held, ownNodes, shared) - budget.logBytes());
    }

    /** A cookie of a head without a guarantee was given blocks. */
    void reserved(long blocks) {
        outstanding += blocks;
    }

    /** Blocks promised to cookies, or staged, became the head's own or went back. */
    void settled(long blocks) {
        outstanding -= blocks;
    }

    /** Brings what stands promised in line with the formulas. */
    void rebalance(boolean isSorting) {
        readVersion();
        if (closed || !isGuaranteed()) {
            return;
        }
        long own = version.exclusiveBlocks;
        standing = adjust(Resource.DATA_BLOCKS, standing, blocks(own, outstanding), false);
        long slots = slots(own, outstanding, version.ownedNodes);
        long log = logBytes(own, outstanding, version.ownedNodes, version.mappedBlocks - own);
        // While drops of a merge wait to be sorted, the counters are above what the head owns.
        long slotsNow = adjust(Resource.NODE_SLOTS, budget.slots(), slots, isSorting);
        long logNow = adjust(Resource.LOG_BYTES, budget.logBytes(), log, isSorting);
        budget.credit(slotsNow - budget.slots(), logNow - budget.logBytes());
    }

    private long adjust(Resource resource, long now, long wanted, boolean keeps) {
        if (wanted < now) {
            if (keeps) {
                return now;
            }
            ledger.unpromise(resource, now - wanted);
            return wanted;
        }
        long more = Math.min(wanted - now, Math.max(0, ledger.available(resource)));
        ledger.unpromise(resource, -more);
        return now + more;
    }

    /** The head is gone: nothing stands any more. Its cookies give back what they hold by themselves. */
    void close() {
        closed = true;
        ledger.unpromise(Resource.DATA_BLOCKS, standing);
        standing = 0;
        budget.release();
    }

    /** {@code true} when all that the formulas ask for stands promised. */
    boolean isCovered() {
        return closed || !isGuaranteed() || compare(true);
    }

    /** {@code true} when that, and no more, stands promised. */
    boolean isExact() {
        return closed || !isGuaranteed() || compare(false);
    }

    private boolean compare(boolean moreIsFine) {
        long own = version.exclusiveBlocks;
        long blocks = standing - blocks(own, outstanding);
        long slots = budget.slots() - slots(own, outstanding, version.ownedNodes);
        long log = budget.logBytes() - logBytes(own, outstanding, version.ownedNodes, version.mappedBlocks - own);
        return moreIsFine ? blocks >= 0 && slots >= 0 && log >= 0 : blocks == 0 && slots == 0 && log == 0;
    }

    long outstanding() {
        return outstanding;
    }

    private long blocks(long own, long held) {
        return Math.max(0, guaranteeBlocks - own - held);
    }

    private long slots(long own, long held, long ownNodes) {
        long need = need(own, held);
        return Math.clamp(treeNodes(sizeBlocks) - ownNodes, 0, HostCookie.SLOTS_PER_CREDIT * need);
    }

    private long logBytes(long own, long held, long ownNodes, long shared) {
        return DeadList.ENTRY_BYTES * (Math.min(need(own, held), shared) + slots(own, held, ownNodes));
    }

    private long need(long own, long held) {
        return Math.max(Math.max(0, guaranteeBlocks - (hasTail ? 0 : own)), held);
    }

    @Override
    public String toString() {
        return "quota[volume=" + version.name + ", guarantee=" + guaranteeBlocks + ", limit="
                + version.limitBlocks + ", own=" + version.exclusiveBlocks + ", outstanding=" + outstanding
                + ", standing=" + standing + ", slots=" + budget.slots() + ", logBytes=" + budget.logBytes() + "]";
    }
}

package io.blkspc.host.core;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.host.alloc.Ledger;
import io.blkspc.host.alloc.Ledger.Resource;

/**
 * What of the {@link Guarantee} of one head stands promised in the ledger at this moment, and who has drawn of it. All cookies of a
 * guaranteed head are paid from this one {@link #budget}.
 *
 * <p>The blocks that a head guaranteed <em>in full</em> does not own and has not staged stand promised one by one:
 *
 * <pre>
 *  A       staged anew over blocks the head does not own        drawn from what stands ({@link #draw})
 *  R       staged anew over recent blocks of its own            paid by the pool ({@link #redirectable}), or not staged at all:
 *                                                               after a persist point they are written in place
 * </pre>
 *
 * A freeze makes every R an A ({@link #frozen}); a merge makes an A over a block that becomes the head's own an R ({@link #widened}).
 * Neither raises what stands beyond what the freeze asked for.
 *
 * <p>While drops that a merge has set aside are not sorted, the counters are above what the head owns, and slots and log stay what
 * they were. While that is so or a tail is not given up yet, so do the blocks of a head that is guaranteed in full: that is
 * enough. After a restart they are what they will be in the end, because it is known then what is still to be sorted ({@link #open}).
 *
 * <p>Slots and log go back later than the formulas say: when a power cut cannot undo any more what made them too much
 * ({@link Surplus}). Blocks need not wait: a commit that a power cut undoes leaves its block free. Only what all branches had to
 * write to free it does ({@link Freed}).
 *
 * <p>Every change that lets one of the formulas grow gives the ledger back as much at the same moment (a stage returned, a
 * node dropped), except a freeze, which asks {@link #tryPromiseForFreeze} before anything changes. So {@link #rebalance}
 * always finds what it needs, also while others have used up slop. One thing is not paid: a leaf that becomes a direct extent gives
 * back its slot, and not the 16 log bytes that the formula has for a node; slop has them. Guarded by the order lock.
 */
final class HeadQuota {

    private final Version version;
    private final Ledger ledger;
    private final Guarantee guarantee;
    private final Budget budget;
    private final Surplus surplus = new Surplus();
    private long standing;
    /** H, or A of a head that is guaranteed in full. */
    private long outstanding;
    /** R. */
    private long redirected;

    private boolean closed;

    /** It is in the list of {@link Surpluses}, which says so. */
    boolean waits;

    HeadQuota(Version version, Ledger ledger) {
        this.version = version;
        this.ledger = ledger;
        this.guarantee = new Guarantee(version);
        this.budget = new Budget(ledger);
    }

    /**
     * After opening: promises what stands.
     *
     * @param unsorted counted as its own, but a sort that is under way will free it
     * @param stood it was promised before: then all there is serves, though slop is in use
     */
    void open(Reaping.Unsorted unsorted, boolean stood) {
        if (!isGuaranteed()) {
            return;
        }
        long own = version.exclusiveBlocks - unsorted.blocks();
        long ownNodes = version.ownedNodes - unsorted.nodes();
        long shared = version.mappedBlocks - own;
        // Others have their blocks when the sort frees them.
        standing = take(Resource.DATA_BLOCKS, guarantee.blocks(isWhole() ? own : version.exclusiveBlocks, 0), stood);
        budget.credit(
                take(Resource.NODE_SLOTS, guarantee.slots(own, 0, 0, ownNodes), stood),
                take(Resource.LOG_BYTES, guarantee.logBytes(own, 0, 0, ownNodes, shared), stood));
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
        guarantee.resize(newSizeBlocks);
        if (!isGuaranteed() || tryPromise(own, outstanding, redirected, ownNodes, shared, 0)) {
            return true;
        }
        guarantee.readVersion();
        return false;
    }

    /** Facts of a refusal by {@link #tryResize}. */
    String resizeFacts(long newSizeBlocks) {
        return "reason=guarantee, volume=" + version.name + ", guarantee=" + version.guaranteeFor(newSizeBlocks)
                + ", available=" + Math.max(0, ledger.available(Resource.DATA_BLOCKS));
    }

    boolean isGuaranteed() {
        return !guarantee.isNone();
    }

    /** {@code true} when every block of the volume is guaranteed; it stays so while there are cookies. */
    boolean isWhole() {
        return guarantee.isWhole();
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
    void adopt(Guarantee.Asked asked) {
        standing = asked.blocks();
        budget.credit(asked.slots(), asked.logBytes());
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

    /** {@code true} when a reservation of so many blocks would not pass the limit; what is guaranteed in full has none. */
    boolean isInLimit(long blocks) {
        return version.limitBlocks == 0
                || blocks == 0
                || isWhole()
                || version.exclusiveBlocks + outstanding + blocks <= version.limitBlocks;
    }

    /** {@code true} when a client without credit should reserve for a recent block of the head's own: it would be redirected. */
    boolean isRoomy(boolean poolIsRoomy) {
        if (isWhole()) {
            return poolIsRoomy && !isPinned();
        }
        return isInLimit(1) && (standing > 0 || poolIsRoomy);
    }

    /**
     * {@code true} when all of the volume is guaranteed and its own: it has what any write of it takes, so it is overwritten
     * where it lies, after a persist point if need be, and takes nothing of the pool even where there is room.
     */
    private boolean isPinned() {
        return version.exclusiveBlocks >= guarantee.sizeBlocks();
    }

    /** Promises blocks to a cookie of a guaranteed head, from the guarantee first. {@code false}: short, nothing changed. */
    boolean tryReserve(long blocks) {
        if (isWhole()) {
            return true; // all of it stands promised already, and what is its own is written in place
        }
        long own = version.exclusiveBlocks;
        long shared = version.mappedBlocks - own;
        if (!tryPromise(own, outstanding + blocks, 0, version.ownedNodes, shared, blocks)) {
            return false;
        }
        outstanding += blocks;
        return true;
    }

    /** {@code true} when {@link #tryReserve} would promise so many; changes nothing. */
    boolean canReserve(long blocks) {
        if (isWhole()) {
            return true;
        }
        long own = version.exclusiveBlocks;
        long held = outstanding + blocks;
        return ledger.canPromise(
                guarantee.blocks(own, held) - standing + blocks,
                missingSlots(own, held, 0, version.ownedNodes),
                missingLogBytes(own, held, 0, version.ownedNodes, version.mappedBlocks - own));
    }

    /**
     * Of so many blocks that a head guaranteed in full does not own and has not staged, those that stand promised. All of them,
     * but while a tail is given up (see above) and the process ended meanwhile: then the pool may have some.
     */
    long drawable(long blocks) {
        if (standing == 0) {
            standing = take(Resource.DATA_BLOCKS, blocks, false);
        }
        return Math.min(blocks, standing);
    }

    /** So many of them are taken: staged, or mapped at once and owned. */
    void draw(long blocks, boolean staged) {
        ledger.draw(Resource.DATA_BLOCKS, blocks);
        standing -= blocks;
        outstanding += staged ? blocks : 0;
    }

    /** Of so many recent blocks of its own, those that the pool has another one for, with what the change of mapping may take. */
    long redirectable(long blocks) {
        long most = Math.min(blocks, ledger.available(Resource.DATA_BLOCKS));
        most = Math.min(most, ledger.available(Resource.NODE_SLOTS));
        return Math.max(0, Math.min(most, ledger.available(Resource.LOG_BYTES) / DeadList.ENTRY_BYTES));
    }

    /** So many of them are staged; the caller has asked {@link #redirectable}. */
    void redirect(long blocks) {
        long logBytes = DeadList.ENTRY_BYTES * blocks;
        if (!ledger.tryPromise(blocks, blocks, logBytes)) {
            throw new IllegalStateException("no room for a redirect: " + ledger);
        }
        budget.credit(blocks, logBytes);
        ledger.draw(Resource.DATA_BLOCKS, blocks);
        redirected += blocks;
    }

    /** Blocks staged anew were published, or came back and are free again. */
    void unstaged(long blocks, boolean own, boolean returned) {
        if (returned) {
            ledger.use(Resource.DATA_BLOCKS, -blocks);
        }
        if (own) {
            redirected -= blocks;
            return;
        }
        outstanding -= blocks;
        if (returned && !closed) {
            ledger.unpromise(Resource.DATA_BLOCKS, -blocks);
            standing += blocks;
        }
    }

    /** The head was frozen: it owns nothing of what lies below its stages. What that takes was promised. */
    void frozen() {
        outstanding += redirected;
        redirected = 0;
    }

    /** So many blocks below stages became its own. */
    void widened(long blocks) {
        outstanding -= blocks;
        redirected += blocks;
    }

    /**
     * Promises what will stand once the head is frozen: then it owns nothing, and shares all it maps. {@code false}: short,
     * nothing changed.
     */
    boolean tryPromiseForFreeze() {
        return !isGuaranteed() || tryPromise(0, outstanding + redirected, 0, 0, version.mappedBlocks, 0);
    }

    /** As {@link #tryPromiseForFreeze}, where the head will have the size of a snapshot and share so many blocks of it. */
    boolean tryPromiseForRollback(long newSizeBlocks, long sharedBlocks) {
        return tryPromiseFor(newSizeBlocks, 0, 0, sharedBlocks);
    }

    private boolean tryPromise(long own, long held, long redirects, long ownNodes, long shared, long cookieBlocks) {
        long blocks = guarantee.blocks(own, held);
        if (isWhole() && guarantee.hasTail()) {
            blocks = Math.max(blocks, Math.min(standing, guarantee.guaranteedBlocks()));
        }
        long slots = missingSlots(own, held, redirects, ownNodes);
        long log = missingLogBytes(own, held, redirects, ownNodes, shared);
        if (!ledger.tryPromise(blocks - standing + cookieBlocks, slots, log)) {
            return false;
        }
        budget.credit(slots, log);
        standing = blocks;
        surplus.cap(
                budget.slots() - guarantee.slots(own, held, redirects, ownNodes),
                budget.logBytes() - guarantee.logBytes(own, held, redirects, ownNodes, shared));
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
        return "reason=guarantee, volume=" + version.name + ", "
                + facts(0, outstanding + redirected, 0, version.mappedBlocks, 0);
    }

    private String facts(long own, long held, long ownNodes, long shared, long cookieBlocks) {
        return ledger.facts(
                guarantee.blocks(own, held) - standing + cookieBlocks,
                missingSlots(own, held, 0, ownNodes),
                missingLogBytes(own, held, 0, ownNodes, shared));
    }

    private long missingSlots(long own, long held, long redirects, long ownNodes) {
        return Math.max(0, guarantee.slots(own, held, redirects, ownNodes) - budget.slots());
    }

    private long missingLogBytes(long own, long held, long redirects, long ownNodes, long shared) {
        return Math.max(0, guarantee.logBytes(own, held, redirects, ownNodes, shared) - budget.logBytes());
    }

    /** A cookie of a head without a guarantee was given blocks. */
    void reserved(long blocks) {
        outstanding += blocks;
    }

    /** Blocks promised to cookies, or staged, became the head's own or went back. */
    void settled(long blocks) {
        outstanding -= blocks;
    }

    /**
     * Brings what stands promised in line with the formulas, as far as it may.
     *
     * @param isSorting drops of a merge wait to be sorted: the counters are above what the head owns
     * @param lastSequence of the last record
     * @param persisted no commit after this record is unpersisted
     */
    void rebalance(boolean isSorting, long lastSequence, long persisted) {
        guarantee.readVersion();
        if (closed || !isGuaranteed()) {
            return;
        }
        long own = version.exclusiveBlocks;
        long slots = guarantee.slots(own, outstanding, redirected, version.ownedNodes);
        long log = guarantee.logBytes(own, outstanding, redirected, version.ownedNodes, version.mappedBlocks - own);
        boolean keeps = isWhole() && (isSorting || guarantee.hasTail());
        standing =
                adjust(Resource.DATA_BLOCKS, standing, guarantee.blocks(own, outstanding), keeps ? 0 : Long.MAX_VALUE);
        boolean isAll = !isSorting && lastSequence <= persisted;
        boolean isSome = !isSorting && surplus.isDue(persisted);
        long slotsNow = adjust(
                Resource.NODE_SLOTS, budget.slots(), slots, isAll ? Long.MAX_VALUE : isSome ? surplus.slots() : 0);
        long logNow = adjust(
                Resource.LOG_BYTES, budget.logBytes(), log, isAll ? Long.MAX_VALUE : isSome ? surplus.logBytes() : 0);
        budget.credit(slotsNow - budget.slots(), logNow - budget.logBytes());
        if (isSorting) {
            surplus.forget();
        } else {
            surplus.update(lastSequence, persisted, Math.max(0, slotsNow - slots), Math.max(0, logNow - log));
        }
    }

    /** {@code true} when the budget holds more than the head may need, until a persist point. */
    boolean hasSurplus() {
        return surplus.isNoted();
    }

    Version version() {
        return version;
    }

    /** At most {@code mostBack} go back; what is missing is taken as far as there is any. */
    private long adjust(Resource resource, long now, long wanted, long mostBack) {
        if (wanted < now) {
            long back = Math.min(now - wanted, mostBack);
            ledger.unpromise(resource, back);
            return now - back;
        }
        return now + take(resource, wanted - now, true);
    }

    /**
     * Promises so many, or as many as there are.
     *
     * @param stood they were promised, or used, a moment ago or before the restart: all there is serves, though slop is in use
     */
    private long take(Resource resource, long wanted, boolean stood) {
        long there = ledger.available(resource) + (stood ? ledger.slop(resource) : 0);
        long taken = Math.max(0, Math.min(there, wanted));
        ledger.unpromise(resource, -taken);
        return taken;
    }

    /** The head is gone: nothing stands any more. Its cookies give back what they hold by themselves. */
    void close() {
        closed = true;
        ledger.unpromise(Resource.DATA_BLOCKS, standing);
        standing = 0;
        budget.release();
        surplus.forget();
    }

    /** {@code true} when all that the formulas ask for stands promised. */
    boolean isCovered() {
        return closed || !isGuaranteed() || compare(true);
    }

    /** {@code true} when that, and no more but what waits for a persist point, stands promised. */
    boolean isExact() {
        return closed || !isGuaranteed() || compare(false);
    }

    private boolean compare(boolean moreIsFine) {
        long own = version.exclusiveBlocks;
        long blocks = standing - guarantee.blocks(own, outstanding);
        long slots = budget.slots() - guarantee.slots(own, outstanding, redirected, version.ownedNodes);
        long log = budget.logBytes()
                - guarantee.logBytes(own, outstanding, redirected, version.ownedNodes, version.mappedBlocks - own);
        boolean isCovered = blocks >= 0 && slots >= 0 && log >= 0;
        return isCovered && (moreIsFine || (blocks == 0 && (surplus.isNoted() || (slots == 0 && log == 0))));
    }

    long outstanding() {
        return outstanding;
    }

    long redirected() {
        return redirected;
    }

    @Override
    public String toString() {
        return "quota[volume=" + version.name + ", guarantee=" + guarantee.guaranteedBlocks() + ", limit="
                + version.limitBlocks + ", own=" + version.exclusiveBlocks + ", outstanding=" + outstanding
                + ", redirected=" + redirected + ", standing=" + standing + ", slots=" + budget.slots() + ", logBytes="
                + budget.logBytes() + "]";
    }
}

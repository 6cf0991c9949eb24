package io.blkspc.host.core;

/**
 * What the guarantee of one head asks for. With G blocks guaranteed, E blocks of its own, and H blocks promised to its cookies or
 * newly staged, these are to stand promised in the ledger besides H:
 *
 * <pre>
 *  need    = max(G - E, H)                          blocks the head may still make its own, and must be able to map
 *  blocks  = max(0, G - E - H)
 *  slots   = min(4 × need, nodes of the whole tree - nodes of its own)
 *  log     = 16 × (min(need, blocks it shares) + slots)      what it drops of what it shares
 * </pre>
 *
 * <p>Why that is enough: a block becomes the head's own with at most four nodes of its own above it, so that {@code need} falls by
 * one for four slots drawn; and the tree of a head has only so many nodes. Writing a block that is its own already draws at most
 * what its cookie's H stands for.
 *
 * <p>A head that is guaranteed <em>in full</em> ({@link #isWhole}) has other terms, because what it does not own and what it owns
 * are all it has: its cookies hold no blocks, so a credit costs nothing and none is refused. What stands is exactly what the head
 * does not own and has not staged, so there is a block for each such block, whoever comes first. With A blocks staged anew over
 * what it does not own, and R over recent blocks of its own:
 *
 * <pre>
 *  need    = G - E
 *  blocks  = max(0, G - E - A)
 *  slots   = min(4 × need + R, nodes of the whole tree - nodes of its own)       a redirect may cut one extent into a leaf
 * </pre>
 *
 * <p>What a head owns beyond the end it was given by a shrink, its tail, says nothing of what it has yet to make its own: until
 * that is given up, {@code need} is counted with E = 0.
 *
 * <p>Only formulas: what stands for them is with {@link HeadQuota}. Everywhere {@code own} is E, {@code held} is H or A, and
 * {@code redirects} is R. Guarded by the order lock.
 */
final class Guarantee {

    private final Version version;
    private long guaranteedBlocks;
    private long sizeBlocks;
    private boolean hasTail;

    /** As the version has it. */
    Guarantee(Version version) {
        this.version = version;
        readVersion();
    }

    /** What a new head asks for before it exists; all zero without a guarantee. */
    record Asked(long blocks, long slots, long logBytes) {

        static Asked of(long guaranteedBlocks, long sizeBlocks, long sharedBlocks) {
            long slots = Math.min(HostCookie.SLOTS_PER_CREDIT * guaranteedBlocks, treeNodes(sizeBlocks));
            long log = DeadList.ENTRY_BYTES * (Math.min(guaranteedBlocks, sharedBlocks) + slots);
            return new Asked(guaranteedBlocks, slots, guaranteedBlocks == 0 ? 0 : log);
        }

        Asked times(int heads) {
            return new Asked(blocks * heads, slots * heads, logBytes * heads);
        }
    }

    /** From now on as the version has it. */
    void readVersion() {
        guaranteedBlocks = version.guaranteeBlocks;
        sizeBlocks = version.sizeBlocks();
        hasTail = version.tailBlocks > 0;
    }

    /** As it will be once the head has another size, until {@link #readVersion}. */
    void resize(long newSizeBlocks) {
        sizeBlocks = newSizeBlocks;
        guaranteedBlocks = version.guaranteeFor(newSizeBlocks);
        hasTail |= newSizeBlocks < version.sizeBlocks();
    }

    boolean isNone() {
        return guaranteedBlocks == 0;
    }

    /** {@code true} when every block of the volume is guaranteed. */
    boolean isWhole() {
        return guaranteedBlocks > 0 && guaranteedBlocks >= sizeBlocks;
    }

    /** {@code true} while the head maps something beyond its end. */
    boolean hasTail() {
        return hasTail;
    }

    /** G. */
    long guaranteedBlocks() {
        return guaranteedBlocks;
    }

    long sizeBlocks() {
        return sizeBlocks;
    }

    /** Blocks that are to stand promised. */
    long blocks(long own, long held) {
        return Math.max(0, guaranteedBlocks - own - held);
    }

    /** Node slots that the budget is to hold. */
    long slots(long own, long held, long redirects, long ownNodes) {
        long most = HostCookie.SLOTS_PER_CREDIT * need(own, held) + redirects;
        return Math.clamp(treeNodes(sizeBlocks) - ownNodes, 0, most);
    }

    /** Log bytes that the budget is to hold. */
    long logBytes(long own, long held, long redirects, long ownNodes, long shared) {
        return DeadList.ENTRY_BYTES * (Math.min(need(own, held), shared) + slots(own, held, redirects, ownNodes));
    }

    private long need(long own, long held) {
        long need = Math.max(0, guaranteedBlocks - (hasTail ? 0 : own));
        return isWhole() ? need : Math.max(need, held);
    }

    /** Most nodes a tree over so many blocks can have. */
    private static long treeNodes(long sizeBlocks) {
        long nodes = 0;
        long spans = sizeBlocks;
        for (int level = 0; level < HostCookie.SLOTS_PER_CREDIT; level++) {
            spans = Math.ceilDiv(spans, 256L);
            nodes += spans;
        }
        return nodes;
    }
}

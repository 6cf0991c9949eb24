package io.blkspc.api.model;

/**
 * How a model pool behaves where the contract leaves a choice.
 *
 * @param inPlaceRule when an owned, written block may be overwritten in place
 * @param patienceNanos how long anything waits before it fails with BUSY; the contract says 5 seconds
 * @param strict refuses what a client must not do: mapping without a lease, committing a wrong checksum
 */
public record ModelOptions(InPlaceRule inPlaceRule, long patienceNanos, boolean strict) {

    /** The contract's patience, in nanoseconds. */
    public static final long CONTRACT_PATIENCE_NANOS = 5_000_000_000L;

    /** When an owned, written block may be overwritten in place. */
    public enum InPlaceRule {
        /** Always. */
        WHEN_OWNED,
        /** Only when the last publication of the block is durable; otherwise it is redirected to a new block. */
        WHEN_DURABLE,
        /** Never: every write is staged, as long as the cookie has credit. */
        ONLY_WITHOUT_CREDIT
    }

    /** What a real host does: redirects until flushed, waits 5 seconds, checks its client. */
    public static ModelOptions defaults() {
        return new ModelOptions(InPlaceRule.WHEN_DURABLE, CONTRACT_PATIENCE_NANOS, true);
    }

    /** The same with another rule. */
    public ModelOptions with(InPlaceRule rule) {
        return new ModelOptions(rule, patienceNanos, strict);
    }

    /** The same with another patience. */
    public ModelOptions withPatienceNanos(long nanos) {
        return new ModelOptions(inPlaceRule, nanos, strict);
    }

    /** The same, but trusting its clients. */
    public ModelOptions trusting() {
        return new ModelOptions(inPlaceRule, patienceNanos, false);
    }
}

package io.blkspc.api;

/**
 * A short hold on a space, taken with {@link BlockSpace#readLease} or {@link BlockSpace#writeLease} and ended with
 * {@link #close}. While a read lease is held, blocks that a mapping named are not reused; while a write lease is held,
 * the space is also not frozen. Hold it for one batch of IO, never while waiting for a client, nor over a wait of one's own
 * ({@link BlockSpace#awaitUnstaged}, {@link BlockSpace#discard}): both wait for leases.
 *
 * <p>Leases are preallocated and shared: taking one allocates nothing. Close each exactly once; any thread may do it.
 */
public interface Lease extends AutoCloseable {
    /** Ends the hold. Never blocks and never fails. */
    @Override
    void close();
}

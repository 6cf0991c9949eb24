package io.blkspc.nbd.handshake;

import io.blkspc.api.BlockSpace;

/**
 * Outcome of a handshake.
 *
 * @param space the export, opened for this connection, which closes it
 * @param structured reads are answered with structured replies
 * @param baseAllocation the client chose the context base:allocation
 */
public record Negotiated(BlockSpace space, boolean structured, boolean baseAllocation) {

    /** Id of the context base:allocation in replies. */
    public static final int BASE_ALLOCATION_ID = 1;
}

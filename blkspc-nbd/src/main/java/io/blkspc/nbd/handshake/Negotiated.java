package io.blkspc.nbd.handshake;

import io.blkspc.api.BlockSpace;
import io.blkspc.nbd.protocol.ReplyStyle;

/**
 * Outcome of a handshake.
 *
 * @param space the export, opened for this connection, which closes it
 * @param style headers of requests and replies
 * @param contexts bits of the metadata contexts that the client chose
 * @param guaranteed no write to the export fails for lack of space in the pool
 */
public record Negotiated(BlockSpace space, ReplyStyle style, int contexts, boolean guaranteed) {}

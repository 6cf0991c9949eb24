package io.blkspc.nbd.handshake;

import io.blkspc.api.BlockSpace;
import io.blkspc.nbd.protocol.ReplyStyle;
import io.blkspc.nbd.service.ChangedBlocks;
import java.util.List;

/**
 * Outcome of a handshake.
 *
 * @param space the export, opened for this connection, which closes it
 * @param style headers of requests and replies
 * @param contexts bits of the metadata contexts that the client chose
 * @param bitmaps what the contexts after the fixed ones are about, in the order of their ids
 * @param guaranteed no write to the export fails for lack of space in the pool
 */
public record Negotiated(
        BlockSpace space, ReplyStyle style, int contexts, List<ChangedBlocks> bitmaps, boolean guaranteed) {}

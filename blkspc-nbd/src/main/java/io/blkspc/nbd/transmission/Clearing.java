package io.blkspc.nbd.transmission;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.Geometry;
import io.blkspc.api.client.SpaceIo;
import io.blkspc.nbd.protocol.CommandFlags;
import io.blkspc.nbd.protocol.NbdCommand;
import io.blkspc.nbd.protocol.NbdError;
import java.io.IOException;

/** Serves TRIM and WRITE_ZEROES: quick ones here, others in the slow lane. Owned by the connection's thread. */
final class Clearing {

    /** Whole blocks of up to this are zeroed and trimmed on the connection's thread. */
    private static final long INLINE_BYTES = 32L << 20;

    private final SpaceIo io;
    private final ReplyBuffer out;
    private final SlowLane slow;
    private final QueuedReads queued;
    private final Forces forces;

    Clearing(SpaceIo io, ReplyBuffer out, SlowLane slow, QueuedReads queued, Forces forces) {
        this.io = io;
        this.out = out;
        this.slow = slow;
        this.queued = queued;
        this.forces = forces;
    }

    /** Serves one valid request; {@code alone}: no other waits, so that nobody is held up by waiting here. */
    void serve(Request request, boolean alone) throws IOException {
        long offset = request.offset();
        long length = request.length();
        boolean trim = request.type() == NbdCommand.TRIM;
        boolean noHole = request.has(CommandFlags.NO_HOLE);
        boolean quick = length <= INLINE_BYTES
                && !noHole
                && (trim || (Geometry.isBlockAligned(offset) && Geometry.isBlockAligned(length)));
        SlowRequest later = quick || alone ? null : slow.tryBegin(SlowRequest.replyBytes());
        if (later != null) {
            later = trim ? later.trim(request.flags(), offset, length) : later.zero(request.flags(), offset, length);
            slow.submit(later.addReply(request.cookie(), offset));
            return;
        }
        queued.settle(); // to clear blocks waits for those who read them
        try {
            if (trim) {
                io.trim(offset, length, false);
            } else {
                io.zero(offset, length, noHole, false);
            }
        } catch (BlockSpaceException e) {
            out.plain(request.cookie(), offset, NbdError.of(e.code()));
            return;
        }
        if (request.has(CommandFlags.FUA) && length > 0) {
            forces.addWrite(request.cookie(), offset, length);
        } else {
            out.plain(request.cookie(), offset, NbdError.NONE);
        }
    }
}

package io.blkspc.nbd.transmission;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.MappingState;
import io.blkspc.nbd.handshake.Negotiated;
import io.blkspc.nbd.protocol.BlockStatus;
import io.blkspc.nbd.protocol.BlockStatusExtent;
import io.blkspc.nbd.protocol.ChunkHeader;
import io.blkspc.nbd.protocol.NbdError;
import java.io.IOException;

/**
 * Answers BLOCK_STATUS in base:allocation from the mappings alone. A guaranteed or unwritten extent is ZERO without HOLE:
 * a write there cannot run out of space. Owned by the connection's thread.
 */
final class Extents {

    /** Most extents in one reply; the client asks again for the rest. */
    private static final int MAX_EXTENTS = 4096;

    /** Most mappings looked at for one reply, so that one request cannot hold the connection for long. */
    private static final int MAX_MAPPINGS = 1 << 16;

    private final BlockSpace space;
    private final ReplyBuffer out;
    private final Mapping mapping = new Mapping();
    private final BlockStatus status = new BlockStatus();
    private final BlockStatusExtent extent = new BlockStatusExtent();

    Extents(BlockSpace space, ReplyBuffer out) {
        this.space = space;
        this.out = out;
    }

    void report(long requestCookie, long offset, long length, boolean one) throws IOException {
        int head = ChunkHeader.BYTES + BlockStatus.BYTES;
        out.ensure(head + MAX_EXTENTS * BlockStatusExtent.BYTES);
        int start = out.end();
        int end;
        try {
            end = describe(start + head, offset, length, one ? 1 : MAX_EXTENTS);
        } catch (BlockSpaceException e) {
            out.last(requestCookie, NbdError.of(e.code()));
            return;
        }
        int bytes = end - start - ChunkHeader.BYTES;
        out.encoder().header(out.segment(), start, requestCookie, ChunkHeader.BLOCK_STATUS, bytes, true);
        status.wrap(out.segment(), start + (long) ChunkHeader.BYTES).contextId(Negotiated.BASE_ALLOCATION_ID);
        out.end(end);
    }

    /** Writes merged extents from {@code at} on and returns where they end. */
    private int describe(int at, long offset, long length, int maxExtents) {
        long end = offset + length;
        long extentStart = offset;
        long position = offset;
        int extentFlags = -1;
        int extents = 0;
        int cursor = at;
        try (Lease _ = space.readLease()) {
            for (int seen = 0; position < end && seen < MAX_MAPPINGS; seen++) {
                space.map(position, end - position, mapping);
                int flags = flags(mapping.state());
                if (extentFlags != -1 && flags != extentFlags) {
                    cursor = write(cursor, position - extentStart, extentFlags);
                    extentStart = position;
                    if (++extents == maxExtents) {
                        return cursor;
                    }
                }
                extentFlags = flags;
                position = mapping.endOffsetBytes();
            }
        }
        return write(cursor, position - extentStart, extentFlags);
    }

    private int write(int at, long length, int flags) {
        extent.wrap(out.segment(), at).length(length).flags(flags);
        return at + BlockStatusExtent.BYTES;
    }

    private static int flags(MappingState state) {
        return switch (state) {
            case HOLE -> BlockStatusExtent.HOLE | BlockStatusExtent.ZERO;
            case RESERVED, UNWRITTEN -> BlockStatusExtent.ZERO;
            case WRITTEN -> 0;
        };
    }
}

package io.blkspc.nbd.transmission;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.Changes;
import io.blkspc.api.Geometry;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.MappingState;
import io.blkspc.nbd.handshake.Negotiated;
import io.blkspc.nbd.protocol.CommandFlags;
import io.blkspc.nbd.protocol.DirtyBitmap;
import io.blkspc.nbd.protocol.MetaContext;
import io.blkspc.nbd.protocol.NbdError;
import io.blkspc.nbd.service.ChangedBlocks;
import java.io.IOException;
import java.util.List;

/** Answers BLOCK_STATUS from the mappings alone, and without reading data, one chunk for each context. Owned by the connection's thread. */
final class Extents {

    /** Most extents in one chunk; the client asks again for the rest. */
    private static final int MAX_EXTENTS = 2048;

    /** Most mappings looked at for one chunk, so that one request cannot hold the connection for long. */
    private static final int MAX_MAPPINGS = 1 << 16;

    private final BlockSpace space;
    private final boolean guaranteed;
    private final List<ChangedBlocks> bitmaps;
    private final ReplyBuffer out;
    private final ReplyEncoder encoder;
    private final Mapping mapping = new Mapping();
    private int extentCount;

    Extents(Negotiated negotiated, ReplyBuffer out) {
        this.space = negotiated.space();
        this.guaranteed = negotiated.guaranteed();
        this.bitmaps = negotiated.bitmaps();
        this.out = out;
        this.encoder = out.encoder();
    }

    /** Answers one valid request. */
    void report(Request request) throws IOException {
        for (int left = request.contexts(); left != 0; left &= left - 1) {
            int id = Integer.numberOfTrailingZeros(left) + 1;
            boolean isLast = (left & (left - 1)) == 0;
            if (!report(request, id, isLast)) {
                return;
            }
        }
    }

    private boolean report(Request request, int id, boolean isLast) throws IOException {
        int head = encoder.statusHeadBytes();
        int maxExtents = request.has(CommandFlags.REQ_ONE) ? 1 : MAX_EXTENTS;
        out.ensure(head + maxExtents * encoder.extentBytes());
        int start = out.end();
        int end;
        try {
            MetaContext context = MetaContext.of(id);
            end = context == null
                    ? compare(start + head, request, bitmaps.get(DirtyBitmap.index(id)), maxExtents)
                    : describe(start + head, request.offset(), request.length(), context, maxExtents);
        } catch (BlockSpaceException e) {
            out.last(request.cookie(), request.offset(), NbdError.of(e.code()));
            return false;
        }
        encoder.status(out.segment(), start, request.cookie(), request.offset(), id, extentCount, isLast);
        out.end(end);
        return true;
    }

    /** Writes merged extents from {@code at} on, counts them, and returns where they end. */
    private int describe(int at, long offset, long length, MetaContext context, int maxExtents) {
        long end = offset + length;
        long extentStart = offset;
        long position = offset;
        int extentFlags = -1;
        int cursor = at;
        extentCount = 0;
        try (Lease _ = space.readLease()) {
            for (int seen = 0; position < end && seen < MAX_MAPPINGS; seen++) {
                space.map(position, end - position, mapping);
                int flags = flags(context);
                if (extentFlags != -1 && flags != extentFlags) {
                    cursor = encoder.extent(out.segment(), cursor, position - extentStart, extentFlags);
                    extentStart = position;
                    if (++extentCount == maxExtents) {
                        return cursor;
                    }
                }
                extentFlags = flags;
                position = mapping.endOffsetBytes();
            }
        }
        extentCount++;
        return encoder.extent(out.segment(), cursor, position - extentStart, extentFlags);
    }

    /** As {@link #describe}, from what changed since a snapshot: dirty where it says so, clean between. */
    private int compare(int at, Request request, ChangedBlocks changed, int maxExtents) {
        long offset = request.offset();
        long end = offset + request.length();
        // A dirty extent and a clean one for each range, so half as many are enough.
        Changes changes = changed.between(
                Geometry.alignDown(offset), Geometry.alignUp(end), Math.max(1, Math.ceilDiv(maxExtents, 2)));
        long known = Math.min(end, changes.nextOffsetBytes());
        long position = offset;
        int cursor = at;
        extentCount = 0;
        List<Changes.Range> ranges = changes.ranges();
        for (int i = 0; i < ranges.size() && position < known; ) {
            long dirtyFrom = Math.max(position, ranges.get(i).offsetBytes());
            long dirtyTo = ranges.get(i).endBytes();
            for (i++; i < ranges.size() && ranges.get(i).offsetBytes() == dirtyTo; i++) {
                dirtyTo = ranges.get(i).endBytes();
            }
            if (dirtyFrom > position) {
                cursor = encoder.extent(out.segment(), cursor, dirtyFrom - position, 0);
                position = dirtyFrom;
                if (++extentCount == maxExtents) {
                    return cursor;
                }
            }
            dirtyTo = Math.min(dirtyTo, known);
            cursor = encoder.extent(out.segment(), cursor, dirtyTo - position, DirtyBitmap.DIRTY);
            position = dirtyTo;
            if (++extentCount == maxExtents) {
                return cursor;
            }
        }
        if (position < known) {
            cursor = encoder.extent(out.segment(), cursor, known - position, 0);
            extentCount++;
        }
        return cursor;
    }

    private int flags(MetaContext context) {
        return switch (context) {
            case BASE_ALLOCATION -> allocation();
            case ALLOCATION_DEPTH -> depth();
            case GUARANTEE -> isGuaranteed() ? MetaContext.GUARANTEED : 0;
        };
    }

    /** No HOLE where a write cannot run out of space; data that is shared is no hole either, as it has content. */
    private int allocation() {
        if (mapping.state() == MappingState.WRITTEN) {
            return 0;
        }
        return isOwned() || guaranteed ? MetaContext.ZERO : MetaContext.HOLE | MetaContext.ZERO;
    }

    private int depth() {
        return switch (mapping.state()) {
            case HOLE, RESERVED -> 0;
            case UNWRITTEN, WRITTEN -> mapping.shared() ? 2 : 1;
        };
    }

    private boolean isGuaranteed() {
        return !space.isReadOnly() && (guaranteed || isOwned());
    }

    /** Space that is the export's alone: a write needs no other. */
    private boolean isOwned() {
        return mapping.state() != MappingState.HOLE && !mapping.shared();
    }
}

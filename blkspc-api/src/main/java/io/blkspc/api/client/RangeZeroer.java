package io.blkspc.api.client;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;

/** Makes byte ranges read as zeros: whole blocks by the host, partial ones by writing. Owned by one thread. */
final class RangeZeroer {

    /** Above so many lacking blocks in each window, reserving windows takes less of the pool than reserving blocks. */
    private static final int BLOCKS_BETTER_BY_WINDOW = 16;

    private final BlockSpace space;
    private final SpaceReader reader;
    private final SpaceWriter writer;
    private final WriteQueue edge = new WriteQueue(1, 1);
    private final Mapping mapping = new Mapping();
    private long lackingBlocks;
    private long lackingWindows;

    RangeZeroer(BlockSpace space, SpaceReader reader, SpaceWriter writer) {
        this.space = space;
        this.reader = reader;
        this.writer = writer;
    }

    void zero(long offset, long length, boolean noHole) {
        long end = offset + length;
        long bodyStart = Math.min(Geometry.alignUp(offset), end);
        long bodyEnd = Math.max(Geometry.alignDown(end), bodyStart);
        if (bodyStart < bodyEnd) {
            if (noHole) {
                zeroAndAllocate(bodyStart, bodyEnd - bodyStart);
            } else {
                zeroBody(bodyStart, bodyEnd);
            }
        }
        zeroEdge(offset, bodyStart - offset, noHole);
        zeroEdge(bodyEnd, end - bodyEnd, noHole);
    }

    /** Zeroing can lack room for metadata that writing has, where a guarantee stands for it: then zeros are written. */
    private void zeroBody(long start, long end) {
        try {
            Patience.zero(space, start, end - start, false);
        } catch (BlockSpaceException e) {
            if (e.code() != Code.OUT_OF_SPACE) {
                throw e;
            }
            for (long at = start; at < end; at += Zeros.BYTES) {
                zeroEdge(at, Math.min(Zeros.BYTES, end - at), false);
            }
        }
    }

    /** Bytes that are not punched: written, unless it reads as zeros already and need not be allocated. */
    private void zeroEdge(long offset, long length, boolean noHole) {
        if (length > 0 && (noHole || !reader.readsZeros(offset, length))) {
            edge.clear();
            edge.add(offset, length, Zeros.SEGMENT, 0);
            try {
                writer.write(edge, false);
            } finally {
                edge.clear();
            }
        }
    }

    /** Space for the holes is reserved before anything changes, so that a full pool leaves the range as it was. */
    private void zeroAndAllocate(long offset, long length) {
        fill(offset, length, true);
    }

    /** Gives the holes of a range blocks; what it holds stays. */
    void preallocate(long offset, long length) {
        fill(offset, length, false);
    }

    private void fill(long offset, long length, boolean zeroFirst) {
        Cookie cookie = reserve(offset, length);
        try {
            if (zeroFirst) {
                Patience.zero(space, offset, length, true);
            }
            while (!tryPreallocate(cookie, offset, length)) {
                // windows with several holes, or holes that another client made meanwhile
                Cookie spent = cookie;
                cookie = null;
                spent.put();
                cookie = reserve(offset, length);
            }
        } finally {
            if (cookie != null) {
                cookie.put();
            }
        }
    }

    private boolean tryPreallocate(Cookie cookie, long offset, long length) {
        try {
            Patience.preallocate(space, cookie, offset, length);
            return true;
        } catch (BlockSpaceException e) {
            if (e.code() != Code.NO_CREDIT) {
                throw e;
            }
            return false;
        }
    }

    /**
     * A credit for each window that lacks something fills one hole of each and takes little but blocks; a credit for each
     * block is exact in blocks, but each brings room for metadata of its own. The better one is asked for first, and the other
     * where the pool has no room for it.
     */
    private Cookie reserve(long offset, long length) {
        countLacking(offset, length);
        boolean byWindows = lackingBlocks > lackingWindows * BLOCKS_BETTER_BY_WINDOW;
        try {
            return reserve(byWindows);
        } catch (BlockSpaceException e) {
            if (e.code() != Code.OUT_OF_SPACE) {
                throw e;
            }
            return reserve(!byWindows);
        }
    }

    private Cookie reserve(boolean byWindows) {
        return byWindows
                ? space.reserve((int) lackingWindows, Geometry.MAX_WINDOW_BYTES)
                : space.reserve((int) Math.min(Integer.MAX_VALUE, lackingBlocks), Geometry.BLOCK_BYTES);
    }

    /** Counts what is a hole, or shared and therefore a hole once it is zeroed. */
    private void countLacking(long offset, long length) {
        lackingBlocks = 0;
        lackingWindows = 0;
        long countedUpTo = 0;
        try (Lease _ = space.readLease()) {
            for (long at = offset; at < offset + length; at = mapping.endOffsetBytes()) {
                space.map(at, offset + length - at, mapping);
                if (mapping.deviceOffsetBytes() == Mapping.NO_DEVICE_OFFSET || mapping.shared()) {
                    lackingBlocks += Geometry.toBlocks(mapping.lengthBytes());
                    long first = Math.max(countedUpTo, at / Geometry.MAX_WINDOW_BYTES);
                    countedUpTo = (mapping.endOffsetBytes() - 1) / Geometry.MAX_WINDOW_BYTES + 1;
                    lackingWindows += countedUpTo - first;
                }
            }
        }
    }
}

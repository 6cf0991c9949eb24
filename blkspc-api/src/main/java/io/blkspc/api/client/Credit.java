package io.blkspc.api.client;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.api.Lease;
import io.blkspc.api.Mapping;
import io.blkspc.api.MappingState;

/**
 * The cookies of one writer: a lasting one without credit, enough for overwriting in place, and a paid one only while a
 * request needs it. Owned by one thread.
 *
 * <p>A request that runs out of credit climbs these steps, cheapest first: large windows (few credits); exactly its
 * blocks; a persist point, after which its own recent blocks may be overwritten in place; exactly the blocks it lacks.
 * Only the last one reports out of space.
 */
final class Credit {

    private static final int NO_STEP = 0;
    private static final int WINDOWS = 1;
    private static final int PERSISTED = 2;

    private final BlockSpace space;
    private final Mapping mapping = new Mapping();
    private Cookie overwriting;
    private Cookie paid;
    private int step = NO_STEP;

    Credit(BlockSpace space) {
        this.space = space;
    }

    /** The cookie to allocate with now. */
    Cookie cookie() {
        if (paid != null) {
            return paid;
        }
        if (overwriting == null) {
            overwriting = space.reserve(0, Geometry.BLOCK_BYTES);
        }
        return overwriting;
    }

    /**
     * Reserves for everything of {@code queue} from byte {@code cursor} of run {@code run} on. Call without a lease and
     * without stages. On return the same allocation may be tried again.
     *
     * @throws BlockSpaceException {@code OUT_OF_SPACE}
     */
    void reserveFor(WriteQueue queue, int run, long cursor) {
        settlePaid();
        if (step == NO_STEP) {
            step = WINDOWS;
            int window = windowFor(queue, run, cursor);
            if (window > Geometry.BLOCK_BYTES && tryReserve(windows(queue, run, cursor, window), window)) {
                return;
            }
        }
        if (tryReserve(windows(queue, run, cursor, Geometry.BLOCK_BYTES), Geometry.BLOCK_BYTES)) {
            return;
        }
        if (step != PERSISTED) {
            step = PERSISTED;
            space.flush();
            return;
        }
        int lacking = lackingBlocks(queue, run, cursor);
        if (lacking > 0) {
            paid = space.reserve(lacking, Geometry.BLOCK_BYTES);
        } else if (!tryReserve(1, Geometry.BLOCK_BYTES)) {
            space.flush(); // all its own, and somebody wrote them meanwhile
        }
    }

    /** Ends a request: gives unused credit back. */
    void settle() {
        settlePaid();
        step = NO_STEP;
    }

    /** Ends a failed request: also gives back what it staged. */
    void abandon() {
        settle();
        close();
    }

    void close() {
        Cookie cookie = overwriting;
        overwriting = null;
        if (cookie != null) {
            cookie.put();
        }
    }

    private void settlePaid() {
        Cookie cookie = paid;
        paid = null;
        if (cookie != null) {
            cookie.put();
        }
    }

    private boolean tryReserve(long count, int windowBytes) {
        if (count > Integer.MAX_VALUE) {
            return false;
        }
        try {
            paid = space.reserve((int) count, windowBytes);
            return true;
        } catch (BlockSpaceException e) {
            if (e.code() != Code.OUT_OF_SPACE) {
                throw e;
            }
            return false;
        }
    }

    /** The largest window that is not larger than any run that is left. */
    private static int windowFor(WriteQueue queue, int firstRun, long cursor) {
        long smallest = Geometry.MAX_WINDOW_BYTES;
        for (int run = firstRun; run < queue.runs(); run++) {
            long start = run == firstRun ? cursor : queue.runStart(run);
            smallest = Math.min(smallest, Geometry.alignUp(queue.reserveEnd(run)) - Geometry.alignDown(start));
        }
        return (int) Long.highestOneBit(smallest);
    }

    private static long windows(WriteQueue queue, int firstRun, long cursor, int windowBytes) {
        int shift = Integer.numberOfTrailingZeros(windowBytes);
        long count = 0;
        for (int run = firstRun; run < queue.runs(); run++) {
            long start = run == firstRun ? cursor : queue.runStart(run);
            count += ((queue.reserveEnd(run) - 1) >> shift) - (start >> shift) + 1;
        }
        return count;
    }

    /** Blocks that are not this space's own: what it owns, written or preallocated, takes no credit. */
    private int lackingBlocks(WriteQueue queue, int firstRun, long cursor) {
        long bytes = 0;
        try (Lease _ = space.readLease()) {
            for (int run = firstRun; run < queue.runs(); run++) {
                long at = Geometry.alignDown(run == firstRun ? cursor : queue.runStart(run));
                long end = Geometry.alignUp(queue.reserveEnd(run));
                while (at < end) {
                    space.map(at, end - at, mapping);
                    if (mapping.state() == MappingState.HOLE || mapping.shared()) {
                        bytes += mapping.lengthBytes();
                    }
                    at = mapping.endOffsetBytes();
                }
            }
        }
        return (int) Math.min(Integer.MAX_VALUE, bytes >> Geometry.BLOCK_SHIFT);
    }
}

package io.blkspc.host.core;

import io.blkspc.host.alloc.FreeSpace;
import io.blkspc.host.extent.ExtentRun;

/** Data blocks whose content is lost: the medium refuses them, or they hold somebody else's by now. */
final class UnreadBlocks {

    private static final String REUSED = "block was given away by a record past the damage of the journal";
    private static final String UNREADABLE = "block cannot be read";

    private final FreeSpace reused; // or null
    private final FreeSpace unreadable;
    private boolean any;

    UnreadBlocks(long blockCount, FreeSpace reused) {
        this.reused = reused;
        this.unreadable = new FreeSpace(blockCount);
        this.any = reused != null;
    }

    /** Receives pieces of an extent. */
    interface Pieces {
        /** {@code reason} is {@code null} for what can be read. */
        void piece(long start, long count, String reason);
    }

    boolean isEmpty() {
        return !any;
    }

    boolean isReused(long block) {
        return reused != null && reused.isUsed(block);
    }

    void add(long block) {
        unreadable.markHeld(block, 1);
        any = true;
    }

    /** Splits an extent; one that was never written has no content to lose. */
    void split(long start, long count, long physical, int state, Pieces pieces) {
        for (long from = 0; from < count; ) {
            String reason = reason(physical + from, state);
            long to = from + 1;
            while (to < count && java.util.Objects.equals(reason, reason(physical + to, state))) {
                to++;
            }
            pieces.piece(start + from, to - from, reason);
            from = to;
        }
    }

    private String reason(long block, int state) {
        if (state != ExtentRun.WRITTEN) {
            return null;
        }
        return isReused(block) ? REUSED : unreadable.isUsed(block) ? UNREADABLE : null;
    }
}

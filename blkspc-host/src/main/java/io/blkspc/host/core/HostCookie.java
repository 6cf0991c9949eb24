package io.blkspc.host.core;

import io.blkspc.api.Cookie;
import io.blkspc.api.Geometry;
import io.blkspc.host.alloc.Ledger;
import java.util.Locale;
import org.agrona.collections.Long2LongHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A reservation on one head. A credit pays for one {@code blockSize}-aligned window: the first allocation in a window takes
 * it, and further ones in the same window are covered until each of its blocks was taken once. Fields are guarded by the
 * order lock; the reference count is not.
 */
final class HostCookie extends Cookie {

    /** Nodes that one window can need: a leaf and three inner nodes above it (depth 4, windows never cross a leaf). */
    static final int SLOTS_PER_CREDIT = 4;

    /** One line for every event of every cookie. */
    private static final Logger trace = LoggerFactory.getLogger("io.blkspc.trace.cookie");

    private final long id;
    final Head head;
    private final int blockSizeBytes;
    final int windowBlocks;
    final Budget budget;
    final boolean ownsBudget;
    final long reservedBlocks;
    /** When it was made, by the engine's coarse clock. */
    long bornMillis;

    private final WritePath writePath;

    /** Blocks already taken in windows paid for; unused while a window is one block. */
    private final Long2LongHashMap windows = new Long2LongHashMap(-1);

    private volatile int credits;
    /** Blocks the ledger holds promised for this cookie; none where all of the volume is guaranteed. */
    private long promisedBlocks;

    /** Paid by the guarantee of its head when {@code shared} is not {@code null}, else by itself. */
    HostCookie(long id, Head head, int credits, int blockSizeBytes, Ledger ledger, Budget shared, WritePath writePath) {
        this.id = id;
        this.head = head;
        this.credits = credits;
        this.blockSizeBytes = blockSizeBytes;
        this.windowBlocks = Math.max(1, blockSizeBytes >>> Geometry.BLOCK_SHIFT);
        this.ownsBudget = shared == null;
        this.budget = ownsBudget ? new Budget(ledger) : shared;
        this.writePath = writePath;
        this.reservedBlocks = (long) credits * windowBlocks;
        this.promisedBlocks = head.isWhole() ? 0 : reservedBlocks;
        if (ownsBudget) {
            creditBudget();
        }
    }

    private void creditBudget() {
        budget.credit((long) credits * SLOTS_PER_CREDIT, (long) credits * logBytesPerCredit(windowBlocks));
    }

    /** Deadlist entries one window can cause: each block dropped singly, and the nodes above them. */
    static long logBytesPerCredit(int windowBlocks) {
        return (long) (windowBlocks + SLOTS_PER_CREDIT) * DeadList.ENTRY_BYTES;
    }

    @Override
    public long id() {
        return id;
    }

    @Override
    public int creditsRemaining() {
        return credits;
    }

    @Override
    public int blockSizeBytes() {
        return blockSizeBytes;
    }

    @Override
    protected void unreserve() {
        writePath.unreserve(this);
        happened(Event.UNRESERVE);
    }

    @Override
    protected void happened(Event event) {
        if (trace.isTraceEnabled()) {
            trace.trace(
                    "cookie={} volume={} event={} references={} credits={} promised={}",
                    id,
                    head.version.name,
                    event.name().toLowerCase(Locale.ROOT),
                    references(),
                    credits,
                    promisedBlocks << Geometry.BLOCK_SHIFT);
        }
    }

    /** Blocks from {@code block} on, at most {@code wanted}, that this cookie can still pay for. */
    long affordable(long block, long wanted) {
        long covered = 0;
        int left = credits;
        while (covered < wanted) {
            long at = block + covered;
            long windowEnd = (at / windowBlocks + 1) * windowBlocks;
            long part = Math.min(wanted - covered, windowEnd - at);
            if (windowBlocks > 1 && openIn(at / windowBlocks) >= part) {
                covered += part;
            } else if (left > 0) {
                left--;
                covered += part;
            } else {
                break;
            }
        }
        return covered;
    }

    private long openIn(long window) {
        long taken = windows.get(window);
        return taken < 0 ? 0 : windowBlocks - taken;
    }

    /** Spends for blocks just staged; the caller has asked {@link #affordable}. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // only ever written under the order lock
    void spend(long block, long count, long freshBlocks) {
        for (long done = 0; done < count; ) {
            long at = block + done;
            long window = at / windowBlocks;
            long part = Math.min(count - done, (window + 1) * windowBlocks - at);
            if (windowBlocks == 1) {
                credits = credits - 1;
            } else if (openIn(window) >= part) {
                windows.put(window, windows.get(window) + part);
            } else {
                credits = credits - 1;
                windows.put(window, part);
            }
            done += part;
        }
        promisedBlocks -= freshBlocks;
    }

    /** A staged block came back unused: its block is promised to this cookie again. */
    void refundBlocks(long blocks) {
        promisedBlocks += blocks;
    }

    long promisedBlocks() {
        return promisedBlocks;
    }

    /** Windows that may still have work to commit and would need their nodes again after a freeze. */
    long windowsInUse(long stagedBlocks) {
        return windowBlocks == 1 ? stagedBlocks : windows.size();
    }

    /** The cookie is gone; the ledger was settled. */
    void clear() {
        credits = 0;
        promisedBlocks = 0;
        windows.clear();
    }
}

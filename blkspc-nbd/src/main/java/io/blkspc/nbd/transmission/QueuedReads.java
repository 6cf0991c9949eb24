package io.blkspc.nbd.transmission;

import io.blkspc.api.client.SpaceIo;
import io.blkspc.api.client.SpaceReads;
import io.blkspc.nbd.protocol.NbdError;
import io.blkspc.nbd.protocol.ReplyStyle;
import io.blkspc.nbd.protocol.SimpleReply;
import io.blkspc.nbd.transport.Link;
import io.blkspc.nbd.transport.ReplyMemory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * Reads that are under way at the medium while the connection's own thread goes on, where the device can do that: no worker
 * and no sender has to be woken for them. The medium writes into the memory of the reply, right behind its header, and replies that
 * are complete are sent together: copied where they are short, which costs less than a call for each.
 *
 * <p>Each of them holds a lease, which nobody may be made to wait for long: before its thread waits for a client, or for what others
 * hold, it calls {@link #settle}. Owned by the connection's thread.
 */
final class QueuedReads implements AutoCloseable {

    /**
     * Replies sent together: at first few, because many devices complete many reads at one time, and the client is to ask for more
     * while the rest is sent; then as many of 4 KiB as a unix socket takes as one piece.
     */
    private static final int FIRST_GATHERED = 2;

    private static final int MOST_GATHERED = 7;

    /** Data begins here, so that the medium can write to it; the header ends here. */
    private static final int DATA_AT = 4096;

    /** As much as memory that is kept for reuse holds; more is left to the workers. */
    private static final int MAX_BYTES = (1 << 20) - DATA_AT;

    private final SpaceIo io;
    private final ReplyBuffer out;
    private final Link link;
    private final SlowLane slow;
    private final ReplyEncoder encoder;
    private final boolean chunked;
    private final int depth;
    private SpaceReads reads;
    private boolean tried;

    // By tag.
    private final ReplyMemory[] memories;
    private final long[] cookies;
    private final long[] requestOffsets;
    private final long[] offsets;
    private final int[] lengths;
    private final int[] free;
    private int freeCount;

    private int gatherable = FIRST_GATHERED;

    QueuedReads(SpaceIo io, ReplyBuffer out, Link link, SlowLane slow, ReplyStyle style, int depth) {
        this.io = io;
        this.out = out;
        this.link = link;
        this.slow = slow;
        this.encoder = out.encoder();
        this.chunked = style.chunked();
        this.depth = depth;
        this.memories = new ReplyMemory[depth];
        this.cookies = new long[depth];
        this.requestOffsets = new long[depth];
        this.offsets = new long[depth];
        this.lengths = new int[depth];
        this.free = new int[depth];
        for (int tag = depth - 1; tag >= 0; tag--) {
            free[freeCount++] = tag;
        }
        out.beforeSending(this::beforeSending);
    }

    /** Whether the device has a way to do this; asked on the connection's thread. */
    boolean isPossible() {
        if (!tried) {
            tried = true;
            reads = link.descriptor() < 0 ? null : io.openReads(depth);
        }
        return reads != null;
    }

    /** {@code true} when all that was begun is answered. */
    boolean isIdle() {
        return reads == null || reads.count() == 0;
    }

    /**
     * Begins a read that is answered by one reply, or by the last chunk of one.
     *
     * @param dataOnly leave it to others when a part of it is not stored
     * @return {@code false} when it cannot be done this way: nothing was begun
     */
    boolean begin(long requestCookie, long requestOffset, long offset, long length, boolean dataOnly) {
        if (freeCount == 0 || length > MAX_BYTES || !isPossible()) {
            return false;
        }
        ReplyMemory memory = slow.tryAcquire(DATA_AT + length);
        if (memory == null) {
            return false;
        }
        int tag = free[freeCount - 1];
        try {
            return reads.begin(tag, offset, (int) length, memory.segment(), DATA_AT, dataOnly);
        } finally {
            if (reads.holds(tag)) { // also when it threw: the medium may write there until all is closed
                freeCount--;
                memories[tag] = memory;
                cookies[tag] = requestCookie;
                requestOffsets[tag] = requestOffset;
                offsets[tag] = offset;
                lengths[tag] = (int) length;
            } else {
                slow.release(memory);
            }
        }
    }

    /** Waits until some of them are complete or the client sends something, and answers some. */
    void advance() throws IOException {
        reads.await(link.descriptor());
        answer();
    }

    /** Waits for all of them, and answers them. */
    void finish() throws IOException {
        while (!isIdle()) {
            reads.await(-1);
            answer();
        }
    }

    /** Waits for the medium to be done with all of them; {@link #advance} answers them. */
    void settle() {
        if (reads != null) {
            reads.settle();
        }
    }

    /** Before so many bytes are sent by the connection's thread: unless the kernel takes them at once it may wait for the client. */
    void beforeSending(long bytes) {
        if (!isIdle() && !link.canSend(bytes)) {
            settle();
        }
    }

    private void answer() throws IOException {
        int most = gatherable;
        int count = gather(most);
        gatherable = count < most ? FIRST_GATHERED : Math.min(2 * most, MOST_GATHERED);
    }

    /** Sends up to {@code most} replies that are complete, together where they are short; returns how many. */
    private int gather(int most) throws IOException {
        int count = 0;
        for (int tag = next(count, most); tag != SpaceReads.NONE; tag = next(count, most)) {
            count++;
            try {
                reply(tag);
            } finally {
                slow.release(memories[tag]);
                memories[tag] = null;
                free[freeCount++] = tag;
            }
        }
        out.send();
        return count;
    }

    private int next(int count, int most) {
        return count == most ? SpaceReads.NONE : reads.poll();
    }

    private void reply(int tag) throws IOException {
        if (reads.failure() != null) {
            fail(tag, NbdError.of(reads.failure().code()));
            return;
        }
        MemorySegment memory = memories[tag].segment();
        int start = DATA_AT - (chunked ? encoder.dataHeadBytes() : SimpleReply.BYTES);
        if (chunked) {
            encoder.data(memory, start, cookies[tag], requestOffsets[tag], offsets[tag], lengths[tag], true);
        } else {
            encoder.simple(memory, start, cookies[tag], NbdError.NONE);
        }
        int bytes = DATA_AT + lengths[tag] - start;
        if (bytes <= SlowLane.MAX_COPIED_BYTES) {
            out.ensure(bytes);
            MemorySegment.copy(memory, start, out.segment(), out.end(), bytes);
            out.end(out.end() + bytes);
        } else {
            out.send();
            beforeSending(bytes);
            link.send(memories[tag].view().limit(start + bytes).position(start));
        }
    }

    private void fail(int tag, int error) throws IOException {
        if (chunked) {
            out.last(cookies[tag], requestOffsets[tag], error);
        } else {
            out.plain(cookies[tag], requestOffsets[tag], error);
        }
    }

    /** Waits for the medium; what is not answered never will be. */
    @Override
    public void close() {
        if (reads == null) {
            return;
        }
        reads.close();
        for (int tag = 0; tag < depth; tag++) {
            if (memories[tag] != null) {
                slow.release(memories[tag]);
                memories[tag] = null;
            }
        }
    }
}

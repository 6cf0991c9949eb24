package io.blkspc.nbd.transmission;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.nbd.protocol.NbdError;
import java.io.IOException;

/**
 * Replies of one batch that wait for the medium: FLUSH, and writes with FUA that are published. One force answers them
 * all. Owned by the connection's thread.
 */
final class Forces {

    private final BlockSpace space;
    private final ReplyBuffer out;
    private final SlowLane slow;
    private final QueuedReads queued;
    private final long[] cookies = new long[SlowRequest.MAX_COOKIES];
    private final long[] requestOffsets = new long[SlowRequest.MAX_COOKIES];
    private int count;
    private long offset;
    private long length; // 0: everything

    Forces(BlockSpace space, ReplyBuffer out, SlowLane slow, QueuedReads queued) {
        this.space = space;
        this.out = out;
        this.slow = slow;
        this.queued = queued;
    }

    /** Adds a flush of everything. */
    void addFlush(long requestCookie, long requestOffset) throws IOException {
        add(requestCookie, requestOffset, 0, 0);
    }

    /** Adds a published write of at least one byte. */
    void addWrite(long requestCookie, long fromOffset, long byteCount) throws IOException {
        add(requestCookie, fromOffset, fromOffset, byteCount);
    }

    private void add(long requestCookie, long requestOffset, long fromOffset, long byteCount) throws IOException {
        if (count == cookies.length) {
            force(false);
        }
        if (count == 0) {
            offset = fromOffset;
            length = byteCount;
        } else {
            offset = 0;
            length = 0;
        }
        cookies[count] = requestCookie;
        requestOffsets[count++] = requestOffset;
    }

    /**
     * Forces what was added, on a worker unless nothing else is to be done meanwhile. Call when every write that was
     * replied to is published, which is so at any time.
     */
    void force(boolean alone) throws IOException {
        if (count == 0) {
            return;
        }
        SlowRequest request = alone ? null : slow.tryBegin(SlowRequest.replyBytes());
        if (request != null) {
            request.flush(offset, length);
            for (int i = 0; i < count; i++) {
                request.addReply(cookies[i], requestOffsets[i]);
            }
            count = 0;
            slow.submit(request);
            return;
        }
        out.send(); // finished replies do not wait for the medium
        queued.settle();
        int error = forceHere();
        for (int i = 0; i < count; i++) {
            out.plain(cookies[i], requestOffsets[i], error);
        }
        count = 0;
    }

    private int forceHere() {
        try {
            if (length == 0) {
                space.flush();
            } else {
                space.flush(offset, length);
            }
            return NbdError.NONE;
        } catch (BlockSpaceException e) {
            return NbdError.of(e.code());
        }
    }
}

package io.blkspc.nbd.transmission;

import io.blkspc.api.client.SpaceIo;
import io.blkspc.api.client.SpaceReads;
import io.blkspc.nbd.protocol.NbdError;
import io.blkspc.nbd.protocol.ReplyStyle;
import io.blkspc.nbd.protocol.SimpleReply;
import io.blkspc.nbd.transport.Link;
import io.blkspc.nbd.transport.ReplyMemory;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Reads that are under way at the medium while the connection's own thread goes on, where the device can do that: no worker
 * and no sender has to be woken for them. The medium writes into the memory of the reply, right behind its header, and replies that
 * are complete are sent together.
 *
 * <p>Each of them holds a lease, which nobody may be made to wait for long: before its thread waits for a client, or for what others
 * hold, it calls {@link #settle}. Owned by the connection's thread.
 */
final class QueuedReads implements AutoCloseable {

    /** Replies sent together: the client can ask for more while the next ones are sent. */
    private static final int GATHERED = 8;

    /** Data begins here, so that the medium can write to it; the header ends here. */
    private static final int DATA_AT = 4096;

    /** As much as memory that is kept for reuse holds; more is left to the workers. */
    private static final int MAX_BYTES = (1 << 20) - DATA_AT;

    private final SpaceIo io;
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

    private final ByteBuffer[] gathered = new ByteBuffer[GATHERED];
    private final int[] gatheredTags = new int[GATHERED];

    QueuedReads(SpaceIo io, Link link, SlowLane slow, ReplyStyle style, int depth) {
        this.io = io;
        this.link = link;
        this.slow = slow;
        this.encoder = new ReplyEncoder(style);
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
        boolean begun = false;
        try {
            begun = reads.begin(tag, offset, (int) length, memory.segment(), DATA_AT, dataOnly);
        } finally {
            if (!begun) {
                slow.release(memory);
            }
        }
        if (begun) {
            freeCount--;
            memories[tag] = memory;
            cookies[tag] = requestCookie;
            requestOffsets[tag] = requestOffset;
            offsets[tag] = offset;
            lengths[tag] = (int) length;
        }
        return begun;
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

    /** Before so many bytes are sent by the connection's thread. */
    void beforeSending(long bytes) {
        if (!isIdle() && !link.canSend(bytes)) {
            settle();
        }
    }

    private void answer() throws IOException {
        int count = 0;
        long bytes = 0;
        for (int tag = next(count); tag != SpaceReads.NONE; tag = next(count)) {
            gathered[count] = encode(tag);
            bytes += gathered[count].remaining();
            gatheredTags[count++] = tag;
        }
        if (count == 0) {
            return;
        }
        try {
            beforeSending(bytes);
            link.send(gathered, count);
        } finally {
            for (int i = 0; i < count; i++) {
                int tag = gatheredTags[i];
                gathered[i] = null;
                slow.release(memories[tag]);
                memories[tag] = null;
                free[freeCount++] = tag;
            }
        }
    }

    private int next(int count) {
        return count == GATHERED ? SpaceReads.NONE : reads.poll();
    }

    private ByteBuffer encode(int tag) {
        ReplyMemory memory = memories[tag];
        int error = reads.failure() == null ? NbdError.NONE : NbdError.of(reads.failure().code());
        int start = 0;
        int end;
        if (error != NbdError.NONE) {
            end = chunked
                    ? encoder.last(memory.segment(), 0, cookies[tag], requestOffsets[tag], error)
                    : encoder.plain(memory.segment(), 0, cookies[tag], requestOffsets[tag], error);
        } else if (chunked) {
            start = DATA_AT - encoder.dataHeadBytes();
            encoder.data(
                    memory.segment(), start, cookies[tag], requestOffsets[tag], offsets[tag], lengths[tag], true);
            end = DATA_AT + lengths[tag];
        } else {
            start = DATA_AT - SimpleReply.BYTES;
            encoder.simple(memory.segment(), start, cookies[tag], NbdError.NONE);
            end = DATA_AT + lengths[tag];
        }
        return memory.view().limit(end).position(start);
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

package io.blkspc.nbd.transmission;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.client.RunSink;
import io.blkspc.api.client.SpaceIo;
import io.blkspc.nbd.protocol.NbdError;
import io.blkspc.nbd.protocol.SimpleReply;
import io.blkspc.nbd.transport.Link;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;

/**
 * Long replies that the device gives to the socket, without a copy in memory of ours. The volume's blocks are held meanwhile, so a
 * client that does not take them is waited for a moment only; the rest is then read into the buffer of replies, and waits there. Owned
 * by the connection's thread.
 */
final class DirectReplies implements RunSink {

    private static final int PAUSE_MILLIS = 1;
    private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(4);

    private final SpaceIo io;
    private final ReplyBuffer out;
    private final QueuedReads queued;
    private final Link link;
    private final boolean chunked;
    private final boolean isPossible;

    // Of the run that is being sent.
    private long requestCookie;
    private long requestOffset;
    private long offset;
    private long left;
    private long sent;
    private long deadline;

    DirectReplies(SpaceIo io, ReplyBuffer out, QueuedReads queued, Link link, boolean chunked) {
        this.io = io;
        this.out = out;
        this.queued = queued;
        this.link = link;
        this.chunked = chunked;
        this.isPossible = io.sendsRuns() && link.descriptor() >= 0;
    }

    /**
     * Answers a read, or the part of it that lies together.
     *
     * @param whole all of it or nothing
     * @return how many bytes of it were answered; 0 when it is to be answered in the usual way
     * @throws BlockSpaceException when nothing of it was sent
     */
    long send(long cookie, long readOffset, long at, long length, boolean whole) throws IOException {
        long most = Math.min(length, out.capacity() - headBytes());
        if (!isPossible || length < SpaceIo.MIN_SENT_BYTES || (whole && most < length)) {
            return 0;
        }
        out.send(); // what was answered before, maybe a part of the same reply
        if (!link.tryBeginDirect()) {
            return 0;
        }
        requestCookie = cookie;
        requestOffset = readOffset;
        offset = at;
        left = length;
        sent = 0;
        deadline = System.nanoTime() + PATIENCE_NANOS;
        ByteBuffer rest = out.view().limit(0).position(0);
        try {
            long run = io.sendRun(at, most, whole, this);
            if (run > 0) {
                rest.limit((int) (headBytes() + run)).position((int) sent);
            }
            return run;
        } catch (BlockSpaceException e) {
            if (sent == 0) {
                throw e;
            }
            throw new IOException("read failed inside a reply: " + e.getMessage(), e);
        } finally {
            end(rest);
        }
    }

    private void end(ByteBuffer rest) throws IOException {
        try {
            if (rest.hasRemaining()) {
                queued.settle(); // the client may be slow
            }
        } finally {
            link.endDirect(rest);
        }
    }

    @Override
    public int descriptor() {
        return link.descriptor();
    }

    @Override
    public MemorySegment memory() {
        return out.segment();
    }

    @Override
    public int headBytes() {
        return chunked ? out.encoder().dataHeadBytes() : SimpleReply.BYTES;
    }

    @Override
    public void head(long length) {
        if (chunked) {
            out.encoder().data(out.segment(), 0, requestCookie, requestOffset, offset, length, length == left);
        } else {
            out.encoder().simple(out.segment(), 0, requestCookie, NbdError.NONE);
        }
    }

    @Override
    public void sent(long bytes) {
        sent += bytes;
    }

    @Override
    public boolean awaitRoom() {
        return System.nanoTime() - deadline < 0 && link.awaitRoom(PAUSE_MILLIS);
    }
}

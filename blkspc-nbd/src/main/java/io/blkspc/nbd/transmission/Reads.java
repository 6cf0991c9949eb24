package io.blkspc.nbd.transmission;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.client.SpaceIo;
import io.blkspc.nbd.protocol.CommandFlags;
import io.blkspc.nbd.protocol.NbdError;
import io.blkspc.nbd.protocol.ReplyStyle;
import io.blkspc.nbd.protocol.SimpleReply;
import io.blkspc.nbd.transport.Link;
import io.blkspc.nbd.transport.ReplyMemory;
import java.io.IOException;

/**
 * Answers reads. What is cached goes straight into the buffer of replies; what is not goes to the slow lane, or is waited
 * for here when nothing else is to be done meanwhile. Owned by the connection's thread.
 */
final class Reads {

    private final SpaceIo io;
    private final ReplyBuffer out;
    private final SlowLane slow;
    private final QueuedReads queued;
    private final Link link;
    private final boolean chunked;
    private final DirectReplies direct;

    Reads(SpaceIo io, ReplyBuffer out, SlowLane slow, QueuedReads queued, Link link, ReplyStyle style) {
        this.io = io;
        this.out = out;
        this.slow = slow;
        this.queued = queued;
        this.link = link;
        this.chunked = style.chunked();
        this.direct = new DirectReplies(io, out, queued, link, chunked);
    }

    /**
     * Answers one valid read.
     *
     * @param alone no other request waits, so that nobody is held up by waiting here
     */
    void read(long requestCookie, int flags, long offset, long length, boolean alone) throws IOException {
        try {
            if (!chunked) {
                simple(requestCookie, offset, (int) length, alone);
            } else if (length == 0) {
                out.last(requestCookie, offset, NbdError.NONE);
            } else if ((flags & CommandFlags.DF) != 0) {
                unfragmented(requestCookie, flags, offset, (int) length, alone);
            } else {
                chunks(requestCookie, flags, offset, length, alone);
            }
        } catch (BlockSpaceException e) {
            refuse(requestCookie, offset, NbdError.of(e.code()));
        }
    }

    /** The error reply of a command answered with data: never a simple one once chunks were agreed. */
    void refuse(long requestCookie, long requestOffset, int error) throws IOException {
        if (chunked) {
            out.last(requestCookie, requestOffset, error);
        } else {
            out.plain(requestCookie, requestOffset, error);
        }
    }

    private void simple(long requestCookie, long offset, int length, boolean alone) throws IOException {
        int bytes = SimpleReply.BYTES + length;
        if (direct.send(requestCookie, offset, offset, length, true) > 0) {
            return;
        }
        if (bytes > out.capacity()) {
            largeSimple(requestCookie, offset, length);
            return;
        }
        if (!alone && queued.begin(requestCookie, offset, offset, length, false)) {
            return;
        }
        out.ensure(bytes);
        if (!io.readCached(offset, length, out.segment(), out.end() + (long) SimpleReply.BYTES)) {
            if (handOff(requestCookie, offset, 0, offset, length, alone)) {
                return;
            }
            out.send(); // finished replies do not wait for the medium
            io.read(offset, length, out.segment(), out.end() + (long) SimpleReply.BYTES);
        }
        out.encoder().simple(out.segment(), out.end(), requestCookie, NbdError.NONE);
        out.end(out.end() + bytes);
    }

    /** The whole answer is read before its first byte is sent: a simple reply cannot take a success back. */
    private void largeSimple(long requestCookie, long offset, int length) throws IOException {
        out.send();
        ReplyMemory memory = slow.tryAcquire(SimpleReply.BYTES + length);
        if (memory == null) {
            streamSimple(requestCookie, offset, length);
            return;
        }
        try {
            io.read(offset, length, memory.segment(), SimpleReply.BYTES);
            out.encoder().simple(memory.segment(), 0, requestCookie, NbdError.NONE);
            queued.beforeSending(SimpleReply.BYTES + length);
            link.send(memory.view().limit(SimpleReply.BYTES + length).position(0));
        } finally {
            slow.release(memory);
        }
    }

    /** Where memory is short: piece by piece. An error after the first piece can only end the connection. */
    private void streamSimple(long requestCookie, long offset, int length) throws IOException {
        int head = SimpleReply.BYTES;
        for (int done = 0; done < length; ) {
            int count = Math.min(length - done, out.capacity() - head);
            try {
                io.read(offset + done, count, out.segment(), head);
            } catch (BlockSpaceException e) {
                if (done == 0) {
                    throw e;
                }
                throw new IOException("read failed inside a simple reply: " + e.getMessage(), e);
            }
            if (done == 0) {
                out.encoder().simple(out.segment(), 0, requestCookie, NbdError.NONE);
            }
            out.end(head + count);
            out.send();
            head = 0;
            done += count;
        }
    }

    /** One chunk whatever is there; more than the buffer holds is refused, as the protocol allows above 64 KiB. */
    private void unfragmented(long requestCookie, int flags, long offset, int length, boolean alone)
            throws IOException {
        int head = out.encoder().dataHeadBytes();
        int bytes = head + length;
        if (bytes > out.capacity()) {
            out.last(requestCookie, offset, NbdError.EOVERFLOW);
            return;
        }
        if (direct.send(requestCookie, offset, offset, length, true) > 0) {
            return;
        }
        if (!alone && queued.begin(requestCookie, offset, offset, length, false)) {
            return;
        }
        out.ensure(bytes);
        if (!io.readCached(offset, length, out.segment(), out.end() + (long) head)) {
            if (handOff(requestCookie, offset, flags, offset, length, alone)) {
                return;
            }
            out.send();
            io.read(offset, length, out.segment(), out.end() + (long) head);
        }
        out.encoder().data(out.segment(), out.end(), requestCookie, offset, offset, length, true);
        out.end(out.end() + bytes);
    }

    /** A chunk per run of data or of zeros; a hole costs 32 bytes however long it is. */
    private void chunks(long requestCookie, int flags, long offset, long length, boolean alone) throws IOException {
        ReplyEncoder encoder = out.encoder();
        int head = encoder.dataHeadBytes();
        long at = offset;
        long end = offset + length;
        while (at < end) {
            long sent = direct.send(requestCookie, offset, at, end - at, false);
            if (sent > 0) {
                at += sent;
                continue;
            }
            if (!alone && queued.begin(requestCookie, offset, at, end - at, true)) {
                return; // what is in the buffer is sent before it is answered
            }
            out.ensure((int) Math.min(out.capacity(), ReplyEncoder.MAX_PLAIN_BYTES + (end - at)));
            long target = out.end() + (long) head;
            long count = Math.min(end - at, out.free() - ReplyEncoder.MAX_PLAIN_BYTES);
            long run = io.readRun(at, count, out.segment(), target, true);
            if (run == 0) {
                if (at > offset) {
                    out.send(); // the chunks before it: the last chunk of a reply must be the last on the wire
                }
                if (handOff(requestCookie, offset, flags, at, end - at, alone)) {
                    return;
                }
                out.send();
                target = head;
                run = io.readRun(at, count, out.segment(), target, false);
            }
            if (run > 0) {
                encoder.data(out.segment(), out.end(), requestCookie, offset, at, run, at + run == end);
                out.end((int) (target + run));
                at += run;
            } else {
                out.end(encoder.hole(out.segment(), out.end(), requestCookie, offset, at, -run, at - run == end));
                at -= run;
            }
        }
    }

    private boolean handOff(
            long requestCookie, long requestOffset, int flags, long offset, long length, boolean alone) {
        if (alone) {
            return false;
        }
        SlowRequest request = slow.tryBegin(SlowRequest.readBytes(length));
        if (request == null) {
            return false;
        }
        slow.submit(request.read(flags, offset, length).addReply(requestCookie, requestOffset));
        return true;
    }
}

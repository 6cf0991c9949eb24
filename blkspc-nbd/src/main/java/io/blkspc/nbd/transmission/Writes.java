package io.blkspc.nbd.transmission;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.Geometry;
import io.blkspc.api.client.SpaceIo;
import io.blkspc.nbd.protocol.NbdError;
import io.blkspc.nbd.transport.Link;
import io.blkspc.nbd.transport.ReceiveBuffer;
import java.io.IOException;
import java.util.Arrays;

/**
 * Collects the writes of one batch, publishes them as one group, and replies. Writes with FUA are answered by {@link
 * Forces} after that. Owned by the connection's thread.
 */
final class Writes {

    private final SpaceIo io;
    private final ReceiveBuffer in;
    private final ReplyBuffer out;
    private final Forces forces;

    private long[] cookies = new long[64];
    private long[] offsets = new long[64];
    private long[] lengths = new long[64];
    private boolean[] fua = new boolean[64];

    Writes(SpaceIo io, ReceiveBuffer in, ReplyBuffer out, Forces forces) {
        this.io = io;
        this.in = in;
        this.out = out;
        this.forces = forces;
    }

    /** Queues one valid write whose payload lies in the receive buffer at {@code start} until {@link #publish}. */
    void add(long requestCookie, long offset, long length, int start, boolean isFua) throws IOException {
        if (length == 0) {
            reply(requestCookie, offset, length, isFua, NbdError.NONE);
            return;
        }
        try {
            if (!io.queue(offset, length, in.segment(), start)) {
                publish();
                if (!io.queue(offset, length, in.segment(), start)) {
                    throw new IllegalStateException("an empty queue took no write");
                }
            }
        } catch (BlockSpaceException e) {
            out.plain(requestCookie, offset, NbdError.of(e.code()));
            return;
        }
        int index = io.queued() - 1;
        if (index == cookies.length) {
            cookies = Arrays.copyOf(cookies, index * 2);
            offsets = Arrays.copyOf(offsets, index * 2);
            lengths = Arrays.copyOf(lengths, index * 2);
            fua = Arrays.copyOf(fua, index * 2);
        }
        cookies[index] = requestCookie;
        offsets[index] = offset;
        lengths[index] = length;
        fua[index] = isFua;
    }

    /** Publishes when a queued write shares a block with a range: requests of one connection act in their order. */
    void publishIfTouched(long offset, long length) throws IOException {
        if (io.queued() > 0 && io.queuedTouches(offset, length)) {
            publish();
        }
    }

    void publish() throws IOException {
        int count = io.queued();
        if (count == 0) {
            return;
        }
        io.publish();
        for (int i = 0; i < count; i++) {
            BlockSpaceException failure = io.failure(i);
            int error = failure == null ? NbdError.NONE : NbdError.of(failure.code());
            reply(cookies[i], offsets[i], lengths[i], fua[i], error);
        }
    }

    /**
     * Takes a write that is longer than the receive buffer piece by piece, and replies after the last.
     *
     * @return {@code false} when the stream ended first
     */
    boolean stream(Link link, long requestCookie, long offset, long length, boolean isFua) throws IOException {
        int error = NbdError.NONE;
        try {
            io.openWrite(offset, length);
            long at = offset;
            long end = offset + length;
            while (at < end) {
                int piece = (int) Math.min(in.available(), end - at);
                if (piece < end - at) {
                    if (in.available() < in.capacity()) {
                        if (!in.receive(link, in.capacity())) {
                            return false;
                        }
                        continue;
                    }
                    piece -= (int) ((at + piece) & (Geometry.BLOCK_BYTES - 1));
                }
                error = error == NbdError.NONE ? next(piece) : error;
                in.consume(piece);
                at += piece;
            }
        } finally {
            io.closeWrite();
        }
        reply(requestCookie, offset, length, isFua, error);
        return true;
    }

    private int next(int piece) {
        try {
            io.writeNext(piece, in.segment(), in.position());
            return NbdError.NONE;
        } catch (BlockSpaceException e) {
            return NbdError.of(e.code()); // the rest of the payload is still taken from the stream
        }
    }

    private void reply(long requestCookie, long offset, long length, boolean isFua, int error) throws IOException {
        if (isFua && error == NbdError.NONE && length > 0) {
            forces.addWrite(requestCookie, offset, length);
        } else {
            out.plain(requestCookie, offset, error);
        }
    }
}

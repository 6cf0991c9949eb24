package io.blkspc.nbd.transmission;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.Geometry;
import io.blkspc.api.client.SpaceIo;
import io.blkspc.nbd.handshake.Negotiated;
import io.blkspc.nbd.protocol.CommandFlags;
import io.blkspc.nbd.protocol.NbdCommand;
import io.blkspc.nbd.protocol.NbdError;
import io.blkspc.nbd.protocol.RequestHeader;
import io.blkspc.nbd.service.NbdLimits;
import io.blkspc.nbd.transport.BufferPool;
import io.blkspc.nbd.transport.Link;
import io.blkspc.nbd.transport.ReceiveBuffer;
import io.blkspc.nbd.transport.Workers;
import java.io.IOException;
import java.lang.foreign.Arena;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client in transmission, on the connection's own thread. A round is: receive what there is, serve every complete
 * request of it, publish its writes as one group, send its replies as one piece.
 *
 * <p>Requests of one connection act in their order where they share blocks; replies come in any order. A request that
 * cannot be parsed ends this connection only.
 */
public final class Session implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger("blkspc.data");

    /** Whole blocks of up to this are zeroed and trimmed on the connection's thread. */
    private static final long INLINE_ZERO_BYTES = 32L << 20;

    private final Link link;
    private final BlockSpace space;
    private final NbdLimits limits;
    private final Arena arena = Arena.ofShared();
    private final ReceiveBuffer in;
    private final ReplyBuffer out;
    private final SpaceIo io;
    private final SlowLane slow;
    private final Reads reads;
    private final Writes writes;
    private final Forces forces;
    private final Extents extents;
    private final RequestValidator validator;
    private final RequestHeader header = new RequestHeader();

    private boolean ended;
    private int wanted = RequestHeader.BYTES;
    private long requests;

    /**
     * Prepares transmission; closes the negotiated space with itself.
     *
     * @param received what the handshake received beyond its end
     */
    public Session(
            Link link,
            Negotiated negotiated,
            ReceiveBuffer received,
            NbdLimits limits,
            Workers workers,
            BufferPool buffers) {
        this.link = link;
        this.space = negotiated.space();
        this.limits = limits;
        this.in = new ReceiveBuffer(arena, limits.receiveBufferBytes());
        this.out = new ReplyBuffer(link, arena, limits.sendBufferBytes());
        this.io = SpaceIo.batched(space);
        this.slow = new SlowLane(space, link, workers, buffers, limits.maxInFlight(), limits.maxInFlightBytes());
        this.forces = new Forces(space, out, slow);
        this.reads = new Reads(io, out, slow, link, negotiated.structured());
        this.writes = new Writes(io, in, out, forces);
        this.extents = new Extents(space, out);
        this.validator = new RequestValidator(
                space.isReadOnly(), negotiated.structured(), negotiated.baseAllocation(), limits.maxPayloadBytes());
        in.takeOver(received);
    }

    /** Serves until the client disconnects, breaks the protocol, or the connection is aborted. */
    public void run() throws IOException {
        while (true) {
            boolean alone = serveReceived();
            settle(alone);
            if (ended || !in.receive(link, wanted)) {
                return;
            }
        }
    }

    /** Requests served so far; exact once {@link #run} returned. */
    public long requests() {
        return requests;
    }

    /** Waits for requests in flight to be answered, then gives everything back. */
    @Override
    public void close() {
        slow.close();
        io.close();
        space.close();
        arena.close();
    }

    /** Publishes, forces and sends what the requests served so far left to do. */
    private void settle(boolean alone) throws IOException {
        writes.publish();
        forces.force(alone);
        out.send();
    }

    /** Serves every complete request; {@code true} when it was only one. */
    private boolean serveReceived() throws IOException {
        int served = 0;
        wanted = RequestHeader.BYTES;
        while (!ended && in.available() >= RequestHeader.BYTES) {
            header.wrap(in.segment(), in.position());
            if (header.magic() != RequestHeader.MAGIC) {
                refuse("not a request: magic=" + Integer.toHexString(header.magic()));
                break;
            }
            int type = header.type();
            long length = header.length();
            long payload = type == NbdCommand.WRITE ? length : 0;
            if (payload > limits.maxPayloadBytes()) {
                refuse("payload is too long: length=" + length);
                break;
            }
            int error = validator.check(type, header.flags(), header.fromOffset(), length, space.sizeBytes());
            if (error != NbdError.NONE) {
                if (!refuse(type, payload, error)) {
                    ended = true;
                }
            } else if (RequestHeader.BYTES + payload > in.capacity()) {
                streamWrite();
            } else if (RequestHeader.BYTES + payload > in.available()) {
                wanted = RequestHeader.BYTES + (int) payload;
                break;
            } else {
                boolean alone = served == 0 && in.available() == RequestHeader.BYTES + payload;
                serve(type, alone);
                in.consume(RequestHeader.BYTES + (int) payload);
            }
            served++;
            requests++;
        }
        return served == 1 && in.available() == 0;
    }

    private void serve(int type, boolean alone) throws IOException {
        long cookie = header.requestCookie();
        int flags = header.flags();
        boolean fua = (flags & CommandFlags.FUA) != 0;
        long offset = header.fromOffset();
        long length = header.length();
        switch (type) {
            case NbdCommand.READ -> {
                writes.publishIfTouched(offset, length);
                reads.read(cookie, flags, offset, length, alone);
            }
            case NbdCommand.WRITE -> writes.add(cookie, offset, length, in.position() + RequestHeader.BYTES, fua);
            case NbdCommand.FLUSH -> forces.addFlush(cookie);
            case NbdCommand.TRIM, NbdCommand.WRITE_ZEROES -> {
                writes.publishIfTouched(offset, length);
                zero(type, cookie, flags, offset, length, alone);
            }
            case NbdCommand.BLOCK_STATUS -> {
                writes.publishIfTouched(offset, length);
                extents.report(cookie, offset, length, (flags & CommandFlags.REQ_ONE) != 0);
            }
            case NbdCommand.DISC -> ended = true;
            default -> throw new IllegalStateException("command passed validation: type=" + type);
        }
    }

    private void zero(int type, long cookie, int flags, long offset, long length, boolean alone) throws IOException {
        boolean trim = type == NbdCommand.TRIM;
        boolean fua = (flags & CommandFlags.FUA) != 0;
        boolean noHole = (flags & CommandFlags.NO_HOLE) != 0;
        boolean quick = length <= INLINE_ZERO_BYTES
                && !noHole
                && (trim || (Geometry.isBlockAligned(offset) && Geometry.isBlockAligned(length)));
        SlowRequest request = quick || alone ? null : slow.tryBegin(SlowRequest.replyBytes());
        if (request != null) {
            slow.submit(
                    trim ? request.trim(cookie, flags, offset, length) : request.zero(cookie, flags, offset, length));
            return;
        }
        try {
            if (trim) {
                io.trim(offset, length, false);
            } else {
                io.zero(offset, length, noHole, false);
            }
        } catch (BlockSpaceException e) {
            out.simple(cookie, NbdError.of(e.code()));
            return;
        }
        if (fua && length > 0) {
            forces.add(cookie, offset, length);
        } else {
            out.simple(cookie, NbdError.NONE);
        }
    }

    /** A write longer than the receive buffer: what came before it is finished first. */
    private void streamWrite() throws IOException {
        long cookie = header.requestCookie();
        boolean fua = (header.flags() & CommandFlags.FUA) != 0;
        long offset = header.fromOffset();
        long length = header.length();
        in.consume(RequestHeader.BYTES);
        settle(false);
        if (!writes.stream(link, cookie, offset, length, fua)) {
            ended = true;
        }
    }

    /** Replies an error, after the payload was taken from the stream; {@code false} when the stream ended in it. */
    private boolean refuse(int type, long payload, int error) throws IOException {
        long cookie = header.requestCookie();
        in.consume(RequestHeader.BYTES);
        long left = payload;
        while (left > 0) {
            int count = (int) Math.min(left, in.available());
            in.consume(count);
            left -= count;
            if (left > 0) {
                settle(false);
                if (!in.receive(link, RequestHeader.BYTES)) {
                    return false;
                }
            }
        }
        if (type == NbdCommand.READ || type == NbdCommand.BLOCK_STATUS) {
            reads.refuse(cookie, error);
        } else {
            out.simple(cookie, error);
        }
        return true;
    }

    private void refuse(String facts) {
        log.info("{}: connection ended: {}", link.peer(), facts);
        ended = true;
    }
}

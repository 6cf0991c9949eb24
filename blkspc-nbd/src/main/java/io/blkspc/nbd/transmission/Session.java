package io.blkspc.nbd.transmission;

import io.blkspc.api.BlockSpace;
import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.client.SpaceIo;
import io.blkspc.nbd.handshake.Negotiated;
import io.blkspc.nbd.protocol.CommandFlags;
import io.blkspc.nbd.protocol.ContextFilter;
import io.blkspc.nbd.protocol.NbdCommand;
import io.blkspc.nbd.protocol.NbdError;
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
 * <p>Requests of one connection act in their order where they share blocks, those aside that wait for the medium; replies
 * come in any order. A request that cannot be parsed ends this connection only.
 */
public final class Session implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger("blkspc.data");

    private final Link link;
    private final BlockSpace space;
    private final NbdLimits limits;
    private final ReceiveBuffer in;
    private final ReplyBuffer out;
    private final SpaceIo io;
    private final QueuedReads queued;
    private final Reads reads;
    private final Writes writes;
    private final Forces forces;
    private final Extents extents;
    private final RequestValidator validator;
    private final Clearing clearing;
    private final Request request;
    private final int contexts;

    private boolean ended;
    private int wanted;
    private long requests;

    /** Takes memory of {@code arena}; nothing of what is given may be closed before this is. */
    private Session(
            Link link,
            Negotiated negotiated,
            ReceiveBuffer received,
            NbdLimits limits,
            SpaceIo io,
            SlowLane slow,
            Arena arena) {
        this.link = link;
        this.space = negotiated.space();
        this.limits = limits;
        this.in = new ReceiveBuffer(arena, limits.receiveBufferBytes());
        this.out = new ReplyBuffer(link, arena, limits.sendBufferBytes(), negotiated.style());
        this.io = io;
        this.queued = new QueuedReads(io, out, link, slow, negotiated.style(), limits.maxInFlight());
        this.forces = new Forces(space, out, slow, queued);
        this.reads = new Reads(io, out, slow, queued, link, negotiated.style());
        this.writes = new Writes(io, in, out, forces);
        this.clearing = new Clearing(io, out, slow, queued, forces);
        this.extents = new Extents(negotiated, out);
        this.validator = new RequestValidator(space.isReadOnly(), negotiated.style(), limits.maxPayloadBytes());
        this.request = new Request(negotiated.style());
        this.contexts = negotiated.contexts();
        in.takeOver(received);
    }

    /**
     * Serves one client until it disconnects, breaks the protocol, or the connection is aborted; then waits for requests in flight
     * to be answered, and closes the negotiated space. Nothing is kept where this fails, also when it does before the first request.
     *
     * @param received what the handshake received beyond its end
     * @return the number of requests
     */
    public static long serve(
            Link link,
            Negotiated negotiated,
            ReceiveBuffer received,
            NbdLimits limits,
            Workers workers,
            BufferPool buffers)
            throws IOException {
        // Closed in reverse: leases of reads that are queued are the space's, and everybody's memory is the arena's.
        try (BlockSpace space = negotiated.space();
                Arena arena = Arena.ofShared();
                SpaceIo io = SpaceIo.batched(space);
                SlowLane slow = new SlowLane(negotiated, link, arena, workers, buffers, limits);
                Session session = new Session(link, negotiated, received, limits, io, slow, arena)) {
            session.run();
            return session.requests;
        }
    }

    private void run() throws IOException {
        while (true) {
            boolean alone = serveReceived();
            settle(alone);
            if (ended || !receive()) {
                queued.finish();
                return;
            }
        }
    }

    /**
     * Answers reads as they complete until the client sends something; {@code false} at the end of the stream, which after a stop
     * comes while reads are under way and bytes wait that will not be received.
     */
    private boolean receive() throws IOException {
        while (!queued.isIdle()) {
            queued.advance();
            if (link.canReceive()) {
                break;
            }
        }
        return in.receive(link, wanted);
    }

    /** Waits for the medium to be done with the reads that are queued. */
    @Override
    public void close() {
        queued.close();
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
        int headerBytes = request.headerBytes();
        wanted = headerBytes;
        while (!ended && in.available() >= headerBytes) {
            request.read(in.segment(), in.position(), contexts);
            if (!request.isRequest()) {
                refuse("not a request: magic=" + Integer.toHexString(request.magic()));
                break;
            }
            if (request.type() == NbdCommand.DISC) { // has no reply, so there is nothing to refuse about it
                ended = true;
                break;
            }
            long payload = request.payloadBytes();
            if (payload < 0 || payload > limits.maxPayloadBytes()) {
                refuse("payload is too long: length=" + Long.toUnsignedString(payload));
                break;
            }
            if (request.hasFilter() && !readFilter(payload)) {
                break;
            }
            int error = validator.check(request, space.sizeBytes());
            if (error != NbdError.NONE) {
                if (!refuse(error)) {
                    ended = true;
                }
            } else if (headerBytes + payload > in.capacity()) {
                streamWrite();
            } else if (headerBytes + payload > in.available()) {
                wanted = headerBytes + (int) payload;
                break;
            } else {
                boolean alone = served == 0 && in.available() == headerBytes + payload && queued.isIdle();
                serve(alone);
                in.consume(headerBytes + (int) payload);
            }
            served++;
            requests++;
        }
        return served == 1 && in.available() == 0 && queued.isIdle();
    }

    /** {@code false} when the payload of a BLOCK_STATUS has not arrived yet. */
    private boolean readFilter(long payload) {
        if (!ContextFilter.isPossible(payload)) {
            request.refuseFilter();
            return true;
        }
        if (request.headerBytes() + payload > in.available()) {
            wanted = request.headerBytes() + (int) payload;
            return false;
        }
        request.readFilter(in.segment(), in.position() + (long) request.headerBytes());
        return true;
    }

    private void serve(boolean alone) throws IOException {
        long cookie = request.cookie();
        long offset = request.offset();
        long length = request.length();
        switch (request.type()) {
            case NbdCommand.READ -> {
                writes.publishIfTouched(offset, length);
                reads.read(cookie, request.flags(), offset, length, alone);
            }
            case NbdCommand.WRITE ->
                writes.add(
                        cookie, offset, length, in.position() + request.headerBytes(), request.has(CommandFlags.FUA));
            case NbdCommand.FLUSH -> forces.addFlush(cookie, offset);
            case NbdCommand.TRIM, NbdCommand.WRITE_ZEROES -> {
                writes.publishIfTouched(offset, length);
                clearing.serve(request, alone);
            }
            case NbdCommand.CACHE -> prefetch(cookie, offset, length);
            case NbdCommand.BLOCK_STATUS -> {
                writes.publishIfTouched(offset, length);
                extents.report(request);
            }
            default -> throw new IllegalStateException("command passed validation: type=" + request.type());
        }
    }

    private void prefetch(long cookie, long offset, long length) throws IOException {
        int error = NbdError.NONE;
        try {
            io.prefetch(offset, length);
        } catch (BlockSpaceException e) {
            error = NbdError.of(e.code());
        }
        out.plain(cookie, offset, error);
    }

    /** A write longer than the receive buffer: what came before it is finished first. */
    private void streamWrite() throws IOException {
        in.consume(request.headerBytes());
        settle(false);
        queued.finish();
        boolean fua = request.has(CommandFlags.FUA);
        if (!writes.stream(link, request.cookie(), request.offset(), request.length(), fua)) {
            ended = true;
        }
    }

    /** Replies an error, after the payload was taken from the stream; {@code false} when the stream ended in it. */
    private boolean refuse(int error) throws IOException {
        in.consume(request.headerBytes());
        long left = request.payloadBytes();
        while (left > 0) {
            int count = (int) Math.min(left, in.available());
            in.consume(count);
            left -= count;
            if (left > 0) {
                settle(false);
                queued.finish();
                if (!in.receive(link, request.headerBytes())) {
                    return false;
                }
            }
        }
        if (request.type() == NbdCommand.READ || request.type() == NbdCommand.BLOCK_STATUS) {
            reads.refuse(request.cookie(), request.offset(), error);
        } else {
            out.plain(request.cookie(), request.offset(), error);
        }
        return true;
    }

    private void refuse(String facts) {
        log.info("{}: connection ended: {}", link.peer(), facts);
        ended = true;
    }
}

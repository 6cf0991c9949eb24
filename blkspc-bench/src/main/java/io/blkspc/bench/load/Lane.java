package io.blkspc.bench.load;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.SplittableRandom;

/**
 * One connection with a fixed number of requests under way. A round is: take every reply there is, put a new request in the
 * place of each, send these as one piece. Owned by one thread; allocates nothing once it runs.
 */
final class Lane implements Replies.Taker, AutoCloseable {

    private static final int REQUEST_MAGIC = 0x25609513;
    private static final int REQUEST_BYTES = 28;
    private static final int READ = 0;
    private static final int WRITE = 1;
    private static final int DISCONNECT = 2;
    private static final int FLUSH = 3;
    private static final int SOCKET_BUFFER_BYTES = 1 << 20;

    private final LoadSpec spec;
    private final SocketChannel channel;
    private final Offsets offsets;
    private final Replies replies;
    private final ByteBuffer out;
    private final int[] commands;
    private final long[] sentAt;
    private final Histogram latencies = new Histogram();
    private int inFlight;
    private long requests;
    private long errors;
    private long now;
    private boolean ending;

    Lane(Endpoint endpoint, LoadSpec spec, int connection) throws IOException {
        this.spec = spec;
        this.offsets = new Offsets(spec, connection);
        this.replies = new Replies(spec.depth());
        this.commands = new int[spec.depth()];
        this.sentAt = new long[spec.depth()];
        int requestBytes = REQUEST_BYTES + (spec.readPercent() < 100 ? spec.blockBytes() : 0);
        this.out = ByteBuffer.allocateDirect(spec.depth() * requestBytes);
        // What is written is whatever lies where the payload goes: never zeros, which a server could leave out.
        SplittableRandom random = new SplittableRandom(spec.seed());
        while (out.remaining() >= Long.BYTES) {
            out.putLong(random.nextLong());
        }
        out.clear();
        this.channel = SocketChannel.open(UnixDomainSocketAddress.of(endpoint.socket()));
        try {
            channel.setOption(StandardSocketOptions.SO_SNDBUF, SOCKET_BUFFER_BYTES);
            Handshake agreed = Handshake.with(channel, endpoint.export(), spec.structured());
            if (agreed.sizeBytes() < spec.rangeBytes()) {
                throw new IOException(
                        "export is too small: size=" + agreed.sizeBytes() + ", range=" + spec.rangeBytes());
            }
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /** Sends requests until {@code endNanos} of {@link System#nanoTime}, then waits for the replies still missing. */
    void run(long endNanos) throws IOException {
        now = System.nanoTime();
        for (int slot = 0; slot < spec.depth(); slot++) {
            next(slot);
        }
        send();
        while (inFlight > 0) {
            replies.receive(channel);
            now = System.nanoTime();
            ending = now - endNanos >= 0;
            replies.report(this);
            send();
        }
    }

    @Override
    public int dataBytes(int slot) {
        return commands[slot] == READ ? spec.blockBytes() : 0;
    }

    @Override
    public void answered(int slot, boolean failed) {
        if (commands[slot] == WRITE && spec.flushes() && !failed) {
            put(slot, FLUSH, 0, 0);
            return;
        }
        inFlight--;
        if (failed) {
            errors++;
        } else {
            requests++;
        }
        // All replies of one receive count as taken at its end, so that there is one look at the clock for each batch.
        latencies.add(now - sentAt[slot]);
        next(slot);
    }

    private void next(int slot) {
        if (ending || offsets.isExhausted()) {
            return;
        }
        boolean reads = spec.readPercent() == 100 || (spec.readPercent() > 0 && offsets.percent() < spec.readPercent());
        sentAt[slot] = now;
        inFlight++;
        put(slot, reads ? READ : WRITE, offsets.next(), spec.blockBytes());
    }

    private void put(int slot, int command, long offset, int length) {
        commands[slot] = command;
        out.putInt(REQUEST_MAGIC).putInt(command).putLong(slot).putLong(offset).putInt(length);
        if (command == WRITE) {
            out.position(out.position() + length);
        }
    }

    private void send() throws IOException {
        out.flip();
        while (out.hasRemaining()) {
            channel.write(out);
        }
        out.clear();
    }

    long requests() {
        return requests;
    }

    long errors() {
        return errors;
    }

    Histogram latencies() {
        return latencies;
    }

    /** Says goodbye and waits until the server has closed too: what it does at the end belongs to this run. */
    @Override
    public void close() throws IOException {
        try (channel) {
            put(0, DISCONNECT, 0, 0);
            send();
            while (channel.read(out.clear()) >= 0) {
                // nothing is expected but the end
            }
        }
    }
}

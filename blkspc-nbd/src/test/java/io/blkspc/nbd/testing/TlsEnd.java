package io.blkspc.nbd.testing;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.function.UnaryOperator;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;

/** The client's end of TLS, which lets a test change every record on its way out. One thread. */
final class TlsEnd {

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final SocketChannel channel;
    private final SSLEngine engine;
    private final UnaryOperator<ByteBuffer> wire;
    private final ByteBuffer in = ByteBuffer.allocate(64 << 10).limit(0);
    private final ByteBuffer plain = ByteBuffer.allocate(64 << 10).limit(0);
    private final ByteBuffer out = ByteBuffer.allocate(64 << 10);

    /** The test sent less than there was: nothing more will be sent. */
    static final class Cut extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    TlsEnd(SocketChannel channel, SSLEngine engine, UnaryOperator<ByteBuffer> wire) {
        this.channel = channel;
        this.engine = engine;
        this.wire = wire;
    }

    /** The first handshake, or with TLS 1.3 new keys, or with TLS 1.2 a second handshake. */
    void handshake() throws IOException {
        engine.beginHandshake();
        settle();
    }

    private void settle() throws IOException {
        while (true) {
            HandshakeStatus status = engine.getHandshakeStatus();
            switch (status) {
                case NEED_TASK -> engine.getDelegatedTask().run();
                case NEED_WRAP -> wrap(NOTHING);
                case NEED_UNWRAP -> unwrap();
                default -> {
                    return;
                }
            }
        }
    }

    void send(ByteBuffer bytes) throws IOException {
        do {
            wrap(bytes);
        } while (bytes.hasRemaining());
    }

    private void wrap(ByteBuffer bytes) throws IOException {
        SSLEngineResult result = engine.wrap(bytes, out.clear());
        if (result.getStatus() != SSLEngineResult.Status.OK) {
            throw new EOFException("cannot send: " + result);
        }
        int length = out.flip().remaining();
        ByteBuffer record = wire.apply(out);
        boolean isCut = record.remaining() < length;
        while (record.hasRemaining()) {
            channel.write(record);
        }
        if (isCut) {
            throw new Cut();
        }
    }

    /** As {@link SocketChannel#read}. */
    int read(ByteBuffer target) throws IOException {
        while (!plain.hasRemaining()) {
            if (engine.isInboundDone() || !unwrap()) {
                return -1;
            }
            settle();
        }
        int count = Math.min(target.remaining(), plain.remaining());
        target.put(target.position(), plain, plain.position(), count);
        target.position(target.position() + count);
        plain.position(plain.position() + count);
        return count;
    }

    /** {@code false} when the server ended the stream in the way TLS wants it. */
    private boolean unwrap() throws IOException {
        SSLEngineResult result = engine.unwrap(in, plain.clear());
        plain.flip();
        if (result.getStatus() == SSLEngineResult.Status.BUFFER_UNDERFLOW) {
            in.compact();
            int count = channel.read(in);
            in.flip();
            if (count < 0) {
                throw new EOFException("server closed the connection without a word of TLS");
            }
        }
        return result.getStatus() != SSLEngineResult.Status.CLOSED;
    }
}

package io.blkspc.nbd.transport;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;

/**
 * TLS on a socket. One thread receives; one at a time sends, which is up to the caller. Both may be at work at once.
 *
 * <p>What is sent in one piece goes out in as few system calls as the buffer allows, in records as large as TLS has. Every
 * step of a loop either takes bytes from the socket or the caller, or gives some, or ends: records without content cannot
 * make it spin.
 */
final class TlsChannel {

    private static final int RECORDS_AT_ONCE = 4;
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final SocketChannel channel;
    private final SSLEngine engine;

    // On the heap: native ones would wait for a collection after their clients have left, and a crowd of clients that
    // only
    // begin TLS could use up what there is of them.
    private final ByteBuffer received; // encrypted; between position and limit
    private final ByteBuffer decrypted; // what had no room at the caller; between position and limit
    private final ByteBuffer sending; // encrypted; empty between calls
    private final int recordBytes;
    private final int contentBytes;

    TlsChannel(SocketChannel channel, SSLEngine engine) {
        this.channel = channel;
        this.engine = engine;
        this.recordBytes = engine.getSession().getPacketBufferSize();
        this.contentBytes = engine.getSession().getApplicationBufferSize();
        this.received = ByteBuffer.allocate(RECORDS_AT_ONCE * recordBytes).limit(0);
        this.decrypted = ByteBuffer.allocate(contentBytes).limit(0);
        this.sending = ByteBuffer.allocate(RECORDS_AT_ONCE * recordBytes);
    }

    /** Agrees with the client on keys; until then nobody else sends. An alert tells the client why not. */
    void handshake() throws IOException {
        try {
            engine.beginHandshake();
            HandshakeStatus status = engine.getHandshakeStatus();
            while (status != HandshakeStatus.FINISHED && status != HandshakeStatus.NOT_HANDSHAKING) {
                status = switch (status) {
                    case NEED_TASK -> runTasks();
                    case NEED_WRAP -> sendOwn();
                    default -> receiveOwn();
                };
            }
        } catch (SSLException refused) {
            sendLastWords(refused);
            throw refused;
        }
    }

    private HandshakeStatus runTasks() {
        for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
            task.run();
        }
        return engine.getHandshakeStatus();
    }

    private HandshakeStatus sendOwn() throws IOException {
        SSLEngineResult result = engine.wrap(NOTHING, sending);
        writeAll();
        if (result.getStatus() == SSLEngineResult.Status.CLOSED) {
            throw new EOFException("TLS was closed in its handshake");
        }
        return result.getHandshakeStatus();
    }

    private HandshakeStatus receiveOwn() throws IOException {
        SSLEngineResult result = engine.unwrap(received, decrypted.clear());
        decrypted.flip();
        switch (result.getStatus()) {
            case BUFFER_UNDERFLOW -> {
                if (!fill()) {
                    throw new EOFException("the client left in the handshake of TLS");
                }
            }
            case CLOSED -> throw new EOFException("TLS was closed in its handshake");
            default -> {
                if (decrypted.hasRemaining()) {
                    throw new SSLException("data came in the handshake of TLS");
                }
            }
        }
        return result.getHandshakeStatus();
    }

    /** What was agreed, for the log. */
    String facts() {
        return engine.getSession().getProtocol() + " " + engine.getSession().getCipherSuite();
    }

    /** As {@link SocketChannel#read} of a blocking channel; -1 also when the client said that it sends no more. */
    int receive(ByteBuffer target) throws IOException {
        int start = target.position();
        while (target.hasRemaining()) {
            if (decrypted.hasRemaining()) {
                drain(target);
                continue;
            }
            boolean direct = target.remaining() >= contentBytes;
            SSLEngineResult result = engine.unwrap(received, direct ? target : decrypted.clear());
            if (!direct) {
                decrypted.flip();
            }
            if (result.getHandshakeStatus() == HandshakeStatus.NEED_TASK) {
                throw new SSLException("a second handshake is not allowed");
            }
            switch (result.getStatus()) {
                case CLOSED -> {
                    return target.position() > start ? target.position() - start : -1;
                }
                case BUFFER_UNDERFLOW -> {
                    if (target.position() > start) {
                        return target.position() - start;
                    }
                    if (!fill()) {
                        return -1;
                    }
                }
                default -> {
                    if (result.bytesConsumed() == 0 && result.bytesProduced() == 0) {
                        throw new SSLException("TLS is stuck: status=" + result);
                    }
                }
            }
        }
        return target.position() - start;
    }

    private void drain(ByteBuffer target) {
        int count = Math.min(target.remaining(), decrypted.remaining());
        target.put(target.position(), decrypted, decrypted.position(), count);
        target.position(target.position() + count);
        decrypted.position(decrypted.position() + count);
    }

    /** Waits for more encrypted bytes; {@code false} at the end of the stream. */
    private boolean fill() throws IOException {
        received.compact();
        try {
            return channel.read(received) >= 0;
        } finally {
            received.flip();
        }
    }

    /** Encrypts and sends at least one byte of {@code source}. */
    void send(ByteBuffer source) throws IOException {
        while (source.hasRemaining() && sending.remaining() >= recordBytes) {
            SSLEngineResult result = engine.wrap(source, sending);
            if (result.getStatus() != SSLEngineResult.Status.OK
                    || (result.bytesConsumed() == 0 && result.bytesProduced() == 0)) {
                throw new SSLException("cannot send: status=" + result);
            }
        }
        writeAll();
    }

    /** Tells the client that nothing more will come, so that it need not take the end for an attack. */
    void sendEnd() throws IOException {
        engine.closeOutbound();
        while (!engine.isOutboundDone() && engine.wrap(NOTHING, sending).getStatus() == SSLEngineResult.Status.OK) {
            writeAll();
        }
        writeAll();
    }

    private void sendLastWords(SSLException why) {
        try {
            sendEnd();
        } catch (IOException gone) {
            why.addSuppressed(gone);
        }
    }

    private void writeAll() throws IOException {
        sending.flip();
        try {
            while (sending.hasRemaining()) {
                channel.write(sending);
            }
        } finally {
            sending.clear();
        }
    }
}

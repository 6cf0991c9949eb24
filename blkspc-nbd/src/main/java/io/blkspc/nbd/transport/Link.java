package io.blkspc.nbd.transport;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLEngine;

/**
 * One client's socket, from some moment on with TLS. Receiving belongs to the connection's thread; any thread may send, one at a time. Blocking calls
 * end by {@link #abort}, never by an interrupt: a thread that does IO on a shared file must not be interrupted.
 */
public final class Link {

    /** A blocking send returns when the kernel took all of it; pieces make progress of a slow client visible. */
    private static final int SEND_PIECE_BYTES = 256 << 10;

    private static final long NONE = 0;

    private final SocketChannel channel;
    private final String peer;
    private final long stallNanos;
    private final SocketQueue queue;
    private final Arrivals arrivals;
    private final int sendBufferBytes;
    private final ReentrantLock sending = new ReentrantLock();
    private final DescriptorUse use = new DescriptorUse();
    private volatile long negotiationDeadline;
    private volatile long sendDeadline = NONE;
    private volatile String abortReason;
    private volatile TlsChannel tls;

    /** Takes over {@code channel}, which is in blocking mode; {@code peer} names the client in the log. */
    public Link(SocketChannel channel, String peer, long handshakeMillis, long stallMillis) {
        this.channel = channel;
        this.queue = SocketQueue.of(channel);
        this.arrivals = queue == null ? null : new Arrivals(queue);
        this.sendBufferBytes = sendBufferBytes(channel);
        this.peer = peer;
        this.stallNanos = TimeUnit.MILLISECONDS.toNanos(stallMillis);
        this.negotiationDeadline = after(TimeUnit.MILLISECONDS.toNanos(handshakeMillis));
    }

    /** The client's name in the log. */
    public String peer() {
        return peer;
    }

    /** Ends the time limit of the handshake. */
    public void negotiated() {
        negotiationDeadline = NONE;
    }

    /**
     * Waits for bytes.
     *
     * @return the number received, or -1 at the end of the stream
     */
    public int receive(ByteBuffer target) throws IOException {
        TlsChannel encrypted = tls;
        if (encrypted != null) {
            return encrypted.receive(target);
        }
        if (arrivals == null) {
            return channel.read(target);
        }
        arrivals.await();
        int count = channel.read(target);
        arrivals.received();
        return count;
    }

    /**
     * A descriptor that can be watched for bytes to receive, with {@link #canReceive}; or -1 where it says nothing of them, as with
     * TLS. Only ever watched: it may be another file's by now, if the connection was aborted.
     */
    public int descriptor() {
        return queue == null || tls != null ? -1 : queue.descriptor();
    }

    /** Whether {@link #receive} finds bytes there; {@code false} also at the end of the stream. Where there is a {@link #descriptor}. */
    public boolean canReceive() {
        return queue.getAsInt() > 0;
    }

    /** Whether the kernel takes so many bytes at once, as far as can be told: it has much room and these are few. */
    public boolean canSend(long bytes) {
        int unsent = queue == null ? -1 : queue.unsent();
        return unsent >= 0 && unsent <= sendBufferBytes / 4 && bytes <= sendBufferBytes / 4;
    }

    /**
     * Begins TLS, on the connection's thread, in the handshake of NBD: within its time limit, and while nobody else sends.
     *
     * @return what was agreed, for the log
     */
    public String startTls(SSLEngine engine) throws IOException {
        TlsChannel encrypted = new TlsChannel(channel, engine);
        encrypted.handshake();
        tls = encrypted;
        return encrypted.facts();
    }

    /** {@code true} once all that is received and sent is encrypted. */
    public boolean isEncrypted() {
        return tls != null;
    }

    /** Sends all of {@code source} as one piece of the stream. */
    public void send(ByteBuffer source) throws IOException {
        sending.lock();
        try {
            int end = source.limit();
            while (source.position() < end) {
                source.limit(Math.min(end, source.position() + SEND_PIECE_BYTES));
                sendDeadline = after(stallNanos);
                if (tls == null) {
                    channel.write(source);
                } else {
                    tls.send(source);
                }
            }
        } finally {
            sendDeadline = NONE;
            sending.unlock();
        }
    }

    /**
     * Lets the current thread send by {@link #descriptor} until {@link #endDirect}: nobody else sends, and the socket is not closed. It
     * waits for nothing but {@link #awaitRoom}.
     *
     * @return {@code false} when somebody else sends, or this cannot be done
     */
    public boolean tryBeginDirect() {
        if (descriptor() < 0 || !sending.tryLock()) {
            return false;
        }
        if (!use.tryBegin()) {
            sending.unlock();
            return false;
        }
        return true;
    }

    /** Waits at most so long until the kernel takes bytes to send. Between {@link #tryBeginDirect} and {@link #endDirect}. */
    public boolean awaitRoom(int millis) {
        return queue.awaitRoom(millis);
    }

    /** After {@link #tryBeginDirect}: sends {@code rest} behind what was sent by the descriptor, as {@link #send} does. */
    public void endDirect(ByteBuffer rest) throws IOException {
        try {
            if (use.end()) {
                closeChannel();
            }
            if (rest.hasRemaining()) {
                send(rest);
            }
        } finally {
            sending.unlock();
        }
    }

    /** Says that nothing more will be sent, where TLS has words for that and the client still listens. */
    public void sayGoodbye() {
        if (tls == null) {
            return;
        }
        sending.lock();
        try {
            sendDeadline = after(stallNanos);
            tls.sendEnd();
        } catch (IOException gone) {
            close(); // most clients have left by now; they miss nothing
        } finally {
            sendDeadline = NONE;
            sending.unlock();
        }
    }

    /** Makes {@link #receive} report the end of the stream; sending goes on. */
    public void stopReceiving() {
        try {
            channel.shutdownInput();
        } catch (IOException e) {
            abort("shutdown failed: " + e.getMessage());
        }
    }

    /** Closes the socket under whoever uses it; the first reason stays. */
    public void abort(String reason) {
        if (abortReason == null) {
            abortReason = reason;
        }
        close();
    }

    /** Why {@link #abort} was called, or {@code null}. */
    public String abortReason() {
        return abortReason;
    }

    /** Aborts the connection when one of its time limits has passed. */
    public void checkDeadlines(long nowNanos) {
        if (isPast(negotiationDeadline, nowNanos)) {
            abort("handshake took too long");
        } else if (isPast(sendDeadline, nowNanos)) {
            abort("client does not read its replies");
        }
    }

    /** Closes the socket. Idempotent. */
    public void close() {
        if (use.askToClose()) {
            closeChannel();
            return;
        }
        try { // its user closes it, in a moment; both sides know at once
            channel.shutdownOutput();
            channel.shutdownInput();
        } catch (IOException e) {
            abortReason = abortReason == null ? "shutdown failed: " + e.getMessage() : abortReason;
        }
    }

    private void closeChannel() {
        try {
            channel.close();
        } catch (IOException e) {
            // nothing is left to lose: what the client was sent is sent
            abortReason = abortReason == null ? "close failed: " + e.getMessage() : abortReason;
        }
    }

    private static int sendBufferBytes(SocketChannel channel) {
        try {
            return channel.getOption(StandardSocketOptions.SO_SNDBUF);
        } catch (IOException e) {
            return 0; // closed already: nothing more will be sent
        }
    }

    private static long after(long nanos) {
        long deadline = System.nanoTime() + nanos;
        return deadline == NONE ? 1 : deadline;
    }

    private static boolean isPast(long deadline, long nowNanos) {
        return deadline != NONE && nowNanos - deadline >= 0;
    }
}

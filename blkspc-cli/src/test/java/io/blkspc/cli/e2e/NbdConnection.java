package io.blkspc.cli.e2e;

import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A small pipelined NBD client with nothing of the product in it, so that the two cannot share a mistake. It speaks fixed
 * newstyle with simple replies, as the Linux kernel does. Source: the NBD protocol description, sections "Fixed newstyle
 * negotiation" and "Transmission".
 *
 * <p>Any thread may submit; one thread of its own reads the replies. Futures fail with {@link Refused} when the server
 * answers an error and with {@link IOException} when the connection ends first.
 */
final class NbdConnection implements AutoCloseable {

    static final int READ = 0;
    static final int WRITE = 1;
    static final int DISCONNECT = 2;
    static final int FLUSH = 3;
    static final int TRIM = 4;
    static final int WRITE_ZEROES = 6;

    static final int FLAG_FUA = 1;
    static final int FLAG_NO_HOLE = 2;

    static final int CAN_FLUSH = 1 << 2;
    static final int CAN_FUA = 1 << 3;
    static final int CAN_TRIM = 1 << 5;
    static final int CAN_WRITE_ZEROES = 1 << 6;

    static final int ENOSPC = 28;
    static final int ESHUTDOWN = 108;

    private static final long GREETING = 0x4e42444d41474943L;
    private static final long OPTION_MAGIC = 0x49484156454F5054L;
    private static final long OPTION_REPLY_MAGIC = 0x3e889045565a9L;
    private static final int REQUEST_MAGIC = 0x25609513;
    private static final int SIMPLE_REPLY_MAGIC = 0x67446698;
    private static final int OPTION_GO = 7;
    private static final int REPLY_ACK = 1;
    private static final int REPLY_INFO = 3;
    private static final int REQUEST_BYTES = 28;
    private static final int REPLY_BYTES = 16;

    /** The server answered with an error. */
    static final class Refused extends IOException {

        private static final long serialVersionUID = 1;

        private final int errno;

        Refused(String what, int errno) {
            super("server refused: request=" + what + ", errno=" + errno);
            this.errno = errno;
        }

        int errno() {
            return errno;
        }
    }

    private record Request(int command, int lengthBytes, CompletableFuture<ByteBuffer> reply) {}

    private final SocketChannel channel;
    private final Map<Long, Request> pending = new ConcurrentHashMap<>();
    private final AtomicLong nextCookie = new AtomicLong();
    private final Thread reader;
    private volatile IOException ended;
    private long sizeBytes;
    private int flags;

    private NbdConnection(SocketChannel channel, String export) throws IOException {
        this.channel = channel;
        negotiate(export);
        reader = Thread.ofPlatform().daemon().name("e2e-nbd-" + export).start(this::readReplies);
    }

    /** Connects and chooses the export. */
    static NbdConnection open(Path socket, String export) throws IOException {
        SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        try {
            return new NbdConnection(channel, export);
        } catch (IOException failure) {
            channel.close();
            throw failure;
        }
    }

    long sizeBytes() {
        return sizeBytes;
    }

    /** Whether the server offers this: one of the {@code CAN} transmission flags. */
    boolean can(int flag) {
        return (flags & flag) != 0;
    }

    private void negotiate(String export) throws IOException {
        ByteBuffer hello = receive(18);
        if (hello.getLong() != GREETING || hello.getLong() != OPTION_MAGIC) {
            throw new IOException("not an NBD server: greeting=" + hello);
        }
        byte[] name = export.getBytes(StandardCharsets.UTF_8);
        ByteBuffer option = ByteBuffer.allocate(26 + name.length);
        option.putInt(hello.getShort() & 3)
                .putLong(OPTION_MAGIC)
                .putInt(OPTION_GO)
                .putInt(6 + name.length);
        option.putInt(name.length).put(name).putShort((short) 0);
        send(option.flip());
        while (true) {
            ByteBuffer reply = receive(20);
            if (reply.getLong() != OPTION_REPLY_MAGIC) {
                throw new IOException("bad magic of an option reply");
            }
            int type = reply.getInt(12);
            ByteBuffer body = receive(reply.getInt(16));
            if (type == REPLY_ACK) {
                return;
            }
            if (type < 0) {
                throw new Refused("GO " + export + " " + StandardCharsets.UTF_8.decode(body), type & 0xffff);
            }
            if (type == REPLY_INFO && body.getShort() == 0) {
                sizeBytes = body.getLong();
                flags = body.getShort();
            }
        }
    }

    /** Sends one request. The payload is sent whole before this returns. */
    CompletableFuture<ByteBuffer> submit(int command, int flags, long offset, int lengthBytes, ByteBuffer payload)
            throws IOException {
        long cookie = nextCookie.incrementAndGet();
        Request request = new Request(command, lengthBytes, new CompletableFuture<>());
        pending.put(cookie, request);
        ByteBuffer header = ByteBuffer.allocate(REQUEST_BYTES);
        header.putInt(REQUEST_MAGIC).putShort((short) flags).putShort((short) command);
        header.putLong(cookie).putLong(offset).putInt(lengthBytes).flip();
        synchronized (this) {
            send(header);
            if (payload != null) {
                send(payload);
            }
        }
        IOException end = ended;
        if (end != null && pending.remove(cookie) != null) {
            request.reply().completeExceptionally(end);
        }
        return request.reply();
    }

    ByteBuffer read(long offset, int lengthBytes) throws IOException {
        return await(submit(READ, 0, offset, lengthBytes, null));
    }

    void write(long offset, ByteBuffer data, int flags) throws IOException {
        await(submit(WRITE, flags, offset, data.remaining(), data));
    }

    void zero(long offset, int lengthBytes) throws IOException {
        await(submit(WRITE_ZEROES, 0, offset, lengthBytes, null));
    }

    void trim(long offset, int lengthBytes) throws IOException {
        await(submit(TRIM, 0, offset, lengthBytes, null));
    }

    void flush() throws IOException {
        await(submit(FLUSH, 0, 0, 0, null));
    }

    private static ByteBuffer await(CompletableFuture<ByteBuffer> reply) throws IOException {
        Duration limit = Duration.ofSeconds(30);
        try {
            return reply.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException failure) {
            if (failure.getCause() instanceof IOException cause) {
                throw cause;
            }
            throw new AssertionError(failure.getCause());
        } catch (TimeoutException timeout) {
            throw new AssertionError("no reply: limit=" + limit, timeout);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new AssertionError(interrupted);
        }
    }

    private void readReplies() {
        try {
            while (true) {
                ByteBuffer header = receive(REPLY_BYTES);
                int magic = header.getInt();
                int errno = header.getInt();
                Request request = pending.get(header.getLong());
                if (magic != SIMPLE_REPLY_MAGIC || request == null) {
                    throw new IOException("reply out of step: magic=" + Integer.toHexString(magic));
                }
                boolean hasData = request.command() == READ && errno == 0;
                ByteBuffer data = receive(hasData ? request.lengthBytes() : 0);
                pending.remove(header.getLong(8));
                if (errno == 0) {
                    request.reply().complete(data);
                } else {
                    request.reply().completeExceptionally(new Refused("command " + request.command(), errno));
                }
            }
        } catch (IOException end) {
            ended = end;
            List<Long> cookies = new ArrayList<>(pending.keySet());
            for (Long cookie : cookies) {
                Request request = pending.remove(cookie);
                if (request != null) {
                    request.reply().completeExceptionally(end);
                }
            }
        }
    }

    private void send(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private ByteBuffer receive(int count) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes) < 0) {
                throw new EOFException("server closed the connection");
            }
        }
        return bytes.flip();
    }

    /** Waits until the server has closed the connection and every future is complete. */
    void awaitEnd() {
        Await.until("the connection to end", Duration.ofSeconds(30), () -> !reader.isAlive());
    }

    /** Says goodbye if the server still listens, and closes. */
    @Override
    public void close() throws IOException {
        try {
            if (ended == null) {
                var _ = submit(DISCONNECT, 0, 0, 0, null);
            }
        } catch (IOException gone) {
            // The server is gone already; closing is all that is left.
        } finally {
            channel.close();
        }
    }
}

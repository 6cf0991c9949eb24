package io.blkspc.nbd.testing;

import io.blkspc.nbd.NbdAddress;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import javax.net.ssl.SSLEngine;

/**
 * The wire, byte by byte: what a test needs to be a good client or a bad one. Encodes everything itself, so that a wrong
 * constant of the server is not repeated here. One thread; a guard closes the socket after 30 seconds without an answer.
 */
public final class RawNbd implements AutoCloseable {

    /** Options, replies and commands, spelled out again. */
    public static final int OPT_EXPORT_NAME = 1;

    public static final int OPT_ABORT = 2;
    public static final int OPT_LIST = 3;
    public static final int OPT_STARTTLS = 5;
    public static final int OPT_INFO = 6;
    public static final int OPT_GO = 7;
    public static final int OPT_STRUCTURED_REPLY = 8;
    public static final int OPT_LIST_META_CONTEXT = 9;
    public static final int OPT_SET_META_CONTEXT = 10;
    public static final int OPT_EXTENDED_HEADERS = 11;
    public static final int REP_ACK = 1;
    public static final int REP_SERVER = 2;
    public static final int REP_INFO = 3;
    public static final int REP_META_CONTEXT = 4;
    public static final int REP_ERR_UNSUP = 0x80000001;
    public static final int REP_ERR_POLICY = 0x80000002;
    public static final int REP_ERR_INVALID = 0x80000003;
    public static final int REP_ERR_TLS_REQD = 0x80000005;
    public static final int REP_ERR_UNKNOWN = 0x80000006;
    public static final int REP_ERR_EXT_HEADER_REQD = 0x8000000a;

    public static final long NBDMAGIC = 0x4e42444d41474943L;
    public static final long IHAVEOPT = 0x49484156454f5054L;
    public static final long OPTION_REPLY_MAGIC = 0x3e889045565a9L;
    public static final int REQUEST_MAGIC = 0x25609513;
    public static final int EXTENDED_REQUEST_MAGIC = 0x21e41c71;

    private static final long GUARD_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final SocketChannel channel;
    private volatile long waitingSince;
    private TlsEnd tls;

    /** One reply to an option. */
    @SuppressWarnings("ArrayRecordComponent")
    public record OptionReply(int option, int type, byte[] data) {

        public boolean isError() {
            return type < 0;
        }

        public String text() {
            return new String(data, StandardCharsets.UTF_8);
        }
    }

    private RawNbd(SocketChannel channel) {
        this.channel = channel;
    }

    /** Connects and says nothing. */
    public static RawNbd connect(NbdAddress address) throws IOException {
        RawNbd raw = connectUnguarded(address);
        Thread.ofVirtual().start(raw::guard);
        return raw;
    }

    /** Connects without a guard, for a client that never reads. */
    public static RawNbd connectUnguarded(NbdAddress address) throws IOException {
        return switch (address) {
            case NbdAddress.Unix unix -> {
                SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
                channel.connect(UnixDomainSocketAddress.of(unix.path()));
                yield new RawNbd(channel);
            }
            case NbdAddress.Tcp tcp -> {
                SocketChannel channel = SocketChannel.open(new InetSocketAddress(tcp.host(), tcp.port()));
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                yield new RawNbd(channel);
            }
            case NbdAddress.Inherited given ->
                throw new IllegalArgumentException("not an address to connect to: " + given.uri());
        };
    }

    private void guard() {
        while (channel.isOpen()) {
            long since = waitingSince;
            if (since != 0 && System.nanoTime() - since > GUARD_NANOS) {
                close();
            }
            try {
                Thread.sleep(100);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    public void send(byte[] bytes) throws IOException {
        send(ByteBuffer.wrap(bytes));
    }

    public void send(ByteBuffer bytes) throws IOException {
        if (tls != null) {
            tls.send(bytes);
        }
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /** Runs a conversation; {@code false} when its {@code wire} cut it short. */
    public boolean isWhole(Conversation conversation) throws IOException {
        try {
            conversation.run();
            return true;
        } catch (TlsEnd.Cut cut) {
            return false;
        }
    }

    /** What a test does with a connection. */
    public interface Conversation {
        void run() throws IOException;
    }

    /** Asks for TLS and begins it. */
    public void startTls(SSLEngine engine) throws IOException {
        startTls(engine, UnaryOperator.identity());
    }

    /** As {@link #startTls(SSLEngine)}; {@code wire} may change what is sent. */
    public void startTls(SSLEngine engine, UnaryOperator<ByteBuffer> wire) throws IOException {
        OptionReply reply = ask(OPT_STARTTLS, new byte[0]).getLast();
        if (reply.type() != REP_ACK) {
            throw new IOException("server refused TLS: " + reply.text());
        }
        tls = new TlsEnd(channel, engine, wire);
        renewTls();
    }

    /** Does a handshake of TLS, the first one or another. */
    public void renewTls() throws IOException {
        waitingSince = System.nanoTime() | 1;
        try {
            tls.handshake();
        } finally {
            waitingSince = 0;
        }
    }

    private int receive(ByteBuffer target) throws IOException {
        return tls == null ? channel.read(target) : tls.read(target);
    }

    /** Sends nothing more, and reads what the server still sends, without understanding it, until it closes. */
    public void hangUp() throws IOException {
        channel.shutdownOutput();
        tls = null;
        drain();
    }

    /** Closes with a RST instead of a FIN. */
    public void reset() throws IOException {
        channel.setOption(StandardSocketOptions.SO_LINGER, 0);
        channel.close();
    }

    public ByteBuffer read(int count) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(count);
        waitingSince = System.nanoTime() | 1;
        try {
            while (buffer.hasRemaining()) {
                if (receive(buffer) < 0) {
                    throw new EOFException(
                            "server closed the connection: expected=" + count + ", got=" + buffer.position());
                }
            }
        } finally {
            waitingSince = 0;
        }
        return buffer.flip();
    }

    /** {@code true} when the server closes the connection without a further byte. */
    public boolean isClosedByServer() throws IOException {
        waitingSince = System.nanoTime() | 1;
        try {
            return receive(ByteBuffer.allocate(1)) < 0;
        } catch (IOException e) {
            return String.valueOf(e.getMessage()).contains("reset");
        } finally {
            waitingSince = 0;
        }
    }

    /** Reads until the server closes the connection, and returns the number of bytes. */
    public long drain() throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(64 << 10);
        long total = 0;
        waitingSince = System.nanoTime() | 1;
        try {
            while (true) {
                int count = receive(buffer.clear());
                if (count < 0) {
                    return total;
                }
                total += count;
            }
        } finally {
            waitingSince = 0;
        }
    }

    /** Nothing more will be sent; replies can still be read. */
    public void shutdownOutput() throws IOException {
        channel.shutdownOutput();
    }

    /** Reads the greeting and answers with {@code clientFlags}; returns the server's flags. */
    public int greet(int clientFlags) throws IOException {
        ByteBuffer greeting = read(18);
        if (greeting.getLong() != NBDMAGIC || greeting.getLong() != IHAVEOPT) {
            throw new IOException("not an NBD server");
        }
        int flags = Short.toUnsignedInt(greeting.getShort());
        send(ByteBuffer.allocate(4).putInt(clientFlags).flip());
        return flags;
    }

    public static byte[] option(int option, byte[] data) {
        return option(option, data.length, data);
    }

    /** An option whose length may lie. */
    public static byte[] option(int option, int length, byte[] data) {
        return ByteBuffer.allocate(16 + data.length)
                .putLong(IHAVEOPT)
                .putInt(option)
                .putInt(length)
                .put(data)
                .array();
    }

    /** Sends an option and collects its replies up to the final one. */
    public List<OptionReply> ask(int option, byte[] data) throws IOException {
        send(option(option, data));
        return replies();
    }

    public List<OptionReply> replies() throws IOException {
        List<OptionReply> replies = new ArrayList<>();
        while (true) {
            OptionReply reply = reply();
            replies.add(reply);
            if (reply.isError() || reply.type() == REP_ACK) {
                return replies;
            }
        }
    }

    public OptionReply reply() throws IOException {
        ByteBuffer header = read(20);
        if (header.getLong() != OPTION_REPLY_MAGIC) {
            throw new IOException("not an option reply");
        }
        int option = header.getInt();
        int type = header.getInt();
        int length = header.getInt();
        return new OptionReply(option, type, read(length).array());
    }

    /** Data of INFO and GO. */
    public static byte[] infoData(String name, int... types) {
        byte[] nameBytes = name.getBytes(StandardCharsets.UTF_8);
        ByteBuffer data = ByteBuffer.allocate(6 + nameBytes.length + 2 * types.length)
                .putInt(nameBytes.length)
                .put(nameBytes)
                .putShort((short) types.length);
        for (int type : types) {
            data.putShort((short) type);
        }
        return data.array();
    }

    /** Data of LIST_META_CONTEXT and SET_META_CONTEXT. */
    public static byte[] metaData(String name, String... queries) {
        byte[] nameBytes = name.getBytes(StandardCharsets.UTF_8);
        int size = 8 + nameBytes.length;
        for (String query : queries) {
            size += 4 + query.getBytes(StandardCharsets.UTF_8).length;
        }
        ByteBuffer data = ByteBuffer.allocate(size)
                .putInt(nameBytes.length)
                .put(nameBytes)
                .putInt(queries.length);
        for (String query : queries) {
            byte[] bytes = query.getBytes(StandardCharsets.UTF_8);
            data.putInt(bytes.length).put(bytes);
        }
        return data.array();
    }

    public static ByteBuffer request(int type, int flags, long cookie, long offset, int length) {
        return ByteBuffer.allocate(28)
                .putInt(REQUEST_MAGIC)
                .putShort((short) flags)
                .putShort((short) type)
                .putLong(cookie)
                .putLong(offset)
                .putInt(length)
                .flip();
    }

    /** A request with extended headers; its length is of the payload when {@code flags} has bit 5. */
    public static ByteBuffer extendedRequest(int type, int flags, long cookie, long offset, long length) {
        return ByteBuffer.allocate(32)
                .putInt(EXTENDED_REQUEST_MAGIC)
                .putShort((short) flags)
                .putShort((short) type)
                .putLong(cookie)
                .putLong(offset)
                .putLong(length)
                .flip();
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

package io.blkspc.cli.attach;

import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.socket.NativeSockets;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A connection to one export on which the handshake is done, as a descriptor that the kernel can take over. Simple replies, as the
 * driver knows no others. Source: the NBD protocol description, "Fixed newstyle negotiation". Owned by one thread.
 */
final class ExportSocket implements AutoCloseable {

    private static final long GREETING = 0x4e42444d41474943L; // NBDMAGIC
    private static final long OPTION_MAGIC = 0x49484156454F5054L; // IHAVEOPT
    private static final long OPTION_REPLY_MAGIC = 0x3e889045565a9L;
    private static final int OPTION_GO = 7;
    private static final int REPLY_ACK = 1;
    private static final int REPLY_INFO = 3;
    private static final int INFO_EXPORT = 0;
    private static final int INFO_EXPORT_BYTES = 12;
    private static final int CLIENT_FLAGS_MASK = 3; // fixed newstyle, no zeroes
    private static final int MAX_REPLY_BYTES = 64 * 1024;
    private static final int MAX_ADDRESS_BYTES = 110;
    private static final long HANDSHAKE_MILLIS = 10_000;

    private final int fd;
    private long sizeBytes = -1;
    private int flags;

    private ExportSocket(int fd) {
        this.fd = fd;
    }

    /**
     * Connects and chooses an export.
     *
     * @throws IOException when no server answers
     * @throws CommandFailure when it does not have the export
     */
    static ExportSocket connect(Path path, String export) throws IOException {
        byte[] address = NativeSockets.unixAddress(path.toString());
        if (address.length > MAX_ADDRESS_BYTES) {
            throw new IOException("the path of a socket is too long: path=" + path);
        }
        int fd = NativeSockets.socket(NativeSockets.AF_UNIX, NativeSockets.SOCK_STREAM, 0);
        if (fd < 0) {
            throw new IOException("no socket: errno=" + -fd);
        }
        ExportSocket socket = new ExportSocket(fd);
        boolean isAgreed = false;
        try {
            int connected = NativeSockets.connect(fd, address);
            if (connected < 0) {
                throw new IOException("no server listens: socket=" + path + ", errno=" + -connected);
            }
            NativeSockets.setReceiveTimeout(fd, HANDSHAKE_MILLIS);
            socket.negotiate(export);
            NativeSockets.setReceiveTimeout(fd, 0); // the driver waits for replies as long as there are none
            isAgreed = true;
            return socket;
        } finally {
            if (!isAgreed) {
                socket.close();
            }
        }
    }

    private void negotiate(String export) throws IOException {
        ByteBuffer hello = receive(18);
        if (hello.getLong() != GREETING || hello.getLong() != OPTION_MAGIC) {
            throw new IOException("not an NBD server");
        }
        byte[] name = export.getBytes(StandardCharsets.UTF_8);
        send(ByteBuffer.allocate(26 + name.length)
                .putInt(hello.getShort() & CLIENT_FLAGS_MASK)
                .putLong(OPTION_MAGIC)
                .putInt(OPTION_GO)
                .putInt(6 + name.length)
                .putInt(name.length)
                .put(name)
                .putShort((short) 0)
                .array());
        while (true) {
            ByteBuffer header = receive(20);
            int type = header.getInt(12);
            int length = header.getInt(16);
            if (header.getLong() != OPTION_REPLY_MAGIC || length < 0 || length > MAX_REPLY_BYTES) {
                throw new IOException("not a reply to an option: length=" + length);
            }
            ByteBuffer body = receive(length);
            if (type == REPLY_ACK && sizeBytes >= 0) {
                return;
            }
            if (type < 0) {
                throw new CommandFailure(
                        ExitCode.NOT_FOUND_OR_EXISTS,
                        "the server does not export it: name=" + export + ", reply=0x" + Integer.toHexString(type));
            }
            if (type == REPLY_INFO && length >= INFO_EXPORT_BYTES && body.getShort() == INFO_EXPORT) {
                sizeBytes = body.getLong();
                flags = Short.toUnsignedInt(body.getShort());
            }
        }
    }

    private void send(byte[] bytes) throws IOException {
        int sent = NativeSockets.send(fd, bytes);
        if (sent != bytes.length) {
            throw new IOException("the server does not listen: sent=" + sent);
        }
    }

    private ByteBuffer receive(int count) throws IOException {
        byte[] bytes = new byte[count];
        for (int at = 0; at < count; ) {
            int received = NativeSockets.receive(fd, bytes, at);
            if (received <= 0 && received != -NativeSockets.EINTR) {
                throw new IOException("the server does not answer: result=" + received);
            }
            at += Math.max(0, received);
        }
        return ByteBuffer.wrap(bytes);
    }

    int fd() {
        return fd;
    }

    long sizeBytes() {
        return sizeBytes;
    }

    /** Transmission flags of the export. */
    int flags() {
        return flags;
    }

    /** Closes this end; the driver's stays. */
    @Override
    public void close() {
        NativeSockets.close(fd);
    }
}

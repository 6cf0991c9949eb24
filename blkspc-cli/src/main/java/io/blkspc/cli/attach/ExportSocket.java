package io.blkspc.cli.attach;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.cli.socket.NativeSockets;
import io.blkspc.nbd.client.ClientHandshake;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * A connection to one export on which the handshake is done, as a descriptor that the kernel can take over. Simple replies, as the
 * driver knows no others. Owned by one thread.
 */
final class ExportSocket implements AutoCloseable {

    private static final int MAX_ADDRESS_BYTES = 110;
    private static final long HANDSHAKE_MILLIS = 10_000;

    private final int fd;
    private ClientHandshake.Agreed agreed;

    private ExportSocket(int fd) {
        this.fd = fd;
    }

    /**
     * Connects and chooses an export.
     *
     * @throws IOException when no server answers
     * @throws BlockSpaceException when it does not have the export
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
        boolean isReady = false;
        try {
            int connected = NativeSockets.connect(fd, address);
            if (connected < 0) {
                throw new IOException("no server listens: socket=" + path + ", errno=" + -connected);
            }
            NativeSockets.setReceiveTimeout(fd, HANDSHAKE_MILLIS);
            socket.agreed = ClientHandshake.choose(socket.wire(), export);
            NativeSockets.setReceiveTimeout(fd, 0); // the driver waits for replies as long as there are none
            isReady = true;
            return socket;
        } finally {
            if (!isReady) {
                socket.close();
            }
        }
    }

    private ClientHandshake.Wire wire() {
        return new ClientHandshake.Wire() {
            @Override
            public void send(ByteBuffer bytes) throws IOException {
                ExportSocket.this.send(bytes);
            }

            @Override
            public void receive(ByteBuffer target) throws IOException {
                ExportSocket.this.receive(target);
            }
        };
    }

    private void send(ByteBuffer bytes) throws IOException {
        byte[] all = new byte[bytes.remaining()];
        bytes.get(all);
        int sent = NativeSockets.send(fd, all);
        if (sent != all.length) {
            throw new IOException("the server does not listen: sent=" + sent);
        }
    }

    private void receive(ByteBuffer target) throws IOException {
        byte[] bytes = new byte[target.remaining()];
        for (int at = 0; at < bytes.length; ) {
            int received = NativeSockets.receive(fd, bytes, at);
            if (received <= 0 && received != -NativeSockets.EINTR) {
                throw new IOException("the server does not answer: result=" + received);
            }
            at += Math.max(0, received);
        }
        target.put(bytes);
    }

    int fd() {
        return fd;
    }

    long sizeBytes() {
        return agreed.sizeBytes();
    }

    /** Transmission flags of the export. */
    int flags() {
        return agreed.flags();
    }

    /** Closes this end; the driver's stays. */
    @Override
    public void close() {
        NativeSockets.close(fd);
    }
}

package io.blkspc.cli.attach;

import io.blkspc.cli.socket.NativeSockets;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** One generic netlink socket. Owned by one thread. */
final class NetlinkSocket implements AutoCloseable {

    private static final int NETLINK_GENERIC = 16;
    private static final int SOL_NETLINK = 270;
    private static final int ADD_MEMBERSHIP = 1;
    private static final int ADDRESS_BYTES = 12;
    private static final int BUFFER_BYTES = 16384;
    private static final long ANSWER_MILLIS = 30_000;

    private final int fd;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int sequence;

    private NetlinkSocket(int fd) {
        this.fd = fd;
    }

    static NetlinkSocket open() throws IOException {
        int fd = NativeSockets.socket(NativeSockets.AF_NETLINK, NativeSockets.SOCK_RAW, NETLINK_GENERIC);
        if (fd < 0) {
            throw new IOException("no netlink socket: errno=" + -fd);
        }
        NetlinkSocket socket = new NetlinkSocket(fd);
        byte[] anyPort = ByteBuffer.allocate(ADDRESS_BYTES)
                .order(ByteOrder.nativeOrder())
                .putShort((short) NativeSockets.AF_NETLINK)
                .array();
        int bound = NativeSockets.bind(fd, anyPort);
        if (bound < 0) {
            socket.close();
            throw new IOException("a netlink socket cannot be bound: errno=" + -bound);
        }
        NativeSockets.setReceiveTimeout(fd, ANSWER_MILLIS);
        return socket;
    }

    /** What the kernel said to one request. */
    record Answer(int errno, NetlinkMessage data) {}

    /** Asks, and waits for the acknowledgement. */
    Answer ask(NetlinkRequest request) throws IOException {
        int asked = ++sequence;
        int sent = NativeSockets.send(fd, request.bytes(asked));
        if (sent < 0) {
            throw new IOException("a netlink request was not sent: errno=" + -sent);
        }
        NetlinkMessage data = null;
        while (true) {
            NetlinkMessage message = receive();
            if (message == null) {
                throw new IOException("no answer to a netlink request");
            }
            if (message.sequence() != asked) {
                continue; // an event, or late
            }
            if (message.type() == NetlinkMessage.ERROR) {
                return new Answer(-message.error(), data);
            }
            data = message;
        }
    }

    /** Hears what a multicast group tells, from now on. */
    void join(int group, long timeoutMillis) throws IOException {
        byte[] value = ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.nativeOrder())
                .putInt(group)
                .array();
        int joined = NativeSockets.setOption(fd, SOL_NETLINK, ADD_MEMBERSHIP, value);
        if (joined < 0) {
            throw new IOException("the events of the driver cannot be heard: errno=" + -joined);
        }
        setTimeout(timeoutMillis);
    }

    /** How long {@link #receive} waits. */
    void setTimeout(long millis) {
        NativeSockets.setReceiveTimeout(fd, millis);
    }

    /**
     * The next message, or {@code null} when none came in time.
     *
     * @throws Overrun when messages were lost
     */
    NetlinkMessage receive() throws IOException {
        while (true) {
            int count = NativeSockets.receive(fd, buffer, 0);
            if (count >= 0) {
                return NetlinkMessage.read(buffer, count);
            }
            switch (-count) {
                case NativeSockets.EAGAIN -> {
                    return null;
                }
                case NativeSockets.EINTR -> {}
                case NativeSockets.ENOBUFS -> throw new Overrun();
                default -> throw new IOException("netlink does not answer: errno=" + -count);
            }
        }
    }

    /** Messages were lost because nobody read them in time. */
    static final class Overrun extends IOException {
        private static final long serialVersionUID = 1L;

        Overrun() {
            super("netlink messages were lost");
        }
    }

    @Override
    public void close() {
        NativeSockets.close(fd);
    }
}

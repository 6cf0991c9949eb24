package io.blkspc.cli.attach;

import io.blkspc.cli.outcome.CommandFailure;
import io.blkspc.cli.outcome.ExitCode;
import io.blkspc.cli.socket.NativeSockets;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * The kernel's nbd driver, asked through its generic netlink family. Numbers are those of linux/nbd-netlink.h of the kernel's user
 * interface. Owned by one thread.
 */
public final class NbdDriver implements AutoCloseable {

    private static final int CONTROLLER = 0x10;
    private static final int GET_FAMILY = 3;
    private static final int FAMILY_ID = 1;
    private static final int FAMILY_NAME = 2;
    private static final int MULTICAST_GROUPS = 7;
    private static final int GROUP_ID = 2;

    static final int CONNECT = 1;
    static final int DISCONNECT = 2;
    static final int RECONFIGURE = 3;
    static final int LINK_DEAD = 4;

    static final int INDEX = 1;
    static final int SIZE_BYTES = 2;
    static final int BLOCK_SIZE_BYTES = 3;
    static final int TIMEOUT = 4;
    static final int SERVER_FLAGS = 5;
    static final int SOCKETS = 7;
    static final int DEAD_CONNECTION_TIMEOUT = 8;
    static final int BACKEND = 10;
    static final int SOCKET_ITEM = 1;
    static final int SOCKET_FD = 1;

    private final NetlinkSocket socket;
    private final int family;
    private final int group;

    private NbdDriver(NetlinkSocket socket, int family, int group) {
        this.socket = socket;
        this.family = family;
        this.group = group;
    }

    /**
     * Finds the driver.
     *
     * @throws CommandFailure when it is not there
     */
    public static NbdDriver open() throws IOException {
        NetlinkSocket socket = NetlinkSocket.open();
        boolean isFound = false;
        try {
            NetlinkSocket.Answer answer =
                    socket.ask(new NetlinkRequest(CONTROLLER, GET_FAMILY).putText(FAMILY_NAME, "nbd"));
            if (answer.errno() != 0 || answer.data() == null) {
                throw new CommandFailure(
                        ExitCode.FAILED, "the kernel has no nbd driver, try 'modprobe nbd': errno=" + answer.errno());
            }
            ByteBuffer attributes = answer.data().attributes();
            int family = NetlinkMessage.findShort(attributes, FAMILY_ID);
            ByteBuffer groups = NetlinkMessage.find(attributes, MULTICAST_GROUPS);
            ByteBuffer first = groups == null ? null : NetlinkMessage.find(groups, -1);
            if (first == null) {
                throw new IOException("the nbd driver tells no events");
            }
            isFound = true;
            return new NbdDriver(socket, family, NetlinkMessage.findInt(first, GROUP_ID));
        } finally {
            if (!isFound) {
                socket.close();
            }
        }
    }

    /** A socket that hears when connections end, from now on; a receive waits {@code timeoutMillis} at most. */
    NetlinkSocket events(long timeoutMillis) throws IOException {
        NetlinkSocket events = NetlinkSocket.open();
        events.join(group, timeoutMillis);
        return events;
    }

    /** {@code true} for the event that a connection of device {@code index} ended. */
    boolean isLinkDead(NetlinkMessage event, int index) throws NetlinkMessage.Malformed {
        return event.type() == family
                && event.command() == LINK_DEAD
                && NetlinkMessage.findInt(event.attributes(), INDEX) == index;
    }

    /**
     * Makes a device of an export whose handshake is done.
     *
     * @param index number of the device, negative for any
     * @param fds connections to the server; the driver keeps them of its own
     * @return number of the device
     */
    int connect(int index, DeviceSpec spec, List<Integer> fds) throws IOException {
        NetlinkRequest request = new NetlinkRequest(family, CONNECT);
        if (index >= 0) {
            request.putInt(INDEX, index);
        }
        request.putLong(SIZE_BYTES, spec.sizeBytes())
                .putLong(BLOCK_SIZE_BYTES, spec.blockBytes())
                .putLong(SERVER_FLAGS, spec.flags())
                .putLong(TIMEOUT, spec.timeoutSeconds())
                .putLong(DEAD_CONNECTION_TIMEOUT, spec.deadSeconds())
                .putText(BACKEND, spec.backend());
        NetlinkSocket.Answer answer = socket.ask(sockets(request, fds));
        check(answer.errno(), "attach", index);
        if (index < 0 && answer.data() == null) {
            throw new IOException("the nbd driver does not say which device it made");
        }
        return index >= 0 ? index : NetlinkMessage.findInt(answer.data().attributes(), INDEX);
    }

    /** Gives a device new connections in place of dead ones; returns 0 or errno. */
    int reconnect(int index, String backend, List<Integer> fds) throws IOException {
        NetlinkRequest request =
                new NetlinkRequest(family, RECONFIGURE).putInt(INDEX, index).putText(BACKEND, backend);
        return socket.ask(sockets(request, fds)).errno();
    }

    /** Tells a device that its export has another size; returns 0 or errno. */
    int resize(int index, String backend, long sizeBytes) throws IOException {
        NetlinkRequest request = new NetlinkRequest(family, RECONFIGURE)
                .putInt(INDEX, index)
                .putLong(SIZE_BYTES, sizeBytes)
                .putText(BACKEND, backend);
        return socket.ask(request).errno();
    }

    /** Ends a device. What a file system on it had not written is lost. */
    public void disconnect(int index) throws IOException {
        check(
                socket.ask(new NetlinkRequest(family, DISCONNECT).putInt(INDEX, index))
                        .errno(),
                "detach",
                index);
    }

    static NetlinkRequest sockets(NetlinkRequest request, List<Integer> fds) {
        int all = request.begin(SOCKETS | NetlinkRequest.NESTED);
        for (int fd : fds) {
            int item = request.begin(SOCKET_ITEM | NetlinkRequest.NESTED);
            request.putInt(SOCKET_FD, fd);
            request.end(item);
        }
        return request.end(all);
    }

    private static void check(int errno, String verb, int index) {
        String device = index < 0 ? "any" : "/dev/nbd" + index;
        switch (errno) {
            case 0 -> {}
            case NativeSockets.EPERM ->
                throw new CommandFailure(ExitCode.FAILED, verb + " needs root (CAP_SYS_ADMIN): device=" + device);
            case NativeSockets.EBUSY ->
                throw new CommandFailure(ExitCode.BUSY, "the device is in use: device=" + device);
            default ->
                throw new CommandFailure(
                        ExitCode.FAILED, "the kernel refused to " + verb + ": device=" + device + ", errno=" + errno);
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}

package io.blkspc.nbd;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One listening socket. Closing it removes the file of a unix socket, if this listener made it. */
final class Listener implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger("blkspc.control");
    private static final int BACKLOG = 1024;
    private static final int SEND_BUFFER_BYTES = 4 << 20;

    private final ServerSocketChannel channel;
    private final NbdAddress address;
    private final UnixPeer peers;
    private final Path ownFile;
    private final List<AddressRange> allowed;

    /** For a unix socket, whose file goes with it if we made it. */
    private Listener(ServerSocketChannel channel, NbdAddress address, Path file, boolean isOurs) throws IOException {
        this.peers = new UnixPeer(file);
        this.channel = channel;
        this.address = address;
        this.ownFile = isOurs ? file : null;
        this.allowed = List.of();
    }

    /** For TCP. */
    private Listener(ServerSocketChannel channel, NbdAddress address, List<AddressRange> allowed) {
        this.peers = null;
        this.channel = channel;
        this.address = address;
        this.ownFile = null;
        this.allowed = allowed;
    }

    static Listener open(NbdAddress address) throws IOException {
        return switch (address) {
            case NbdAddress.Unix unix -> openUnix(unix);
            case NbdAddress.Tcp tcp -> openTcp(tcp);
            case NbdAddress.Inherited given ->
                given.file() == null
                        ? new Listener(given.channel(), given, given.allowed())
                        : new Listener(given.channel(), given, given.file(), false);
        };
    }

    private static Listener openUnix(NbdAddress.Unix unix) throws IOException {
        removeStale(unix.path());
        ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.bind(UnixDomainSocketAddress.of(unix.path()), BACKLOG);
            Files.setPosixFilePermissions(unix.path(), unix.sharing().permissions());
            return new Listener(channel, unix, unix.path(), true);
        } catch (IOException e) {
            channel.close();
            throw new IOException("cannot listen: path=" + unix.path() + ", cause=" + e.getMessage(), e);
        }
    }

    /** A server that was killed leaves its socket file behind; nobody answers there. */
    private static void removeStale(Path path) throws IOException {
        if (!Files.exists(path)) {
            return;
        }
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            probe.connect(UnixDomainSocketAddress.of(path));
        } catch (IOException e) {
            if (!Files.isRegularFile(path) && !Files.isDirectory(path)) {
                Files.deleteIfExists(path);
                return;
            }
            throw new IOException("cannot listen: something that is not a socket is there: path=" + path, e);
        }
        throw new IOException("cannot listen: another server answers there: path=" + path);
    }

    private static Listener openTcp(NbdAddress.Tcp tcp) throws IOException {
        ServerSocketChannel channel = ServerSocketChannel.open();
        try {
            channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            channel.bind(new InetSocketAddress(tcp.host(), tcp.port()), BACKLOG);
            InetSocketAddress bound = (InetSocketAddress) channel.getLocalAddress();
            NbdAddress found = new NbdAddress.Tcp(tcp.host(), bound.getPort(), tcp.protection(), tcp.allowed());
            return new Listener(channel, found, tcp.allowed());
        } catch (IOException e) {
            channel.close();
            throw new IOException(
                    "cannot listen: host=" + tcp.host().getHostAddress() + ", port=" + tcp.port() + ", cause="
                            + e.getMessage(),
                    e);
        }
    }

    /** Where it listens, with the port that was free. */
    NbdAddress address() {
        return address;
    }

    boolean isOpen() {
        return channel.isOpen();
    }

    /**
     * A client at the door.
     *
     * @param channel to it
     * @param who the user, or the address it comes from
     */
    record Caller(SocketChannel channel, String who) {}

    /** Waits for a client; {@code null} when it is one that may not come in. */
    Caller accept() throws IOException {
        SocketChannel client = channel.accept();
        try {
            String who = who(client);
            String objection = objection(client, who);
            if (objection != null) {
                log.info("a client is refused: {}", objection);
                client.close();
                return null;
            }
            client.setOption(StandardSocketOptions.SO_SNDBUF, SEND_BUFFER_BYTES);
            if (peers == null) {
                client.setOption(StandardSocketOptions.TCP_NODELAY, true);
                client.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
            }
            return new Caller(client, who);
        } catch (IOException e) {
            client.close();
            throw e;
        }
    }

    private String who(SocketChannel client) throws IOException {
        if (peers != null) {
            return "user=" + UnixPeer.user(client);
        }
        InetSocketAddress from = (InetSocketAddress) client.getRemoteAddress();
        return "from=" + from.getAddress().getHostAddress() + ", port=" + from.getPort();
    }

    private String objection(SocketChannel client, String who) throws IOException {
        if (peers != null) {
            return peers.objection(client);
        }
        InetAddress from = ((InetSocketAddress) client.getRemoteAddress()).getAddress();
        return allowed.isEmpty() || allowed.stream().anyMatch(range -> range.contains(from))
                ? null
                : "not an allowed address: " + who;
    }

    @Override
    public void close() throws IOException {
        channel.close();
        if (ownFile != null) {
            Files.deleteIfExists(ownFile);
        }
    }
}

package io.blkspc.nbd;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;

/** Where a server listens: a unix socket, TCP, or a socket it was given. TCP beyond this machine is encrypted unless plain text is asked for. */
public sealed interface NbdAddress {

    /** The port the protocol is registered for. */
    int DEFAULT_PORT = 10809;

    /** Longest path the system takes, in bytes. */
    int MAX_PATH_BYTES = 100;

    /** How clients reach it. */
    NbdUri uri();

    /**
     * A unix socket. Its file is made when the server starts and removed when it closes.
     *
     * @param path where, at most {@value #MAX_PATH_BYTES} bytes long
     * @param sharing who may connect
     */
    record Unix(Path path, Sharing sharing) implements NbdAddress {

        /** For its owner alone. */
        public Unix(Path path) {
            this(path, Sharing.OWNER);
        }

        /** Checks the path. */
        public Unix {
            int length = path.toString().getBytes(StandardCharsets.UTF_8).length;
            if (length > MAX_PATH_BYTES) {
                throw new IllegalArgumentException("path of a unix socket is too long: bytes=" + length + ", most="
                        + MAX_PATH_BYTES + ", path=" + path);
            }
        }

        @Override
        public NbdUri uri() {
            return NbdUri.unix(path.toAbsolutePath().toString());
        }
    }

    /** Who may connect to a unix socket, besides root. Whoever may connect may read and write every export. */
    enum Sharing {
        /** Mode 0600. */
        OWNER("rw-------"),
        /** Mode 0660: the group of the file too. */
        GROUP("rw-rw----"),
        /** Mode 0666: every user of this machine. */
        EVERYBODY("rw-rw-rw-");

        private final String permissions;

        Sharing(String permissions) {
            this.permissions = permissions;
        }

        Set<PosixFilePermission> permissions() {
            return PosixFilePermissions.fromString(permissions);
        }
    }

    /** What keeps others from reading along on TCP. */
    enum Protection {
        /** Clients begin TLS before anything else. */
        TLS,
        /** Nothing leaves this machine. TLS is offered where the server can. */
        LOOPBACK,
        /** Nothing: whoever started the server wants it so. TLS is offered where the server can. */
        NONE
    }

    /**
     * TCP.
     *
     * @param host an address of this machine, or all of them
     * @param port 0 takes any free port
     * @param protection what keeps others from reading along
     * @param allowed where clients may come from; empty is everywhere
     */
    record Tcp(InetAddress host, int port, Protection protection, List<AddressRange> allowed) implements NbdAddress {

        /** Checks the address. */
        public Tcp {
            allowed = List.copyOf(allowed);
            if (protection == Protection.LOOPBACK && !host.isLoopbackAddress()) {
                throw new IllegalArgumentException("not a loopback address: host=" + host.getHostAddress());
            }
            if (port < 0 || port > 65_535) {
                throw new IllegalArgumentException("not a port: port=" + port);
            }
        }

        /** From everywhere. */
        public Tcp(InetAddress host, int port, Protection protection) {
            this(host, port, protection, List.of());
        }

        /** On a loopback address, in plain text. */
        public Tcp(InetAddress host, int port) {
            this(host, port, Protection.LOOPBACK);
        }

        @Override
        public NbdUri uri() {
            return NbdUri.tcp(host.getHostAddress(), port, protection == Protection.TLS);
        }
    }

    /**
     * A socket that somebody else, as a service manager, made and listens on. Its file, if it has one, stays when the server closes.
     *
     * @param channel bound, and in blocking mode
     * @param protection of a TCP socket: what keeps others from reading along
     * @param allowed of a TCP socket: where clients may come from; empty is everywhere
     */
    record Inherited(ServerSocketChannel channel, Protection protection, List<AddressRange> allowed)
            implements NbdAddress {

        /** Checks where it listens. */
        public Inherited {
            allowed = List.copyOf(allowed);
            if (protection == Protection.LOOPBACK
                    && local(channel) instanceof InetSocketAddress tcp
                    && !tcp.getAddress().isLoopbackAddress()) {
                throw new IllegalArgumentException("not a loopback address: address=" + tcp);
            }
            if (local(channel) instanceof UnixDomainSocketAddress unix
                    && unix.getPath().toString().isEmpty()) {
                throw new IllegalArgumentException("a unix socket without a file has no permissions");
            }
        }

        private static SocketAddress local(ServerSocketChannel channel) {
            try {
                return channel.getLocalAddress();
            } catch (IOException closed) {
                throw new UncheckedIOException(closed);
            }
        }

        /** Its file; {@code null} when it is one of TCP. */
        public Path file() {
            return local(channel) instanceof UnixDomainSocketAddress unix ? unix.getPath() : null;
        }

        @Override
        public NbdUri uri() {
            return local(channel) instanceof InetSocketAddress tcp
                    ? NbdUri.tcp(tcp.getAddress().getHostAddress(), tcp.getPort(), protection == Protection.TLS)
                    : NbdUri.unix(file().toAbsolutePath().toString());
        }
    }

    /** A unix socket at {@code path}. */
    static NbdAddress unix(Path path) {
        return new Unix(path);
    }

    /** TCP on this machine's loopback address; port 0 takes any free one. */
    static NbdAddress loopback(int port) {
        return new Tcp(InetAddress.getLoopbackAddress(), port);
    }
}
